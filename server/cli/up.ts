import type { Command } from 'commander';
import { createInterface } from 'node:readline';
import { renderUnicodeCompact } from 'uqr';
import { codeOf, LatchkeyError } from '../../lib/errors.ts';
import type { ControlClient, ControlLine } from '../control-client.ts';
import { folders } from '../folders.ts';
import { up, type Up } from '../up/up.ts';
import { errorLine } from './fail.ts';
import { printable } from './pair.ts';
import { port, portOf } from './process.ts';

interface Options {
  readonly port?: number;
  readonly host?: string;
  readonly users?: string;
  readonly newCertificate?: boolean;
}

export function register(program: Command): void {
  program
    .command('up')
    .description('relay, home agent and helper together, on this machine')
    .option(
      '--port <port>',
      'HTTPS on all addresses (default: PORT or 7443); plain HTTP on loopback is the one above',
      port,
    )
    .option('--host <name>', 'the name or address that the phone dials (default: this machine’s name)')
    .option('--users <relay,agent>', 'as root: accounts to run relay and home agent under')
    .option(
      '--new-certificate',
      'replace the local authority and its certificate; devices must trust the new one',
    )
    .action(start);
}

/** As long as it takes to trust an authority on a phone and come back. */
const offerMinutes = 10;

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

async function start(options: Options): Promise<void> {
  const state = folders();
  // a signal during the start ends it as well
  let stop = (): void => process.exit(130);
  process.on('SIGINT', () => stop());
  process.on('SIGTERM', () => stop());
  process.on('SIGHUP', () => stop());
  const running = await up({
    folders: state,
    port: options.port ?? portOf(process.env),
    newCertificate: options.newCertificate === true,
    say: (line) => process.stderr.write(`${line}\n`),
    ...(options.host === undefined ? {} : { host: options.host }),
    ...(options.users === undefined ? {} : { users: options.users }),
  });
  let stopping = false;
  stop = () => {
    if (stopping) return;
    stopping = true;
    void running.stop().then(() => process.exit(0));
  };
  if (process.env['npm_lifecycle_event'] !== undefined) endWithParent(() => stop());
  introduce(running, state.root);
  await new Desk(running).open();
}

/** npm dies of a SIGTERM without passing it on; whoever stopped `npm start` means us. */
function endWithParent(end: () => void): void {
  const parent = process.ppid;
  setInterval(() => {
    if (process.ppid !== parent) end();
  }, 500).unref();
}

function introduce({ relay, mailbox, madeDoor }: Up, folder: string): void {
  say('');
  say(`Latchkey is up at ${relay.url} (on this machine also http://localhost:${relay.plainPort})`);
  say(`  certificate SHA-256      ${relay.fingerprint}`);
  if (relay.authorityFingerprint !== undefined)
    say(`  local authority SHA-256  ${relay.authorityFingerprint}`);
  say(`  mailbox                  ${mailbox} (for a relay elsewhere)`);
  say(`  state                    ${folder}`);
  if (!relay.pages)
    say('  web pages                not built yet: pair a terminal with `latchkey device pair LINK`');
  if (madeDoor !== undefined) say(`  made                     ${madeDoor}; no firewall was changed`);
  if (process.getuid?.() !== 0)
    say(
      '  helper                   without root: doors in the firewall show tool-needs-root; proxy doors work',
    );
  if (process.env['npm_lifecycle_event'] === 'start')
    say('  "latchkey" in hints      means `npm run -s latchkey --`, in this folder');
  if (relay.uncovered.length > 0)
    say(
      `  not in the certificate   ${relay.uncovered.join(', ')}: --new-certificate covers them, and devices must trust it anew`,
    );
}

/** What happens at the terminal while it runs: offers, who paired, and the question before a further device. */
class Desk {
  private readonly running: Up;
  private control: ControlClient | undefined;
  /** The device that waits for a yes here. */
  private asking: string | undefined;

  constructor(running: Up) {
    this.running = running;
  }

  async open(): Promise<void> {
    const control = await this.connect();
    const { devices } = await control.ask({ verb: 'devices' });
    const isFirst = !Array.isArray(devices) || devices.length === 0;
    const terminal = process.stdin.isTTY;
    if (isFirst) await this.offer(false);
    else say(terminal ? '\nEnter: a link for a further device.' : '\nFor a further device: latchkey pair');
    if (!terminal) return;
    createInterface({ input: process.stdin }).on('line', (line) => {
      this.entered(line).catch((error: unknown) => this.complain(error));
    });
  }

  private async entered(line: string): Promise<void> {
    const device = this.asking;
    const control = this.control ?? (await this.connect());
    if (device !== undefined) {
      this.asking = undefined;
      await control.ask({ verb: 'answer', device, yes: /^y(es)?$/i.test(line.trim()) });
      return;
    }
    const { devices } = await control.ask({ verb: 'devices' });
    await this.offer(Array.isArray(devices) && devices.length > 0);
  }

  /** `confirm`: a device has no right until its code is confirmed here; the very first one is not asked about. */
  private async offer(confirm: boolean): Promise<void> {
    const control = this.control ?? (await this.connect());
    const { links } = await control.ask({ verb: 'offer', confirm, minutes: offerMinutes });
    const all = Array.isArray(links) ? links.filter((link) => typeof link === 'string') : [];
    const here = all.find((link) => link.startsWith('http://localhost'));
    const phone = all.find((link) => link.startsWith('https://'));
    say(
      confirm
        ? `\nPair a further device within ${offerMinutes} minutes. Whoever has the link can ask; you decide here.`
        : `\nPair the first device within ${offerMinutes} minutes. Whoever uses the link first is paired, without a question.`,
    );
    if (here !== undefined) say(`\nOn this machine, open it in a browser:\n  ${here}`);
    if (phone !== undefined) {
      say(
        `\nOn the phone, in the same network: scan this, trust the certificate as the page says, and pair:\n  ${phone}\n`,
      );
      say(renderUnicodeCompact(phone, { border: 2 }));
      const { hostname: host } = new URL(phone);
      if (/[a-z]/.test(host) && !host.startsWith('['))
        say(`If the phone does not find "${host}": stop, and start with --host and this machine’s address.`);
    }
    if (process.stdin.isTTY) say('Enter makes a fresh link. Ctrl-C stops everything.');
  }

  private async connect(): Promise<ControlClient> {
    const control = await this.running.control();
    this.control = control;
    control.onClose(() => (this.control = undefined));
    await control.watch((news) => this.news(news));
    return control;
  }

  private news(news: ControlLine): void {
    const { event, name, code, device } = news;
    if (event === 'claimed' && typeof device === 'string' && process.stdin.isTTY) {
      this.asking = device;
      process.stdout.write(
        `\n"${printable(name)}" asks to pair with code ${String(code)}. Does it show the same? [y/N] `,
      );
    } else if (event === 'paired') {
      say(
        `\nPaired: "${printable(name)}", code ${String(code)}. If that was not you: latchkey revoke ${String(device)}`,
      );
    } else if (event === 'second') {
      say('\nSomebody else tried to use the same link and was refused.');
    }
  }

  private complain(error: unknown): void {
    const known =
      error instanceof LatchkeyError ? error : new LatchkeyError(codeOf(error, 'config-not-running'));
    process.stderr.write(`${errorLine(known)}\n`);
  }
}
