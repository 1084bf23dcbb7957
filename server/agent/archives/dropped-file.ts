import { rmSync, statfsSync } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { vaultOf } from '../../../lib/archive.ts';
import { LatchkeyError } from '../../../lib/errors.ts';
import { fromBase64 } from '../../../lib/protocol/bytes.ts';
import { importPart, type ArchiveImport } from '../../../lib/protocol/archives.ts';
import type { RequestOf } from '../../../lib/protocol/message.ts';
import type { Catalogue, Imported } from '../../archives/catalogue.ts';
import { withinAnswer } from './within-answer.ts';

/** Bytes of a file that a device may bring: an inventory of ten million archives. What is larger comes in at home. */
export const largestDrop = 4 * 1024 ** 3;
/** No part for so long: the device is gone, and so is its file (ms). */
export const dropPatience = 60_000;
/** The file itself, its rows and their indexes, and as much again while they are written. */
const roomFor = (size: number): number => size * 4 + 64 * 1024 * 1024;
/** How ended imports ended, for whoever did not hear it. */
const mostKnown = 16;

interface Parts {
  /** The home agent's own folder, 0700. */
  readonly directory: string;
  readonly log: (line: string) => void;
  readonly open: () => Promise<Pick<Catalogue, 'importFile'>>;
  readonly changed: () => void;
  /** It is in the catalogue. */
  readonly taken: (imported: Imported, device: string) => Promise<void>;
  readonly patience?: number;
  /** Free bytes of the disk. */
  readonly free?: () => number;
}

interface Drop {
  readonly id: string;
  readonly device: string;
  readonly size: number;
  readonly vault: string | undefined;
  readonly file: FileHandle;
  at: number;
  /** Parts are written one after the other, as they came. */
  writing: Promise<void>;
  /** Runs while parts are awaited. */
  timer: NodeJS.Timeout | undefined;
  rows: number;
  finishing: boolean;
}

/**
 * A file that a device brings in parts: one at a time at the home, spooled to a file (0600) that is gone when it was
 * taken in, stopped, left alone for a minute, or the home agent began anew. It is read only when it is whole: a
 * transaction that waits for a phone would hold up every other writer.
 *
 * Parts do not count as acts (a large file has ten thousands of them). They are bounded by what was announced, at most
 * `largestDrop`, and by the one place there is; beginning counts as an act.
 */
export class DroppedFile {
  private readonly parts: Parts;
  private readonly path: string;
  private drop: Drop | undefined;
  private beginning = false;
  private readonly ended = new Map<string, Promise<Imported>>();

  constructor(parts: Parts) {
    this.parts = parts;
    this.path = join(parts.directory, 'archives-import.part');
  }

  /** What an earlier life left. */
  sweep(): void {
    rmSync(this.path, { force: true });
  }

  /** As it is told to everybody who asks. `bytes`: what has arrived. */
  get view(): ArchiveImport | undefined {
    if (this.drop === undefined) return undefined;
    const { id, at, size, rows, finishing } = this.drop;
    return { id, bytes: at, ofBytes: size, rows, finishing };
  }

  /**
   * Where its first part is to begin: not at 0 where the same was begun before. A device's own older one makes room.
   * `spend` counts it, and may throw. Throws `archives-*`; nothing is written then.
   */
  async begin(
    device: string,
    { id, size, vault }: RequestOf<'importBegin'>,
    spend: () => void,
  ): Promise<number> {
    const { drop } = this;
    if (drop?.id === id && drop.device === device) return drop.at;
    spend();
    if (size === 0) throw new LatchkeyError('archives-empty');
    if (size > largestDrop) throw new LatchkeyError('archives-too-large');
    if (vault !== undefined && vaultOf(vault) === undefined) throw new LatchkeyError('archives-vault');
    if (this.beginning || (drop !== undefined && (drop.device !== device || drop.timer === undefined)))
      throw new LatchkeyError('archives-busy');
    this.beginning = true;
    try {
      if (drop !== undefined) await this.remove(drop);
      if ((this.parts.free ?? (() => this.freeNow()))() < roomFor(size))
        throw new LatchkeyError('archives-no-room');
      this.sweep();
      const file = await open(this.path, 'wx+', 0o600);
      const made: Drop = {
        id,
        device,
        size,
        vault,
        file,
        at: 0,
        writing: Promise.resolve(),
        timer: undefined,
        rows: 0,
        finishing: false,
      };
      this.drop = made;
      this.wait(made);
      this.parts.changed();
      return 0;
    } finally {
      this.beginning = false;
    }
  }

