import {
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  writeSync,
} from 'node:fs';
import path from 'node:path';
import * as v from 'valibot';
import { LatchkeyError } from '../../lib/errors.ts';
import { syncFolder } from '../files.ts';

/**
 * What was staged and uploaded, one file a run, one line of JSON an event: all that is needed to put everything back
 * together, so it outlives the pieces and belongs in a second place too. A line is on the disk when `append` returns;
 * one that a crash cut is no line.
 */

const hex = v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/));
const whole = v.pipe(v.number(), v.integer(), v.minValue(0));
/** A piece's name is ours: it leads nowhere. */
const pieceName = v.pipe(v.string(), v.regex(/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,199}$/));
const runName = v.pipe(v.string(), v.regex(/^\d{8}T\d{6}Z$/));

const run = v.object({
  type: v.literal('run'),
  run: runName,
  /** Unix ms, as every `at`. */
  at: whole,
  /** What must be equal for an interrupted run to go on. */
  plan: v.string(),
  compress: v.nullable(v.picklist(['xz', 'zstd'])),
  encrypt: v.nullable(v.picklist(['gpg', 'age'])),
});
const piece = v.object({
  type: v.literal('piece'),
  tree: v.string(),
  index: whole,
  name: pieceName,
  size: whole,
  treeHash: hex,
  /** SHA-256 of each MiB, 32 bytes each, base64. */
  leaves: v.string(),
});
const tree = v.object({
  type: v.literal('tree'),
  tree: v.string(),
  /** The directory, or the dump's name. */
  source: v.string(),
  content: v.picklist(['tar', 'file']),
  pieces: whole,
  /** Before compression. */
  bytes: whole,
});
const done = v.object({ type: v.literal('done'), at: whole });
/** `target`: which vault or bucket it goes to; one piece may go to several. */
const uploading = v.object({
  type: v.literal('uploading'),
  name: pieceName,
  target: v.string(),
  uploadId: v.string(),
});
const uploaded = v.object({
  type: v.literal('uploaded'),
  name: pieceName,
  target: v.string(),
  /** ARN of the vault or bucket. */
  vault: v.string(),
  /** The archive's id, or the object's key. */
  archive: v.string(),
  at: whole,
  /** Not sent: the target had these bytes under another name. */
  there: v.optional(v.literal(true)),
});
const line = v.variant('type', [run, piece, tree, done, uploading, uploaded]);

export type JournalLine = v.InferOutput<typeof line>;
export type PieceLine = v.InferOutput<typeof piece>;
export type TreeLine = v.InferOutput<typeof tree>;
export type UploadedLine = v.InferOutput<typeof uploaded>;
export type UploadingLine = v.InferOutput<typeof uploading>;
export type RunLine = v.InferOutput<typeof run>;

/** A run as its journal tells it: of pieces and trees that were made twice, the last. */
export interface RunRecord {
  readonly run: RunLine;
  /** By name. */
  readonly pieces: ReadonlyMap<string, PieceLine>;
  readonly trees: ReadonlyMap<string, TreeLine>;
  readonly done: boolean;
  /** Both by target and name, with a space between. */
  readonly uploading: ReadonlyMap<string, UploadingLine>;
  readonly uploaded: ReadonlyMap<string, UploadedLine>;
}

export class Journal {
  readonly file: string;
  readonly #fd: number;

