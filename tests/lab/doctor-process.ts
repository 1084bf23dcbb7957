import { createInterface } from 'node:readline';
import { examine, type ExaminePlaces } from '../../server/doctor/examine.ts';

/** Inside a home's namespaces: the doctor, asked by lines of JSON. Started by doctor-lab.ts. */
createInterface({ input: process.stdin }).on('line', (line) => {
  void examine(JSON.parse(line) as ExaminePlaces).then((examined) =>
    process.stdout.write(`${JSON.stringify(examined)}\n`),
  );
});
process.stdout.write('ready\n');
