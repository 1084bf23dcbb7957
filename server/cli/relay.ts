import type { Command } from 'commander';
import { LatchkeyError } from '../../lib/errors.ts';
import { folders } from '../folders.ts';
import { privateFolder } from '../files.ts';
import { mailboxId, readRelayFile } from '../relay/config.ts';
import { observersOf, runRelay, type RelayFacts } from '../relay/main.ts';
import { loadPages } from '../relay/pages.ts';
import { pagesFolder } from '../up/code.ts';
import { parentLine, untilStopped } from '../up/parent.ts';
import { asOption, giveUpRoot, log, parentOption, port, portOf } from './process.ts';

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

/** Throws `config-usage`, which names the option. */
function requireMailboxes(homes: readonly string[]): void {
  const bad = homes.find((home) => !mailboxId.test(home));
  if (bad !== undefined)
    throw new LatchkeyError(
      'config-usage',
      `--home "${bad}": must be a mailbox id of 43 letters, as the home prints it`,
    );
}

async function relay(options: Options): Promise<void> {
  requireMailboxes(options.home ?? []);
  const pages = loadPages(options.pages ?? pagesFolder);
  giveUpRoot(options.as);
  const directory = options.dir ?? folders().relay;
  privateFolder(directory);
  const given = options.port ?? (process.env['PORT'] ? portOf(process.env) : undefined);
  const { relay: running, facts } = await runRelay({
    directory,
    pages,
    ...(given === undefined ? {} : { port: given }),
    ...(options.host === undefined ? {} : { host: options.host }),
    ...(options.home === undefined ? {} : { homes: options.home }),
    newCertificate: options.newCertificate === true,
  });
  if (process.getuid?.() === 0)
    log('The relay runs as root and needs no right of root: start it as another user.');
  if (options.parent !== true) {
    process.stdout.write(forHome(facts));
    if ((options.home ?? readRelayFile(directory).homes).length === 0)
      process.stdout.write(
        '\nIt serves no home yet: start it with --home MAILBOX, as `latchkey agent` prints it.\n',
      );
    return untilStopped(() => running.close());
  }
  const parent = parentLine();
  parent.onMessage(({ homes }) => {
    if (Array.isArray(homes)) running.serve(homes.filter((id) => typeof id === 'string'));
  });
  parent.say({ ready: facts });
  untilStopped(() => running.close(), parent);
}

function observerBlock({ key, url, family }: ReturnType<typeof observersOf>[number]): string {
  return `
[[observer]]
key = "${key}"
url = "${url}"${url === '' ? ' # whatever name of this relay a device uses' : ''}
family = "${family}"
`;
}

/**
 * What a home needs to use this relay: a part of its agent.toml, and where a local authority signed, a file beside it.
 * Not relay.crt: that one is the embedded relay's, and `latchkey up` writes it at every start.
 */
function forHome(facts: RelayFacts): string {
  const { url, fingerprint, trust } = facts;
  return `Listening on ${url}
certificate SHA-256 ${fingerprint}

For the home's agent.toml (own = true only if you run this machine yourself):

[[relay]]
url = "${url}"
${trust === undefined ? '' : 'ca = "remote-relay.crt"\n'}own = true
${observersOf(facts).map(observerBlock).join('')}${trust === undefined ? '' : `\nFor a file remote-relay.crt beside that agent.toml:\n\n${trust}`}`;
}
