import { createReadStream } from 'node:fs';
import { open, readdir, stat } from 'node:fs/promises';
import { sniff } from '../../lib/archive/sniff.ts';
import type { ArchiveView, Catalogue } from './catalogue.ts';
import { compareLeaves } from './damage.ts';
import { lookInside } from './inside.ts';
import type { PieceLine, RunRecord } from './journal.ts';
import { groupPieces, type Group } from './match-groups.ts';
import { pathOf, type MatchedFile } from './matched-file.ts';
import { hashFile } from './tree-hash.ts';
import type { KeptUpload } from '../../lib/archive/upload-log.ts';

/** Finds out what the files of a folder are, whatever they are called now: by tree hash and size, which are exact. */

export interface MatchOptions {
  readonly directory: string;
  readonly catalogue: Pick<Catalogue, 'withTreeHash' | 'page'>;
  readonly runs: readonly RunRecord[];
  readonly log?: readonly KeptUpload[];
  /** gpg's environment, for the names inside; absent: not looked for. */
  readonly gpg?: { readonly env: Readonly<Record<string, string>>; readonly ask: boolean };
  /** The tree hash, in hexadecimal, where the file was compared before and is the same since: it is not read again. */
  readonly compared?: (file: {
    readonly name: string;
    readonly size: number;
    readonly mtimeMs: number;
  }) => string | undefined;
  readonly onProgress?: (progress: MatchProgress) => void;
  readonly signal?: AbortSignal;
}

export interface MatchProgress {
  readonly files: number;
  readonly ofFiles: number;
  readonly bytes: number;
  readonly ofBytes: number;
}

export interface Match {
  readonly directory: string;
  readonly files: readonly MatchedFile[];
  readonly groups: readonly Group[];
}

/** Throws what node:fs throws, `tool-missing` without gpg where `gpg` is set, and what the catalogue throws. */
export async function match(options: MatchOptions): Promise<Match> {
  const { directory, catalogue, runs, gpg, onProgress, signal } = options;
  const found = await filesOf(directory);
  const ofBytes = found.reduce((sum, { size }) => sum + size, 0);
  const staged = byHash(runs);
  const files: MatchedFile[] = [];
  const strangers: { at: number; leaves: Buffer[] }[] = [];
  let done = 0;
  for (const { name, size: expected, mtimeMs } of found) {
    const where = pathOf(directory, name);
    const leaves: Buffer[] = [];
    const before = options.compared?.({ name: name.toString('utf8'), size: expected, mtimeMs });
    const { size, treeHash } =
      before !== undefined
        ? { size: expected, treeHash: before }
        : await hashFile(where, {
            onLeaf: (hash) => leaves.push(hash),
            onProgress: (bytes) =>
              onProgress?.({ files: files.length, ofFiles: found.length, bytes: done + bytes, ofBytes }),
            ...(signal && { signal }),
          });
    done += expected;
    const format = sniff(await beginning(where));
    const own = staged.get(`${treeHash} ${size}`) ?? [];
    const archives = await catalogue.withTreeHash(treeHash, size);
    if (own.length === 0 && archives.length === 0) strangers.push({ at: files.length, leaves });
    // what was staged here has its name in the journal
    const inside =
      format === 'gpg' && own.length === 0 && gpg !== undefined
        ? await lookInside(createReadStream(where), gpg)
        : undefined;
    files.push({ file: name, size, treeHash, format, archives, staged: own, ...(inside && { inside }) });
  }
  onProgress?.({ files: files.length, ofFiles: found.length, bytes: done, ofBytes });
  await nameDamage(files, strangers, options);
  return { directory, files, groups: groupPieces(files, runs, options.log ?? [], directory) };
}

/** Regular files, by name. Links are not followed, folders not entered: what is in them was not put here. */
async function filesOf(directory: string): Promise<{ name: Buffer; size: number; mtimeMs: number }[]> {
  const entries = await readdir(directory, { encoding: 'buffer', withFileTypes: true });
  const names = entries.filter((entry) => entry.isFile()).map(({ name }) => name as unknown as Buffer);
  names.sort(Buffer.compare);
  return Promise.all(
    names.map(async (name) => {
      const { size, mtimeMs } = await stat(pathOf(directory, name));
      return { name, size, mtimeMs };
    }),
  );
}

async function beginning(file: Buffer): Promise<Buffer> {
  const handle = await open(file, 'r');
  try {
    const bytes = Buffer.alloc(4096);
    const { bytesRead } = await handle.read(bytes, 0, bytes.length, 0);
    return bytes.subarray(0, bytesRead);
  } finally {
    await handle.close();
  }
}

function byHash(runs: readonly RunRecord[]): Map<string, { run: RunRecord; piece: PieceLine }[]> {
  const found = new Map<string, { run: RunRecord; piece: PieceLine }[]>();
  for (const run of runs)
    for (const piece of run.pieces.values()) {
      const key = `${piece.treeHash} ${piece.size}`;
      found.set(key, [...(found.get(key) ?? []), { run, piece }]);
    }
  return found;
}

/** The journal knows each MiB; the catalogue only the size, which says something where one archive has it. */
async function nameDamage(
  files: MatchedFile[],
  strangers: readonly { at: number; leaves: Buffer[] }[],
  { catalogue, runs }: MatchOptions,
): Promise<void> {
  const left: number[] = [];
  for (const { at, leaves } of strangers) {
    const file = files[at]!;
    const damage = compareLeaves(file.size, leaves, runs);
    if (damage === undefined) left.push(at);
    else files[at] = { ...file, damage };
  }
  if (left.length === 0) return;
  const known = new Set(files.flatMap(({ archives }) => archives.map(({ vault, id }) => `${vault} ${id}`)));
  const wanted = new Map(left.map((at) => [files[at]!.size, [] as ArchiveView[]]));
  const least = Math.min(...wanted.keys());
  for (let after: string | undefined, more = true; more;) {
    const page = await catalogue.page({
      sort: 'size',
      descending: true,
      limit: 200,
      ...(after && { after }),
    });
    // S3 lists no hash: then nobody knows that the bytes are others
    for (const row of page.rows)
      if (row.size !== null && row.treeHash !== null && !known.has(`${row.vault} ${row.id}`))
        wanted.get(row.size)?.push(row);
    after = page.next ?? undefined;
    more = after !== undefined && (page.rows.at(-1)?.size ?? 0) >= least;
  }
  for (const at of left) {
    const file = files[at]!;
    const candidates = wanted.get(file.size) ?? [];
    if (candidates.length > 0) files[at] = { ...file, damage: { kind: 'size', archives: candidates } };
  }
}
