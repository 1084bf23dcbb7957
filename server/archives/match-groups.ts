import {
  firstSuffix,
  isRow,
  nextSuffix,
  parsePieceName,
  withoutLayers,
  type PieceName,
} from '../../lib/archive/piece-name.ts';
import { putBackLine, type Compression, type Encryption } from '../../lib/archive/put-back.ts';
import { safeFileName } from '../../lib/archive/safe-text.ts';
import type { Format } from '../../lib/archive/sniff.ts';
import type { ArchiveView } from './catalogue.ts';
import { piecesOf, type PieceLine, type RunRecord } from './journal.ts';
import { pathOf, type MatchedFile } from './matched-file.ts';
import type { KeptUpload } from '../../lib/archive/upload-log.ts';

/** What tells the order of pieces, the surest first. */
export type OrderedBy = 'journal' | 'upload-log' | 'gpg-name' | 'name' | 'created';

/** Files that are one tree together, in the order in which they are put back. */
export interface Group {
  readonly name: string;
  readonly orderedBy: OrderedBy;
  readonly files: readonly MatchedFile[];
  /** Names of pieces that belong in between and are not in the folder. */
  readonly missing: readonly string[];
  readonly warnings: readonly string[];
  /** For a shell; null while pieces are missing, since a row with a gap gives nothing after it. */
  readonly line: string | null;
}

export function groupPieces(
  files: readonly MatchedFile[],
  runs: readonly RunRecord[],
  log: readonly KeptUpload[],
  directory: string,
): Group[] {
  const used = new Set<MatchedFile>();
  const staged = [...runs].reverse().flatMap((run) => stagedGroups(files, run, directory));
  // What did not change is in several runs. A run that has only such pieces here is not the one that lies here.
  const groups = [...staged].sort((a, b) => Number(a.line === null) - Number(b.line === null));
  const kept = groups.filter((group) => {
    if (group.line === null && group.files.every((file) => used.has(file))) return false;
    for (const file of group.files) used.add(file);
    return true;
  });
  const rest = files.filter((file) => !used.has(file) && file.archives.length > 0);
  return [...kept, ...foreignGroups(rest, log, directory)];
}

/** The journal knows the order, the number, and how each piece was made. */
function stagedGroups(files: readonly MatchedFile[], record: RunRecord, directory: string): Group[] {
  const { run, encrypt, compress } = record.run;
  return [...record.trees.values()].flatMap((tree): Group[] => {
    const pieces = piecesOf(record, tree.tree);
    if (pieces === undefined) return [];
    const taken = new Set<MatchedFile>();
    const rows = pieces.map((piece) => {
      const file = fileOf(files, piece, taken);
      if (file !== undefined) taken.add(file);
      return { piece, file };
    });
    const there = rows.flatMap(({ file }) => file ?? []);
    if (there.length === 0) return [];
    const missing = rows.flatMap(({ piece, file }) => (file === undefined ? [piece.name] : []));
    const line = putBackLine({
      pieces: there.map(({ file }) => pathOf(directory, file)),
      encryption: encrypt,
      each: true,
      compression: compress,
      content: tree.content,
      name: `${tree.tree}.dump`,
    });
    return [
      {
        name: `${run} ${tree.source}`,
        orderedBy: 'journal',
        files: there,
        missing,
        warnings: [],
        line: missing.length === 0 ? line : null,
      },
    ];
  });
}

/** Pieces may hold the same bytes (a long hole), and then one file stands for both. */
function fileOf(
  files: readonly MatchedFile[],
  piece: PieceLine,
  used: ReadonlySet<MatchedFile>,
): MatchedFile | undefined {
  const same = files.filter(({ treeHash, size }) => treeHash === piece.treeHash && size === piece.size);
  return same.find((file) => !used.has(file)) ?? same[0];
}

