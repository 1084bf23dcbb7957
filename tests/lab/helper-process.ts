// A helper on its own, as `latchkey helper` runs it: the lab starts this inside a namespace.
import { startHelper, untilSignalled } from '../../server/helper/helper.ts';

const [config, socket, directory, gid] = process.argv.slice(2) as [string, string, string, string];
const log = (line: string) => void process.stderr.write(line + '\n');
try {
  const helper = await startHelper({ config, socket, directory, gid: Number(gid), log });
  process.stdout.write('ready\n');
  await untilSignalled(helper);
} catch (error) {
  log(String(error));
  process.exitCode = 1;
}
