// A helper on its own, as `latchkey helper` runs it: the lab starts this inside a namespace.
import { fileURLToPath } from 'node:url';
import { lookApart } from '../../server/doctor/apart.ts';
import { sharedFor } from '../../server/doctor/shared.ts';
import { startHelper, untilSignalled } from '../../server/helper/helper.ts';

const [config, socket, directory, gid] = process.argv.slice(2) as [string, string, string, string];
const log = (line: string) => void process.stderr.write(line + '\n');
// this program is built beside it
const cli = () => [fileURLToPath(new URL('./cli.js', import.meta.url))];
try {
  const checks = sharedFor(5000, () => lookApart(cli(), config));
  const helper = await startHelper({ config, socket, directory, gid: Number(gid), log, checks });
  const ended = untilSignalled(helper);
  // Not before it listens to signals: one that came sooner would end it.
  process.stdout.write('ready\n');
  await ended;
} catch (error) {
  log(String(error));
  process.exitCode = 1;
}