  /** Where the next part begins; one that begins elsewhere changes nothing. Throws `archives-file-gone`, `archives-no-room`. */
  async part(device: string, part: RequestOf<'importPart'>): Promise<number> {
    const drop = this.of(device, part.import);
    if (drop.timer === undefined) throw new LatchkeyError('archives-working');
    const bytes = fromBase64(part.bytes);
    if (bytes.length > importPart || part.at + bytes.length > drop.size)
      throw new LatchkeyError('protocol-malformed', 'a part too long');
    this.wait(drop);
    drop.writing = drop.writing.then(async () => {
      if (this.drop !== drop || part.at !== drop.at) return;
      for (let written = 0; written < bytes.length;)
        written += (await drop.file.write(bytes, written, bytes.length - written, drop.at + written))
          .bytesWritten;
      drop.at += bytes.length;
    });
    try {
      await drop.writing;
    } catch (error) {
      this.parts.log(`archives: a file of a device: ${String(error)}`);
      await this.remove(drop);
      throw new LatchkeyError('archives-no-room');
    }
    this.of(device, part.import);
    this.parts.changed();
    return drop.at;
  }

  /**
   * Takes it in. Throws `archives-cut` where parts are missing, else what the catalogue says of it, with nothing
   * changed; `archives-working` where it takes longer than an answer may: asked again, it waits on.
   */
  async end(device: string, id: string): Promise<Imported> {
    const key = `${device} ${id}`;
    const before = this.ended.get(key);
    if (before !== undefined) return withinAnswer(before);
    const drop = this.of(device, id);
    clearTimeout(drop.timer);
    drop.timer = undefined;
    const work = this.take(drop).finally(() => this.remove(drop));
    this.ended.set(key, work);
    const [oldest] = this.ended.keys();
    if (this.ended.size > mostKnown && oldest !== undefined) this.ended.delete(oldest);
    return withinAnswer(work);
  }

  private async take(drop: Drop): Promise<Imported> {
    await drop.writing;
    if (drop.at < drop.size) throw new LatchkeyError('archives-cut');
    const { size, vault, file, device } = drop;
    const catalogue = await this.parts.open();
    const source = { fd: file.fd, size, ...(vault === undefined ? {} : { vault }) };
    const imported = await catalogue.importFile(source, ({ rows, finishing }) => {
      drop.rows = rows;
      drop.finishing = finishing;
      this.parts.changed();
    });
    if (!imported.stale) await this.parts.taken(imported, device);
    return imported;
  }

  /** Throws `archives-file-gone`; `archives-working` where it is being read already. */
  async stop(device: string, id: string): Promise<number> {
    const drop = this.of(device, id);
    if (drop.timer === undefined) throw new LatchkeyError('archives-working');
    await this.remove(drop);
    return drop.at;
  }

  /** The file goes, whatever was under way; what is being read is read to its end. */
  async close(): Promise<void> {
    await Promise.allSettled(this.ended.values());
    if (this.drop !== undefined) await this.remove(this.drop);
  }

  private of(device: string, id: string): Drop {
    const { drop } = this;
    if (drop === undefined || drop.id !== id || drop.device !== device)
      throw new LatchkeyError('archives-file-gone');
    return drop;
  }

  private freeNow(): number {
    const { bavail, bsize } = statfsSync(this.parts.directory);
    return bavail * bsize;
  }

  private wait(drop: Drop): void {
    clearTimeout(drop.timer);
    drop.timer = setTimeout(() => void this.remove(drop), this.parts.patience ?? dropPatience);
    drop.timer.unref();
  }

  private async remove(drop: Drop): Promise<void> {
    if (this.drop !== drop) return;
    this.drop = undefined;
    clearTimeout(drop.timer);
    this.sweep();
    await drop.writing.catch(() => undefined);
    await drop.file.close().catch(() => undefined);
    this.parts.changed();
  }
}