interface Clue {
  readonly file: MatchedFile;
  readonly by: OrderedBy;
  /** What the pieces of one row have in common. */
  readonly key: string;
  readonly label: string;
  /** Its place in the row: by its name, else by a number. */
  readonly piece: PieceName | null;
  readonly place: number;
  /** The name that told it. */
  readonly told: string;
}

function foreignGroups(
  files: readonly MatchedFile[],
  log: readonly KeptUpload[],
  directory: string,
): Group[] {
  const clues = sameBytes(files).flatMap(({ copies, archives }) =>
    archives.flatMap((archive, at) => {
      const file = copies[Math.min(at, copies.length - 1)]!;
      const clue = clueOf(file, archive, log);
      // uploaded more often than it lies here: without names it is one piece that went twice
      return clue.piece === null && at >= copies.length ? [] : [{ clue, archive }];
    }),
  );
  const believed = [...groupBy(clues, ({ clue }) => clue.key).values()].flatMap((row) => {
    const isNamed = isRow(row.flatMap(({ clue }) => clue.piece ?? []));
    return row.map(({ clue, archive }) =>
      clue.piece === null || isNamed ? clue : clueOf(clue.file, archive, log, true),
    );
  });
  return [...groupBy(believed, ({ key }) => key).values()].map((row) => foreignGroup(row, directory));
}

/** Pieces of one row may hold the same bytes (a long hole): then several files here are several archives there. */
function sameBytes(files: readonly MatchedFile[]) {
  return [...groupBy(files, ({ treeHash, size }) => `${treeHash} ${size}`).values()].map((copies) => ({
    copies,
    archives: [...copies[0]!.archives].sort((a, b) => (a.createdAt ?? 0) - (b.createdAt ?? 0)),
  }));
}

function clueOf(file: MatchedFile, archive: ArchiveView, log: readonly KeptUpload[], nameless = false): Clue {
  const at = log.findIndex(({ archiveId }) => archiveId === archive.id);
  const tell = (by: OrderedBy, name: string | null | undefined): Clue | undefined => {
    const piece = nameless ? undefined : parsePieceName(name ?? '');
    if (piece === undefined) return undefined;
    const label = piece.stem.slice(0, piece.stem.lastIndexOf('|'));
    return { file, by, key: `${by} ${piece.stem}`, label, piece, place: 0, told: name! };
  };
  const named =
    tell('upload-log', log[at]?.file) ?? tell('gpg-name', file.inside?.name) ?? tell('name', archive.name);
  if (named !== undefined) return named;
  // the seed's own program wrote the date of each upload behind the same words
  const same = archive.description.replace(datedBehind, '');
  const by = at < 0 ? 'created' : 'upload-log';
  const place = at < 0 ? (archive.createdAt ?? Infinity) : at;
  const label = archive.name || archive.description || 'no name';
  return { file, by, key: `${by} ${archive.vault} ${same}`, label, piece: null, place, told: label };
}

const datedBehind = /\s+[A-Z][a-z]{2} [A-Z][a-z]{2} \d{1,2} [\d:]{8} \S{1,6} \d{4}$/;

function foreignGroup(clues: Clue[], directory: string): Group {
  const { by, label } = clues[0]!;
  const warnings: string[] = [];
  const isNamed = clues[0]!.piece !== null;
  clues.sort((a, b) =>
    a.piece !== null && b.piece !== null
      ? compare(a.piece.suffix, b.piece.suffix)
      : a.place === b.place
        ? 0
        : a.place - b.place,
  );
  const row: Clue[] = [];
  for (const clue of clues) {
    const before = row.at(-1);
    if (!isNamed || before?.piece?.suffix !== clue.piece?.suffix) row.push(clue);
    else if (before !== undefined && before.file.treeHash !== clue.file.treeHash)
      warnings.push(`There are two different ones called ${clue.told}; only one of them is used.`);
  }
  if (by === 'created' && row.length > 1)
    warnings.push(
      'Nothing but the dates of upload tells the order of these pieces. If several were uploaded at once, it may be another.',
    );
  if (by === 'upload-log' && !isNamed && row.length > 1)
    warnings.push(
      'The order is that of the log. It does not say where one row of pieces ends and another begins.',
    );
  const missing = isNamed ? gaps(row) : [];
  const made = makingOf(
    row.map(({ file }) => file),
    row[0]!.told,
    warnings,
  );
  // many tools put files there as they were
  const isItself =
    row.length === 1 && made.encryption === null && made.compression === null && made.content === 'file';
  const line = putBackLine({
    pieces: row.map(({ file }) => pathOf(directory, file.file)),
    ...made,
    // as `stage` calls what a dump printed
    ...(label.endsWith('.dump.')
      ? { content: 'file', name: label.slice(label.lastIndexOf('/') + 1, -1) }
      : {}),
  });
  return {
    name: label,
    orderedBy: by,
    files: row.map(({ file }) => file),
    missing,
    warnings,
    line: missing.length === 0 && !isItself ? line : null,
  };
}

