import Database from 'better-sqlite3';
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import path from 'node:path';
import { LatchkeyError } from '../../lib/errors.ts';
import { privateFolder, syncFolder } from '../files.ts';
import { requireRootOwned } from '../root-owned.ts';
import { Journal, journalFile, piecesOf, readRuns, type RunRecord } from './journal.ts';
import { planOf, type StageConfig } from './stage-config.ts';
import { collect, Cutter, endingOf, writePiece } from './stage-piece.ts';
import { sourcesOf, type TreeSource } from './stage-sources.ts';

/**
 * Directories and dumps → pieces in `STAGING/complete/RUN`, and their journal beside the home's state. A run that was
 * interrupted goes on with the tree in which it ended; trees that were whole stay.
 */

export interface StageOptions {
  readonly config: StageConfig;
  /** Where journals are kept. */
  readonly journals: string;
  /** For gpg: HOME, GNUPGHOME. */
  readonly env: Readonly<Record<string, string>>;
  readonly onProgress?: (progress: StageProgress) => void;
  readonly onNote?: (note: string) => void;
  readonly now?: () => number;
}

export interface StageProgress {
  readonly tree: string;
  /** Bytes of all trees, before compression. */
  readonly bytes: number;
  /** Null: a dump is among them, whose size nobody knows. */
  readonly ofBytes: number | null;
  /** Written to the staging folder. */
  readonly staged: number;
  readonly pieces: number;
}

export interface Staged {
  readonly run: string;
  readonly folder: string;
  readonly journal: string;
  readonly trees: number;
  readonly pieces: number;
  /** Before and after compression. */
  readonly bytes: number;
  readonly staged: number;
  /** Older runs that are gone now. */
  readonly removed: readonly string[];
}

const runPattern = /^\d{8}T\d{6}Z$/;
/** Beside the sum of it: names, journals, and what others write meanwhile. */
const spare = 64 * 1024 * 1024;

/** Throws `archives-space`, `archives-staging`, `config-*`, `tool-*`. */
export async function stage(options: StageOptions): Promise<Staged> {
  const { config, journals, onNote = () => undefined, now = () => Date.now() } = options;
  mkdirSync(config.staging, { recursive: true, mode: 0o700 });
  requireRootOwned(config.staging);
  const [inflight, complete] = ['inflight', 'complete'].map((name) => path.join(config.staging, name));
  for (const folder of [inflight!, complete!, journals]) privateFolder(folder);
  const unlock = lock(path.join(config.staging, '.lock'));
  try {
    const removed = removeOld(complete!, config.keepDays, now());
    const sources = sourcesOf(config, [config.staging, journals]);
    const before = await takeUp(inflight!, journals, planOf(config), onNote);
    const made = await fill(options, sources, before, inflight!, now);
    const folder = path.join(complete!, made.run);
    renameSync(path.join(inflight!, made.run), folder);
    syncFolder(complete!);
    syncFolder(inflight!);
    return { ...made, folder, removed };
  } finally {
    unlock();
  }
}

/** The kernel lets go of it when we end, however we end. */
function lock(file: string): () => void {
  const held = new Database(file, { timeout: 0 });
  try {
    held.pragma('locking_mode = EXCLUSIVE');
    held.exec('BEGIN EXCLUSIVE');
  } catch (cause) {
    held.close();
    throw new LatchkeyError('archives-staging', path.dirname(file), { cause });
  }
  return () => held.close();
}

/** The newest finished run stays, whatever its age. */
function removeOld(complete: string, keepDays: number, now: number): string[] {
  const runs = readdirSync(complete)
    .filter((name) => runPattern.test(name))
    .sort();
  const old = runs.slice(0, -1).filter((name) => now - timeOf(name) > keepDays * 86_400_000);
  for (const name of old) rmSync(path.join(complete, name), { recursive: true });
  return old;
}

function nameOf(at: number): string {
  return new Date(at).toISOString().replace(/\.\d+/, '').replaceAll(/[-:]/g, '');
}

/** Names are whole seconds. */
function freeName(journals: string, at: number): string {
  const name = nameOf(at);
  return existsSync(journalFile(journals, name)) ? freeName(journals, at + 1000) : name;
}

function timeOf(run: string): number {
  return Date.parse(run.replace(/^(....)(..)(..T..)(..)(..Z)$/, '$1-$2-$3:$4:$5'));
}

