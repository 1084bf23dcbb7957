import type { Command } from 'commander';
import { existsSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { shown } from '../../lib/archive/safe-text.ts';
import { shellPath } from '../../lib/archive/shell.ts';
import { LatchkeyError } from '../../lib/errors.ts';
import type { Damage } from '../archives/damage.ts';
import { readRuns } from '../archives/journal.ts';
import { match, type Match } from '../archives/match.ts';
import type { KnownHere } from '../archives/known.ts';
import type { MatchedFile } from '../archives/matched-file.ts';
import { uploadsIn } from '../../lib/archive/upload-log.ts';
import { folders } from '../folders.ts';
import { formatBytes } from './archive-report.ts';
import { databaseFile } from './archives.ts';
import { openKnown } from './known-archives.ts';
import { barOn, gpgEnvironment } from './archives-bar.ts';

interface Options {
  readonly log?: string;
  readonly journal?: string;
  readonly ask?: boolean;
  readonly json?: boolean;
}

export function registerMatch(archives: Command): void {
  archives
    .command('match <folder>')
    .description(
      'finds out what the files of a folder are, in which order they belong, and how to put them back',
    )
    .option('--log <file>', 'what the upload printed: it tells the order of pieces')
    .option('--journal <folder>', 'the journals of `stage`, where they are not in LATCHKEY_DIR')
    .option('--ask', 'gpg may ask for a passphrase, to read the names inside')
    .option('--json')
    .action(matchFolder);
}

async function matchFolder(folder: string, options: Options): Promise<void> {
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() !== true)
    throw new LatchkeyError('config-unreadable', `${folder}: no folder`);
  const log = options.log === undefined ? [] : uploadsIn(readLog(options.log));
  const catalogue = await openCompared();
  const bar = barOn(process.stderr);
  try {
    const found = await match({
      directory: folder,
      catalogue,
      runs: readRuns(options.journal ?? path.join(folders().root, 'journal')),
      log,
      gpg: { env: gpgEnvironment(), ask: options.ask === true },
      onProgress: ({ files, ofFiles, bytes, ofBytes }) =>
        bar.tell({ label: `file ${Math.min(files + 1, ofFiles)} of ${ofFiles}`, done: bytes, of: ofBytes }),
    });
    bar.clear();
    process.stdout.write(
      options.json === true ? `${JSON.stringify(matchAsJson(found))}\n` : matchReport(found),
    );
    if (found.files.some(({ damage }) => damage !== undefined)) process.exitCode = 1;
  } finally {
    bar.clear();
    await catalogue.close?.();
  }
}

function readLog(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw new LatchkeyError('config-unreadable', `${file}: ${(cause as NodeJS.ErrnoException).code}`, {
      cause,
    });
  }
}

type Compared = Pick<KnownHere, 'withTreeHash' | 'page'> & Partial<Pick<KnownHere, 'close'>>;

/** Nothing is made where nobody has imported yet. */
export async function openCompared(): Promise<Compared> {
  if (existsSync(databaseFile())) return openKnown();
  return {
    withTreeHash: () => Promise.resolve([]),
    page: () => Promise.resolve({ rows: [], next: null }),
  };
}

export function matchAsJson({ directory, files, groups }: Match) {
  return {
    directory,
    files: files.map((each) => ({
      ...nameAsJson(each),
      size: each.size,
      treeHash: each.treeHash,
      format: each.format,
      archives: each.archives.map(({ vaultName, vault, id, name, createdAt }) => ({
        ...{ vault: vaultName ?? vault, id, name },
        createdAt: createdAt === null ? null : new Date(createdAt).toISOString(),
      })),
      staged: each.staged.map(({ run, piece }) => ({
        run: run.run.run,
        tree: piece.tree,
        piece: piece.name,
      })),
      ...(each.inside && { inside: each.inside }),
      ...(each.damage && { damage: damageAsJson(each.damage) }),
    })),
    groups: groups.map(({ name, orderedBy, files: row, missing, warnings, line }) => ({
      ...{ name, orderedBy, files: row.map((each) => nameAsJson(each).file), missing, warnings, line },
    })),
  };
}

/** A name that is no UTF-8 stands there with its bytes, too. */
function nameAsJson({ file }: MatchedFile): { file: string; fileHex?: string } {
  const text = file.toString('utf8');
  return Buffer.from(text).equals(file) ? { file: text } : { file: text, fileHex: file.toString('hex') };
}

function damageAsJson(damage: Damage) {
  if (damage.kind !== 'size') return damage;
  return { kind: damage.kind, archives: damage.archives.map(({ vault, id, name }) => ({ vault, id, name })) };
}

export function matchReport({ files, groups }: Match): string {
  const lines: string[] = [];
  for (const group of groups) {
    const inOrder = group.files.length === 1 ? '' : `, ${orderWords[group.orderedBy]}`;
    lines.push(`${shown(group.name)}: ${count(group.files.length, 'piece')}${inOrder}`);
    for (const text of group.warnings) lines.push(`  ! ${shown(text)}`);
    for (const name of group.missing) lines.push(`  missing: ${shown(name)}`);
    if (group.line === null && group.missing.length > 0)
      lines.push('  It cannot be put back while a piece is missing.');
    else if (group.line === null)
      lines.push('  It is the file itself, and only needs its name. Nothing has to be unpacked.');
    else lines.push('', `  ${group.line}`);
    lines.push('');
  }
  for (const { file, size, damage } of files.filter((each) => each.damage !== undefined))
    lines.push(`${shown(shellPath(file))} (${formatBytes(size)}) is damaged: ${shown(damageWords(damage!))}`);
  const unknown = files.filter((each) => isUnknown(each));
  for (const { file, size } of unknown)
    lines.push(`${shown(shellPath(file))} (${formatBytes(size)}) is none of what is known.`);
  if (files.length === 0) lines.push('There is no file in it.');
  if (unknown.length > 0)
    lines.push(
      '',
      'Known are the journals of `stage` and what `archives import` took in: is an inventory missing?',
    );
  return `${lines.join('\n').trimEnd()}\n`;
}

function isUnknown({ archives, staged, damage }: MatchedFile): boolean {
  return archives.length === 0 && staged.length === 0 && damage === undefined;
}

const orderWords = {
  journal: 'in the order of the journal',
  'upload-log': 'in the order of the upload’s log',
  'gpg-name': 'in the order of the names that gpg wrote into them',
  name: 'in the order of their names',
  created: 'in the order of their dates',
} as const;

function damageWords(damage: Damage): string {
  if (damage.kind === 'cut')
    return `it is the beginning of ${damage.piece} of run ${damage.run}, which has ${damage.size} bytes.`;
  if (damage.kind === 'size')
    return `it has the size of ${damage.archives.map(({ name, id }) => name || id).join(' or ')}, and other bytes.`;
  const where = damage.chunks.map((chunk) => `${chunk + 1}`).slice(0, 20);
  const many = damage.chunks.length > 20 ? ' and more' : '';
  return `it is ${damage.piece} of run ${damage.run}, but MiB ${where.join(', ')}${many} of ${damage.of} changed (from byte ${(damage.chunks[0] ?? 0) * 1_048_576}).`;
}

function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? '' : 's'}`;
}
