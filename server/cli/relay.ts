import type { Command } from 'commander';
import { folders } from '../folders.ts';
import { privateFolder } from '../files.ts';
import { runRelay, type RelayFacts } from '../relay/main.ts';
import { loadPages } from '../relay/pages.ts';
import { pagesFolder } from '../up/code.ts';
import { parentLine, untilStopped } from '../up/parent.ts';
import { asOption, giveUpRoot, parentOption, port } from './process.ts';

interface Options {
  readonly dir?: string;
  readonly pages?: string;
  readonly port?: number;
  readonly host?: string;
  readonly home?: readonly string[];
  readonly newCertificate?: boolean;
  readonly as?: string;
  readonly parent?: boolean;
}

export function register(program: Command): void {
  program
    .command('relay')
    .description('pass sealed messages between devices and the homes it serves')
    .option('--dir <folder>', 'its folder, with relay.toml (default: $LATCHKEY_DIR/relay)')
    .option('--pages <folder>', 'the exported web pages')
    .option('--port <port>', 'HTTPS (default: PORT or 7443); plain HTTP on loopback is the one above', port)
    .option('--host <name>', 'the name that others dial (default: this machine’s)')
    .option('--home <mailbox...>', 'serve this home; as `latchkey agent` prints it')
    .option('--new-certificate', 'replace the local authority and its certificate')
    .addOption(asOption)
    .addOption(parentOption)
    .action(relay);
}

async function relay(options: Options): Promise<void> {
  const pages = loadPages(options.pages ?? pagesFolder);
  giveUpRoot(options.as);
  const directory = options.dir ?? folders().relay;
  privateFolder(directory);
  const given = options.port ?? (process.env['PORT'] === undefined ? undefined : port(process.env['PORT']));
  const { relay: running, facts } = await runRelay({
    directory,
    pages,
    ...(given === undefined ? {} : { port: given }),
    ...(options.host === undefined ? {} : { host: options.host }),
    ...(options.home === undefined ? {} : { homes: options.home }),
    newCertificate: options.newCertificate === true,
  });
  if (options.parent !== true) {
    process.stdout.write(forHome(facts));
    return untilStopped(() => running.close());
  }
  const parent = parentLine();
  parent.onMessage(({ homes }) => {
    if (Array.isArray(homes)) running.serve(homes.filter((id) => typeof id === 'string'));
  });
  parent.say({ ready: facts });
  untilStopped(() => running.close(), parent);
}

/** What a home needs to use this relay, to be pasted into its agent.toml. */
function forHome(facts: RelayFacts): string {
  const trust =
    facts.trust === undefined
      ? ''
      : `ca = "relay.crt" # beside agent.toml, with these lines in it:\n${facts.trust.replace(/^/gm, '# ').replace(/# $/, '')}`;
  return `Listening on ${facts.url}
certificate SHA-256 ${facts.fingerprint}

For the home's agent.toml (own = true only if you run this machine yourself):

[[relay]]
url = "${facts.url}"
${trust}own = true

[[observer]]
key = "${facts.observer}"
url = "${facts.url}"
family = "any"
`;
}