/** The interrupted run that can go on, with nothing in it but whole trees; others are removed, and that is said. */
async function takeUp(
  inflight: string,
  journals: string,
  plan: string,
  onNote: (note: string) => void,
): Promise<RunRecord | undefined> {
  const names = readdirSync(inflight).filter((name) => runPattern.test(name));
  const known = new Map(readRuns(journals).map((record) => [record.run.run, record]));
  let found: RunRecord | undefined;
  for (const name of names.sort().reverse()) {
    const folder = path.join(inflight, name);
    const record = known.get(name);
    if (found !== undefined || record === undefined || record.run.plan !== plan) {
      rmSync(folder, { recursive: true });
      onNote(`Run ${name} was not finished, and is another one than this: what it left is removed.`);
      continue;
    }
    const whole = new Set(
      wholeTrees(record, folder).flatMap(({ pieces }) => pieces.map((each) => each.name)),
    );
    for (const each of readdirSync(folder)) if (!whole.has(each)) rmSync(path.join(folder, each));
    onNote(`Going on with run ${name}, which was interrupted.`);
    found = record;
  }
  return found;
}

function wholeTrees(record: RunRecord, folder: string) {
  return [...record.trees.values()].flatMap((tree) => {
    const pieces = piecesOf(record, tree.tree);
    const isHere = pieces?.every(
      ({ name, size }) => statSync(path.join(folder, name), { throwIfNoEntry: false })?.size === size,
    );
    return pieces !== undefined && isHere === true ? [{ tree, pieces }] : [];
  });
}

async function fill(
  options: StageOptions,
  sources: readonly TreeSource[],
  before: RunRecord | undefined,
  inflight: string,
  now: () => number,
): Promise<Omit<Staged, 'folder' | 'removed'>> {
  const { config, journals, env, onProgress, onNote } = options;
  const run = before?.run.run ?? freeName(journals, now());
  const folder = path.join(inflight, run);
  const had = before === undefined ? [] : wholeTrees(before, folder);
  const left = sources.filter(({ tree }) => !had.some(({ tree: { tree: name } }) => name === tree));
  const ofBytes = await requireRoom(config.staging, left);
  privateFolder(folder);
  const journal = new Journal(journalFile(journals, run));
  const { compress, encrypt } = config;
  if (before === undefined)
    journal.append({ type: 'run', run, at: now(), plan: planOf(config), compress, encrypt });
  let bytes = 0;
  let staged = 0;
  let pieces = 0;
  try {
    for (const source of left) {
      const child = await source.start();
      const cutter = new Cutter(child.stdout as AsyncIterable<Buffer>);
      const said = collect(child);
      child.stdin.end();
      try {
        const ending = source.content === 'tar' ? '.tar' : '.dump';
        let index = 0;
        do {
          const name = `${source.tree}${ending}.${String(index).padStart(6, '0')}${endingOf(config)}`;
          const counted = async function* () {
            for await (const each of cutter.take(config.pieceBytes)) {
              yield each;
              onProgress?.({ tree: source.tree, bytes: bytes + cutter.taken, ofBytes, staged, pieces });
            }
          };
          const made = await writePiece(folder, name, counted(), config, env);
          journal.append({
            ...{ type: 'piece', tree: source.tree, index, name, size: made.size, treeHash: made.treeHash },
            leaves: made.leaves.toString('base64'),
          });
          staged += made.size;
          pieces += 1;
          index += 1;
        } while (await cutter.hasMore());
        const { code, signal } = await child.ended;
        if (code === null || !source.codes.includes(code))
          throw new LatchkeyError('tool-failed', `${source.source}: ${signal ?? `exit ${code}`}: ${said()}`);
        // tar writes whole blocks of 20 times 512 bytes
        if (source.content === 'tar' && (cutter.taken === 0 || cutter.taken % 10240 !== 0))
          throw new LatchkeyError('tool-failed', `${source.source}: a tar of ${cutter.taken} bytes is none`);
        if (code !== 0) onNote?.(`${source.source}: ${said()}`);
        bytes += cutter.taken;
        journal.append({
          ...{ type: 'tree', tree: source.tree, source: source.source, content: source.content },
          ...{ pieces: index, bytes: cutter.taken },
        });
      } finally {
        child.kill('SIGKILL');
      }
    }
    journal.append({ type: 'done', at: now() });
  } finally {
    journal.close();
  }
  const all = had.flatMap((each) => each.pieces);
  return {
    ...{ run, journal: journal.file, trees: sources.length, pieces: pieces + all.length },
    bytes: bytes + had.reduce((sum, { tree }) => sum + tree.bytes, 0),
    staged: staged + all.reduce((sum, { size }) => sum + size, 0),
  };
}

/** Room for all of it as if nothing could be compressed: what is too much then is said before anything begins. */
async function requireRoom(staging: string, sources: readonly TreeSource[]): Promise<number | null> {
  let sum = 0;
  let isKnown = true;
  for (const source of sources) {
    const size = await source.size();
    if (size === null) isKnown = false;
    else sum += size;
  }
  const { bavail, bsize } = await statfs(staging);
  const [wanted, free] = [sum + sum / 50 + spare, bavail * bsize];
  if (wanted > free)
    throw new LatchkeyError(
      'archives-space',
      `${staging}: ${Math.ceil(wanted / 1e6)} MB may be needed, ${Math.floor(free / 1e6)} MB are free`,
    );
  return isKnown ? sum : null;
}
