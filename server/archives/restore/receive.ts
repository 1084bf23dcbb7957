import { createHash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { LatchkeyError } from '../../../lib/errors.ts';
import { asLatchkeyError } from '../aws.ts';
import { leafBytes, treeOf } from '../tree-hash.ts';
import { asDisk } from './disk.ts';
import { openIncoming } from './incoming.ts';
import { rangeFrom, type Range } from './ranges.ts';
import type { RetrievedRange } from './retrieval.ts';
import { marks, SumsFile, type LeafRecord } from './sums-file.ts';

export interface Receiving {
  /** Of the archive: the part that is to come. Begins at a whole MiB. */
  readonly part: Range;
  /** Where the archive is put together; the part goes to its own place in it. */
  readonly data: string;
  readonly sums: string;
  readonly range: (first: number, last: number, signal: AbortSignal) => Promise<RetrievedRange>;
  readonly pause: (ms: number) => Promise<void>;
  readonly signal: AbortSignal;
  /** Bytes of the part that are here. */
  readonly progress: (bytes: number) => void;
  /** A request that AWS answered, and bytes that it sent for it. */
  readonly counted: (gets: number, out: number) => void;
  readonly log: (line: string) => void;
}

/** Ranges in a row that brought no MiB. */
const mostIdle = 6;
/** Times that the same range may come wrong. */
const mostWrong = 4;

/**
 * Fetches what is missing of a part, range after range, each compared with the hash that AWS gives for it. Throws
 * `archives-*`, `tool-failed`, and the signal's reason; what has arrived stays. Hashes and writes a MiB at a time, so
 * that nothing else of the process waits.
 */
export async function receive(order: Receiving): Promise<void> {
  const { part, data, signal } = order;
  let sums: SumsFile | undefined;
  let file: FileHandle | undefined;
  let into: Into | undefined;
  try {
    sums = await SumsFile.open(order.sums);
    const opened = (file = await openIncoming(data));
    into = { order, sums, file: opened, wrongs: new Map() };
    const syncing = new Syncing(opened);
    order.progress(bytesOf(sums, part));
    for (let at = nextOf(sums, part); at !== undefined; at = nextOf(sums, part)) {
      signal.throwIfAborted();
      await oneRange(into, at);
      syncing.begin();
    }
    await syncing.end();
  } catch (thrown) {
    throw asDisk(thrown) ?? thrown;
  } finally {
    if (into !== undefined) dropAhead(into);
    await file?.close();
    await sums?.close();
  }
}

/** Brings to the disk what has come while more comes: at the end there is little left to wait for. */
class Syncing {
  private readonly file: FileHandle;
  private running: Promise<void> | undefined;
  private failed: unknown;

  constructor(file: FileHandle) {
    this.file = file;
  }

  begin(): void {
    this.running ??= this.file
      .datasync()
      .catch((error: unknown) => void (this.failed ??= error))
      .finally(() => (this.running = undefined));
  }

  /** A system tells of a failed write once: it is kept until here. */
  async end(): Promise<void> {
    await this.running;
    if (this.failed !== undefined) throw this.failed as Error;
    await this.file.sync();
  }
}

interface Into {
  readonly order: Receiving;
  readonly sums: SumsFile;
  readonly file: FileHandle;
  /** By the MiB with which a range begins: how often it came wrong. */
  readonly wrongs: Map<number, number>;
  /** The next range, asked for before this one is whole. */
  ahead?:
    | { readonly range: Range; readonly stop: AbortController; readonly answer: Promise<RetrievedRange> }
    | undefined;
}

function bytesOf({ leaves }: SumsFile, { bytes }: Range): number {
  const missing = leaves.reduce((count, { mark }) => count + Number(mark === marks.missing), 0);
  return Math.max(0, Math.min(leaves.length * leafBytes, bytes) - missing * leafBytes);
}

/** What is missing in between first, a MiB at a time. */
function nextOf({ leaves }: SumsFile, { first, bytes }: Range): Range | undefined {
  const hole = leaves.findIndex(({ mark }) => mark === marks.missing);
  if (hole >= 0)
    return { first: first + hole * leafBytes, bytes: Math.min(leafBytes, bytes - hole * leafBytes) };
  const at = leaves.length * leafBytes;
  return at < bytes ? rangeFrom(first + at, first + bytes) : undefined;
}

/** Until the range is here, or a part of it: then the next one goes on there. */
async function oneRange(into: Into, range: Range): Promise<void> {
  const { order, sums, wrongs } = into;
  const { part, signal, log, pause } = order;
  const index = (range.first - part.first) / leafBytes;
  const before = sums.leaves[index];
  for (let idle = 0; ;) {
    let come: Come | undefined;
    try {
      come = await take(into, range);
    } catch (thrown) {
      signal.throwIfAborted();
      const error = asDisk(thrown) ?? asLatchkeyError(thrown);
      if (error.code !== 'archives-unreachable' || ++idle === mostIdle) throw error;
    }
    if (come === undefined || come.leaves.length === 0) {
      if (come !== undefined && ++idle === mostIdle)
        throw new LatchkeyError('archives-unreachable', `no byte after ${range.first}`);
      await pause(500 * 2 ** idle);
      continue;
    }
    const { leaves, whole, treeHash } = come;
    if (!whole || treeHash === undefined) return;
    if (treeOf(leaves.map(({ hash }) => hash)).toString('hex') === treeHash) {
      await sums.put(
        index,
        leaves.map(({ hash }) => ({ mark: marks.compared, hash })),
      );
      if (before?.mark === marks.missing && leaves[0]?.hash.equals(before.hash) === false)
        log(`MiB ${range.first / leafBytes + 1} had come damaged`);
      return;
    }
    // each MiB is fetched by itself: AWS gives each its hash, and the one that was damaged has a name
    await sums.put(
      index,
      leaves.map(({ hash }) => ({ mark: marks.missing, hash })),
    );
    const times = (wrongs.get(index) ?? 0) + 1;
    wrongs.set(index, times);
    log(`${mebibytes(range.first, leaves.length)} came damaged, and is fetched again`);
    if (times === mostWrong)
      throw new LatchkeyError('archives-damaged', mebibytes(range.first, leaves.length));
    return;
  }
}

interface Come {
  /** Whole MiB, and the last of the archive. */
  readonly leaves: readonly LeafRecord[];
  readonly whole: boolean;
  readonly treeHash: string | undefined;
}

/** MiB that are written while more come. */
const depth = 4;
/** The next range is asked for when this one ends in less, ms: AWS answers while it comes, and waits for nobody long. */
const aheadMs = 2000;

/**
 * One request. Each MiB has its record once it is written, so that what has come stays where the rest breaks off. Then it
 * is compared with the whole archive only.
 */
async function take(into: Into, range: Range): Promise<Come> {
  const { order, sums, file } = into;
  const { part, signal, counted } = order;
  const last = range.first + range.bytes - 1;
  const answer = await answerTo(into, range);
  const said = /^bytes (\d+)-\d+\/(\d+)$/.exec(answer.contentRange ?? '');
  if (Number(said?.[1]) !== range.first - part.first || Number(said?.[2]) !== part.bytes)
    throw new LatchkeyError(
      'archives-malformed',
      `asked for bytes ${range.first - part.first}-${last - part.first}/${part.bytes}, got ${answer.contentRange}`,
    );
  const began = performance.now();
  const leaves: LeafRecord[] = [];
  // of the MiB that comes: as it came, since nothing need be copied
  let [pieces, hash, filled] = [[] as Uint8Array[], createHash('sha256'), 0];
  let out = 0;
  const writes: Promise<void>[] = [];
  let written: Promise<void> = Promise.resolve();
  const endLeaf = async (): Promise<void> => {
    const at = range.first + writes.length * leafBytes;
    const leaf = { mark: marks.here, hash: hash.digest() };
    const writing = writeAt(file, pieces, at);
    const before = written;
    written = writing.then(async () => {
      await before;
      leaves.push(leaf);
      await sums.put((at - part.first) / leafBytes, [leaf]);
      order.progress(bytesOf(sums, part));
    });
    written.catch(() => undefined); // met at the next await
    writes.push(written);
    [pieces, hash, filled] = [[], createHash('sha256'), 0];
    await writes.at(-depth);
  };
  try {
    for await (const bytes of answer.body) {
      const piece = bytes.subarray(0, range.bytes - out);
      for (let at = 0; at < piece.length;) {
        const more = piece.subarray(at, at + leafBytes - filled);
        pieces.push(more);
        hash.update(more);
        filled += more.length;
        at += more.length;
        out += more.length;
        if (filled === leafBytes) await endLeaf();
      }
      const ms = performance.now() - began;
      if (((range.bytes - out) / out) * ms < aheadMs) askAhead(into, range);
    }
    if (out === range.bytes && filled > 0) await endLeaf();
    await written;
  } catch (thrown) {
    await written;
    const disk = asDisk(thrown);
    if (disk !== undefined) throw disk;
    // it broke off: what is whole of it stays
    if (leaves.length === 0 || signal.aborted) throw thrown;
  } finally {
    counted(1, out);
  }
  signal.throwIfAborted();
  return { leaves, whole: out === range.bytes, treeHash: answer.treeHash };
}

/** What was asked for ahead, where it is this; else it is asked for now. */
function answerTo(into: Into, range: Range): Promise<RetrievedRange> {
  const { ahead } = into;
  if (ahead?.range.first === range.first && ahead.range.bytes === range.bytes) {
    into.ahead = undefined;
    return ahead.answer;
  }
  dropAhead(into);
  return into.order.range(range.first, range.first + range.bytes - 1, into.order.signal);
}

/** The next range, where nothing before it is to be fetched again. */
function askAhead(into: Into, { first, bytes }: Range): void {
  const { order, sums } = into;
  const end = order.part.first + order.part.bytes;
  if (into.ahead !== undefined || first + bytes >= end) return;
  if (sums.leaves.some(({ mark }) => mark === marks.missing)) return;
  const range = rangeFrom(first + bytes, end);
  const stop = new AbortController();
  const signal = AbortSignal.any([order.signal, stop.signal]);
  const answer = order.range(range.first, range.first + range.bytes - 1, signal);
  answer.catch(() => undefined); // met when it is its turn
  into.ahead = { range, stop, answer };
}

/** Nobody will read it. */
function dropAhead(into: Into): void {
  const { ahead, order } = into;
  into.ahead = undefined;
  if (ahead === undefined) return;
  ahead.answer.then(
    () => order.counted(1, 0),
    () => undefined,
  );
  ahead.stop.abort(new LatchkeyError('archives-unreachable', 'not needed'));
}

async function writeAt(file: FileHandle, pieces: readonly Uint8Array[], position: number): Promise<void> {
  let written = (await file.writev(pieces, position)).bytesWritten;
  const all = pieces.reduce((sum, { length }) => sum + length, 0);
  if (written === all) return;
  const bytes = Buffer.concat(pieces);
  while (written < all)
    written += (await file.write(bytes, written, all - written, position + written)).bytesWritten;
}

function mebibytes(first: number, leaves: number): string {
  const from = first / leafBytes + 1;
  return leaves === 1 ? `MiB ${from}` : `MiB ${from} to ${from + leaves - 1}`;
}
