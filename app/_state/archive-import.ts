import type { Client } from '../../lib/client/client.ts';
import type { Clock } from '../../lib/client/transport.ts';
import { ArchiveFile } from '../../lib/archive/read-file.ts';
import type { FileFacts } from '../../lib/archive/row.ts';
import { codeOf, LatchkeyError, type ErrorCode } from '../../lib/errors.ts';
import { importPart } from '../../lib/protocol/archives.ts';
import type { ResultOf } from '../../lib/protocol/message.ts';

/** What of a browser's File is read. */
export interface GivenFile {
  readonly name: string;
  readonly size: number;
  slice(from: number, to: number): { arrayBuffer(): Promise<ArrayBuffer> };
}

export type ImportState =
  | { readonly step: 'none' }
  /** Read here, from end to end: what is wrong with it is named by its byte, and nothing was sent. */
  | { readonly step: 'checking'; readonly file: string; readonly size: number; readonly read: number }
  /** It is whole, and does not name its vault: a person may. */
  | { readonly step: 'asks'; readonly file: string; readonly size: number; readonly rows: number }
  | { readonly step: 'sending'; readonly file: string; readonly size: number; readonly sent: number }
  /** All of it is at home, and taken into the catalogue there. */
  | { readonly step: 'taking'; readonly file: string }
  | { readonly step: 'done'; readonly file: string; readonly result: ResultOf<'imported'> }
  | {
      readonly step: 'failed';
      readonly file: string;
      readonly code: ErrorCode;
      /** Where in the file, and what; absent: the home's or the line's fault. */
      readonly detail?: string;
    };

/** Bytes that are read at once: between two pieces the page draws and feels fingers. */
const piece = 64 * 1024;
/** Parts under way at once, and how far apart they leave: ms. A relay takes 50 frames a second of a device. */
const mostRunning = 4;
const apart = 32;
/** A line that is gone is waited for so often, and so long each time: ms. The home keeps the file for a minute. */
const mostIdle = 20;
const idleTime = 2000;
/** A home that is still at it is asked again after: ms. */
const again = 500;

/** One list as a file from this device into the home's catalogue: checked here, sent in parts, taken in there. */
export class ArchiveImport {
  state: ImportState = { step: 'none' };
  private readonly client: Client;
  private readonly clock: Clock;
  private readonly changed: () => void;
  private file: GivenFile | undefined;
  /** Rises with each start and stop: what runs for an older one ends. */
  private run = 0;
  private sending: string | undefined;

  constructor(client: Client, clock: Clock, changed: () => void) {
    this.client = client;
    this.clock = clock;
    this.changed = changed;
  }

  get busy(): boolean {
    return ['checking', 'sending', 'taking'].includes(this.state.step);
  }

  /** One at a time: while one is sent another is not begun. */
  start(file: GivenFile): void {
    if (this.busy) return;
    this.file = file;
    void this.attempt(file, async (run) => {
      const { facts, rows } = await this.check(file, run);
      // an inventory of AWS names it; a log may
      if (facts.vault === null) this.say(run, { step: 'asks', file: file.name, size: file.size, rows });
      else await this.send(file, undefined, run);
    });
  }

  /** Answers `asks`. Without a vault the archives stand under none until an inventory tells. */
  goOn(vault?: string): void {
    const { file } = this;
    if (this.state.step !== 'asks' || file === undefined) return;
    void this.attempt(file, (run) => this.send(file, vault, run));
  }

  /** Nothing was changed at home; what it has read to its end it takes in all the same. Also leaves an end. */
  stop(): void {
    const { sending } = this;
    this.run += 1;
    this.sending = undefined;
    this.file = undefined;
    if (sending !== undefined && this.state.step === 'sending')
      this.client.archives.importStop(sending).catch(() => undefined); // it goes by itself in a minute
    this.state = { step: 'none' };
    this.changed();
  }

  private async attempt(file: GivenFile, work: (run: number) => Promise<void>): Promise<void> {
    this.run += 1;
    const { run } = this;
    try {
      await work(run);
    } catch (error) {
      const detail = error instanceof LatchkeyError ? error.detail : undefined;
      const named = detail?.startsWith('byte ') === true ? { detail } : {};
      this.say(run, {
        step: 'failed',
        file: file.name,
        code: codeOf(error, 'archives-unread'),
        ...named,
      });
    }
  }