/** Between the first and the last; whether one is missing behind the last, nobody can tell. */
function gaps(row: readonly Clue[]): string[] {
  const missing: string[] = [];
  const told = row.at(-1)!.told;
  const last = row.at(-1)!.piece!.suffix;
  const has = new Set(row.map(({ piece }) => piece?.suffix));
  // digits may count from 0 or from 1
  let at: string | undefined = firstSuffix(last);
  if (/^0+$/.test(at) && !has.has(at) && has.has(nextSuffix(at)!)) at = nextSuffix(at);
  for (; at !== undefined && at !== last && missing.length < 1000; at = nextSuffix(at))
    if (!has.has(at)) missing.push(replaceSuffix(told, last, at));
  return missing;
}

function replaceSuffix(name: string, suffix: string, by: string): string {
  const { base } = withoutLayers(name);
  return `${base.slice(0, base.length - suffix.length)}${by}${name.slice(base.length)}`;
}

const compressions: Partial<Record<string, Compression>> = {
  xz: 'xz',
  zst: 'zstd',
  zstd: 'zstd',
  gz: 'gzip',
  gzip: 'gzip',
  bz2: 'bzip2',
  bzip2: 'bzip2',
};

function makingOf(files: readonly MatchedFile[], told: string, warnings: string[]) {
  const first = files[0]!;
  const encryption: Encryption | null =
    first.format === 'gpg' || first.format === 'age' ? first.format : null;
  const each =
    encryption !== null && files.length > 1 && files.slice(1).every(({ format }) => format === encryption);
  let format: Format | string = encryption === null ? first.format : (first.inside?.format ?? 'unknown');
  if (format === 'unknown' && encryption !== null)
    format =
      withoutLayers(first.inside?.name || told).base === told
        ? 'unknown'
        : lastLayer(first.inside?.name || told);
  const compression = compressions[format] ?? null;
  if (encryption !== null && compression === null && format !== 'tar') {
    warnings.push(
      'What is inside cannot be seen without the key: xz, as the usual script has it, is a guess.',
    );
    return { encryption, each, compression: 'xz' as const, content: 'tar' as const };
  }
  if (encryption === null && format === 'unknown')
    return { encryption, each, compression, content: 'file' as const, name: wholeName(files, told) };
  return { encryption, each, compression, content: 'tar' as const };
}

/** What pieces of no known kind are to be called together: none of their own names, or a shell would empty one. */
function wholeName(files: readonly MatchedFile[], told: string): string {
  const name = safeFileName(told);
  return files.some(({ file }) => file.toString('utf8') === name) ? `${name}.whole` : name;
}

function lastLayer(name: string): string {
  return (
    withoutLayers(name)
      .layers.filter((each) => compressions[each] !== undefined)
      .at(-1) ?? 'unknown'
  );
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function groupBy<T>(all: readonly T[], keyOf: (each: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const each of all) {
    const group = groups.get(keyOf(each));
    if (group === undefined) groups.set(keyOf(each), [each]);
    else group.push(each);
  }
  return groups;
}