  /** Opens or makes the file; a cut last line goes. Throws `config-unreadable`. */
  constructor(file: string) {
    this.file = file;
    try {
      const flags = constants.O_RDWR | constants.O_CREAT | constants.O_APPEND | constants.O_NOFOLLOW;
      this.#fd = openSync(file, flags, 0o600);
      const { size } = fstatSync(this.#fd);
      const end = wholeLines(this.#fd, size);
      if (end < size) ftruncateSync(this.#fd, end);
      fsyncSync(this.#fd);
      syncFolder(path.dirname(file));
    } catch (cause) {
      throw new LatchkeyError('config-unreadable', `${file}: ${(cause as NodeJS.ErrnoException).code}`, {
        cause,
      });
    }
  }

  /** On the disk when it returns. */
  append(event: JournalLine): void {
    const bytes = Buffer.from(`${JSON.stringify(event)}\n`);
    for (let at = 0; at < bytes.length;) at += writeSync(this.#fd, bytes, at);
    fsyncSync(this.#fd);
  }

  close(): void {
    closeSync(this.#fd);
  }
}

/** The byte after the last line end. */
function wholeLines(fd: number, size: number): number {
  const step = Buffer.alloc(64 * 1024);
  for (let end = size; end > 0;) {
    const from = Math.max(0, end - step.length);
    const read = readSync(fd, step, 0, end - from, from);
    const found = step.subarray(0, read).lastIndexOf(0x0a);
    if (found >= 0) return from + found + 1;
    end = from;
  }
  return 0;
}

/** Undefined for a journal without a whole line. Throws `archives-malformed` naming the line. */
export function readRun(text: string, name: string): RunRecord | undefined {
  let first: RunLine | undefined;
  const pieces = new Map<string, PieceLine>();
  const trees = new Map<string, TreeLine>();
  const begun = new Map<string, UploadingLine>();
  const uploads = new Map<string, UploadedLine>();
  let isDone = false;
  // the last element is what follows the last line end: nothing, or a line that a crash cut
  for (const [index, each] of text.split('\n').slice(0, -1).entries()) {
    const event = parseLine(each, `${name}, line ${index + 1}`);
    if ((event.type === 'run') !== (index === 0))
      throw new LatchkeyError(
        'archives-malformed',
        `${name}, line ${index + 1}: ${event.type} is out of place`,
      );
    if (event.type === 'run') first = event;
    else if (event.type === 'piece') pieces.set(event.name, event);
    else if (event.type === 'tree') trees.set(event.tree, event);
    else if (event.type === 'uploading') begun.set(`${event.target} ${event.name}`, event);
    else if (event.type === 'uploaded') uploads.set(`${event.target} ${event.name}`, event);
    else isDone = true;
  }
  return first && { run: first, pieces, trees, done: isDone, uploading: begun, uploaded: uploads };
}

function parseLine(text: string, where: string): JournalLine {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new LatchkeyError('archives-malformed', where, { cause });
  }
  const result = v.safeParse(line, value);
  if (result.success) return result.output;
  const issue = result.issues[0];
  throw new LatchkeyError('archives-malformed', `${where}: ${v.getDotPath(issue) ?? ''} ${issue.message}`);
}

export function journalFile(folder: string, run: string): string {
  return path.join(folder, `${run}.jsonl`);
}

/** Every run of a folder of journals, oldest first; none where there is no folder. Throws as readRun. */
export function readRuns(folder: string): RunRecord[] {
  let names: string[];
  try {
    names = readdirSync(folder).filter((name) => /^\d{8}T\d{6}Z\.jsonl$/.test(name));
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw new LatchkeyError('config-unreadable', folder, { cause });
  }
  return names.sort().flatMap((name) => {
    const file = path.join(folder, name);
    return readRun(readFileSync(file, 'utf8'), file) ?? [];
  });
}

/** The hash of each MiB, as `leaves` of a piece holds them. */
export function leavesOf({ leaves }: PieceLine): Buffer[] {
  const bytes = Buffer.from(leaves, 'base64');
  return Array.from({ length: Math.floor(bytes.length / 32) }, (_, at) =>
    bytes.subarray(at * 32, at * 32 + 32),
  );
}

/** The pieces of a whole tree in their order; undefined while the tree is not whole. */
export function piecesOf(record: RunRecord, name: string): PieceLine[] | undefined {
  const whole = record.trees.get(name);
  if (whole === undefined) return undefined;
  const rows = [...record.pieces.values()].filter(
    ({ tree: of, index }) => of === name && index < whole.pieces,
  );
  rows.sort((a, b) => a.index - b.index);
  return rows.every(({ index }, at) => index === at) && rows.length === whole.pieces ? rows : undefined;
}