  private say(run: number, state: ImportState): void {
    if (run !== this.run) return;
    this.state = state;
    this.changed();
  }

  /** Throws `archives-*`, naming the byte. */
  private async check(file: GivenFile, run: number): Promise<{ facts: FileFacts; rows: number }> {
    const reader = new ArchiveFile();
    let rows = 0;
    for (let at = 0; at < file.size && run === this.run; at += piece) {
      this.say(run, { step: 'checking', file: file.name, size: file.size, read: at });
      rows += reader.push(latin1(await bytesOf(file, at, at + piece))).length;
    }
    const { rows: last, facts } = reader.end();
    return { facts, rows: rows + last.length };
  }

  private async send(file: GivenFile, vault: string | undefined, run: number): Promise<void> {
    const { archives } = this.client;
    const { name, size } = file;
    this.say(run, { step: 'sending', file: name, size, sent: 0 });
    const begun = await archives.importBegin({ size, ...(vault === undefined ? {} : { vault }) });
    if (run !== this.run) return void archives.importStop(begun.value.import).catch(() => undefined);
    this.sending = begun.value.import;
    await this.sendParts(file, begun.value.import, run);
    if (run !== this.run) return;
    this.say(run, { step: 'taking', file: name });
    const { value } = await this.end(begun.value.import);
    this.sending = undefined;
    this.say(run, { step: 'done', file: name, result: value });
  }

  /** Some under way at once, in order; a line that breaks is waited for, and the home says where it was. */
  private async sendParts(file: GivenFile, id: string, run: number): Promise<void> {
    let sent = 0;
    let idle = 0;
    while (sent < file.size && run === this.run) {
      const { arrived, error } = await this.sendSome(file, id, sent);
      idle = arrived > sent ? 0 : idle + 1;
      if (error !== undefined && (idle > mostIdle || !codeOf(error, 'archives-unread').startsWith('relay-')))
        throw error;
      if (error !== undefined) await this.wait(idleTime);
      sent = arrived;
      this.say(run, { step: 'sending', file: file.name, size: file.size, sent });
    }
  }

  private async sendSome(
    file: GivenFile,
    id: string,
    from: number,
  ): Promise<{ readonly arrived: number; readonly error?: unknown }> {
    const { archives } = this.client;
    const under: Promise<number>[] = [];
    for (let at = from; at < file.size && under.length < mostRunning; at += importPart) {
      const bytes = await bytesOf(file, at, Math.min(at + importPart, file.size));
      const part = archives.importPart({ import: id, at, bytes }).then(({ value }) => value.at);
      part.catch(() => undefined); // looked at below
      under.push(part);
      await this.wait(apart);
    }
    const ended = await Promise.allSettled(under);
    const places = ended.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
    const failed = ended.find((one) => one.status === 'rejected');
    return {
      arrived: places.length === 0 ? from : Math.max(...places),
      ...(failed === undefined ? {} : { error: failed.reason as unknown }),
    };
  }

  private async end(id: string): Promise<Awaited<ReturnType<Client['archives']['importEnd']>>> {
    for (;;) {
      try {
        return await this.client.archives.importEnd(id);
      } catch (error) {
        if (codeOf(error, 'relay-no-answer') !== 'archives-working') throw error;
        await this.wait(again);
      }
    }
  }

  private wait(ms: number): Promise<void> {
    return new Promise((resolve) => this.clock.after(ms, resolve));
  }
}

/** Throws where the file is another by now, or gone. */
async function bytesOf(file: GivenFile, from: number, to: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(await file.slice(from, to).arrayBuffer());
  if (bytes.length < Math.min(to, file.size) - from) throw new LatchkeyError('archives-unread');
  return bytes;
}

/** One character a byte, as the readers want it; TextDecoder's `latin1` is another. */
function latin1(bytes: Uint8Array): string {
  let text = '';
  for (let at = 0; at < bytes.length; at += 8192)
    text += String.fromCharCode(...bytes.subarray(at, at + 8192));
  return text;
}
