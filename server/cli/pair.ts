import type { Command } from 'commander';
import { createInterface } from 'node:readline/promises';
import { renderUnicodeCompact } from 'uqr';
import { shown } from '../../lib/archive/safe-text.ts';
import { isErrorCode, LatchkeyError, remedyOf, sentenceOf } from '../../lib/errors.ts';
import { formatDuration } from '../../lib/duration.ts';
import { ControlClient, type ControlLine } from '../control-client.ts';
import { folders } from '../folders.ts';

// protocol.md, Pairing: a link that asks nobody lives short; one that is confirmed leaves time to walk.
const minutes = { link: 2, asked: 5 };

export function register(program: Command): void {
  program
    .command('pair')
    .description('let a new device in: prints a link and its picture, then asks whether the codes match')
    .option('--link', 'the https link alone, for scripts: whoever holds it first, in 2 minutes, is paired')
    .action((options: { link?: boolean }) => (options.link === true ? printLink() : pairAsking()));
}

/** The link for another machine: https where there is one. */
function linkFor(links: unknown): string {
  const all = Array.isArray(links) ? links.filter((link): link is string => typeof link === 'string') : [];
  const link = all.find((one) => one.startsWith('https:')) ?? all[0];
  if (link === undefined) throw new LatchkeyError('tool-failed', 'the home agent made no link');
  return link;
}

async function printLink(): Promise<void> {
  const control = await ControlClient.connect(folders().controlSocket);
  const offer = await control.ask({ verb: 'offer', confirm: false, minutes: minutes.link });
  process.stdout.write(`${linkFor(offer['links'])}\n`);
  control.close();
}

/** What the home agent says and what the person types, in the order in which they come. */
class Lines {
  private readonly waiting: ControlLine[] = [];
  private wake = (): void => undefined;

  add(line: ControlLine): void {
    this.waiting.push(line);
    this.wake();
  }

  async next(): Promise<ControlLine> {
    for (;;) {
      const line = this.waiting.shift();
      if (line !== undefined) return line;
      await new Promise<void>((resolve) => (this.wake = resolve));
    }
  }
}

/** What one offer's wait needs. */
interface Wait {
  readonly control: ControlClient;
  readonly lines: Lines;
  /** Takes the question away when the wait is over. */
  readonly over: AbortSignal;
}

async function pairAsking(): Promise<void> {
  const control = await ControlClient.connect(folders().controlSocket);
  const lines = new Lines();
  await control.watch((line) => lines.add(line));
  control.onClose(() => lines.add({ event: 'ended', reason: 'config-not-running' }));
  const offer = await control.ask({ verb: 'offer', confirm: true, minutes: minutes.asked });
  const link = linkFor(offer['links']);
  const life = formatDuration(Math.round(Number(offer['expiresInMs']) / 1000));
  process.stdout.write(
    `${renderUnicodeCompact(link)}\n${link}\n\nScan it or open it on the new device, within ${life}.\n`,
  );
  const over = new AbortController();
  try {
    for (;;) {
      const line = await lines.next();
      // This offer ended the one before, and that is news of the one before.
      const isOther = line['offer'] !== undefined && line['offer'] !== offer['offer'];
      if (!isOther && (await take(line, { control, lines, over: over.signal }))) return;
    }
  } finally {
    over.abort();
    control.close();
  }
}

/** True when the pairing is over. Throws why it failed. */
async function take(line: ControlLine, { control, lines, over }: Wait): Promise<boolean> {
  const { event, name, code, device, reason } = line;
  if (event === 'claimed') {
    // Not waited for: a second device, or the end, is said while the question stands.
    ask(
      `\n"${printable(name)}" wants in. Its screen must show this code:\n\n    ${String(code)}\n\nDoes it? [y/N] `,
      over,
    ).then(
      (yes) => lines.add({ event: 'answered', device, yes }),
      () => undefined,
    );
  } else if (event === 'answered') {
    const yes = line['yes'] === true;
    await control.ask({ verb: 'answer', device: String(device), yes });
    if (!yes) {
      process.stdout.write('Refused. Nothing of it is kept.\n');
      return true;
    }
  } else if (event === 'paired') {
    process.stdout.write(`Paired: "${printable(name)}". To undo: latchkey revoke ${String(device)}\n`);
    return true;
  } else if (event === 'second') {
    process.stdout.write(
      '\nA second device tried the same link, and was refused. If the code above is not on your own screen, say no.\n',
    );
  } else if (event === 'ended') {
    const ended = isErrorCode(reason) ? reason : 'pairing-expired';
    if (ended === 'pairing-refused') return true;
    process.stdout.write(`\n${sentenceOf(ended)} ${remedyOf(ended)}\n`);
    throw new LatchkeyError(ended);
  }
  return false;
}

/** Rejects when `over` comes first. */
async function ask(question: string, over: AbortSignal): Promise<boolean> {
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  try {
    return /^y(es)?$/i.test((await terminal.question(question, { signal: over })).trim());
  } finally {
    terminal.close();
  }
}

/** A device names itself: what would steer a terminal is shown as a dot. */
export function printable(text: unknown): string {
  return shown(String(text));
}
