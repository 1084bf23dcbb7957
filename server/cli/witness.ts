import type { Command } from 'commander';
import { toBase64 } from '../../lib/protocol/bytes.ts';
import { LatchkeyError } from '../../lib/errors.ts';
import { folders } from '../folders.ts';
import { privateFolder } from '../files.ts';
import { urlOf } from '../relay/main.ts';
import { loadObserver } from '../relay/observer.ts';
import { givenCertificate, localCertificate, ownHost, subjectsOf } from '../relay/tls.ts';
import { untilStopped } from '../up/parent.ts';
import { startWitness } from '../witness/witness.ts';
import { port, portOf } from './process.ts';

interface Options {
  readonly dir?: string;
  readonly port?: number;
  readonly host?: string;
  readonly v4?: string;
  readonly v6?: string;
  readonly certificate?: string;
  readonly key?: string;
}

export function register(program: Command): void {
  program
    .command('witness')
    .description('sign the address it is asked from: a second word beside a relay that somebody else runs')
    .option('--dir <folder>', 'its folder, with its key (default: $LATCHKEY_DIR/witness)')
    .option('--port <port>', 'HTTPS (default: PORT or 7443)', port)
    .option('--host <name>', 'the name that devices dial (default: this machine’s)')
    .option('--v4 <name>', 'a name with an IPv4 address alone')
    .option('--v6 <name>', 'a name with an IPv6 address alone')
    .option('--certificate <file>', 'PEM, the leaf first (default: a local authority’s)')
    .option('--key <file>', 'PEM of its key')
    .action(witness);
}

async function witness(options: Options): Promise<void> {
  const directory = options.dir ?? folders().witness;
  privateFolder(directory);
  const observer = loadObserver(directory);
  const host = (options.host ?? ownHost()).toLowerCase();
  const { v4, v6, certificate: file, key } = options;
  if ((file === undefined) !== (key === undefined))
    throw new LatchkeyError('config-usage', '--certificate and --key belong together');
  const ofFamily = [v4, v6].filter((name) => name !== undefined);
  const certificate =
    file === undefined || key === undefined
      ? await localCertificate(directory, subjectsOf(host, ofFamily))
      : givenCertificate(file, key);
  const running = await startWitness({
    port: options.port ?? portOf(process.env),
    certificate,
    observer,
  });
  const names: readonly [family: string, name: string | undefined][] = [
    // With a name for each family the main one would say nothing new.
    ['any', ofFamily.length === 2 ? undefined : host],
    ['v4', v4],
    ['v6', v6],
  ];
  const listed = names.flatMap(([family, name]) =>
    name === undefined ? [] : [{ family, url: urlOf(name.toLowerCase(), running.port) }],
  );
  process.stdout.write(`For the home's agent.toml, beside what the relay printed:
${listed
  .map(
    ({ family, url }) => `
[[observer]]
key = "${toBase64(observer.key)}"
url = "${url}"
family = "${family}"
witness = true
`,
  )
  .join('')}
For the relay's relay.toml, so that its pages may ask:

witnesses = [${listed.map(({ url }) => `"${url}"`).join(', ')}]
`);
  untilStopped(() => running.close());
}
