import type { Command } from 'commander';
import { InvalidArgumentError } from 'commander';
import { closeSync, existsSync, fstatSync, lstatSync, openSync } from 'node:fs';
import path from 'node:path';
import { unknownVault } from '../../lib/archive.ts';
import { csvHeader, csvLine, type Exported } from '../../lib/archive/export.ts';
import { shown } from '../../lib/archive/safe-text.ts';
import { LatchkeyError } from '../../lib/errors.ts';
import type { ArchiveView, Catalogue, Imported, ImportProgress, PageQuery } from '../archives/catalogue.ts';
import { openCatalogue } from '../archives/open.ts';
import { dropTo } from '../drop.ts';
import { privateFolder } from '../files.ts';
import { folders } from '../folders.ts';
import { formatBytes, importReport, listLine, mappingHint, progressLine } from './archive-report.ts';
import { registerJobs } from './archives-jobs.ts';
import { registerMatch } from './archives-match.ts';
import { registerRestore } from './archives-restore.ts';
import { registerStage } from './archives-stage.ts';
import { registerUpload } from './archives-upload.ts';
import { serveKnown } from './known-archives.ts';
import { writeAll } from './output.ts';

interface ListOptions {
  readonly vault?: string;
  readonly search?: string;
  readonly json?: boolean;
}

export function register(program: Command): void {
  const archives = program.command('archives').description('what lies in Glacier');
  archives
    .command('import <file>')
    .description(
      'takes an inventory in (JSON or AWS’s CSV), what upload-archive printed, or Synology’s mapping',
    )
    .option('--vault <name>', 'its vault, by name or ARN, where the file does not say')
    .option('--part', 'only a part of an inventory (by date or by limit): what it does not list stays')
    .option('--json')
    .action(importOne);
  archives
    .command('list')
    .description('what is known, newest first')
    .option('--vault <name>', 'only this vault, by name or ARN')
    .option('--search <text>', 'words of the name, or at least 8 letters of the beginning of an id')
    .option('--json')
    .action(list);
  archives
    .command('export')
    .description('the same as a file for other programs, on stdout')
    .option('--format <format>', 'json or csv', format, 'json')
    .option('--vault <name>', 'only this vault, by name or ARN')
    .option('--search <text>', 'words of the name, or at least 8 letters of the beginning of an id')
    .action(exportAll);
  registerMatch(archives);
  registerStage(archives);
  registerUpload(archives);
  registerJobs(archives);
  registerRestore(archives);
  // what root's upload starts, see known-archives.ts
  archives.command('clerk', { hidden: true }).action(serveKnown);
}

function format(text: string): 'json' | 'csv' {
  if (text !== 'json' && text !== 'csv') throw new InvalidArgumentError('json or csv.');
  return text;
}

async function importOne(
  file: string,
  options: { vault?: string; part?: boolean; json?: boolean },
): Promise<void> {
  const fd = openFile(file);
  try {
    const stat = fstatSync(fd);
    const catalogue = await openHere(true);
    const show = process.stderr.isTTY ? progressOn(process.stderr) : undefined;
    try {
      const imported = await catalogue.importFile(
        {
          fd,
          ...(stat.isFile() ? { size: stat.size } : {}),
          ...(options.vault === undefined ? {} : { vault: options.vault }),
          ...(options.part === undefined ? {} : { part: options.part }),
        },
        show?.tell,
      );
      show?.clear();
      print(imported, options.json === true);
    } catch (error) {
      show?.clear();
      throw error;
    } finally {
      await catalogue.close();
    }
  } finally {
    closeSync(fd);
  }
}

function print(imported: Imported, json: boolean): void {
  const { vault, inventoryAt, rows, inserted } = imported;
  // as AWS writes it: whole seconds without a fraction
  const inventoryDate =
    inventoryAt === null ? null : new Date(inventoryAt).toISOString().replace('.000Z', 'Z');
  if (json)
    process.stdout.write(
      `${JSON.stringify({ vault: vault?.name ?? null, inventoryDate, rows, inserted })}\n`,
    );
  else process.stdout.write(importReport(imported));
  if (json && imported.stale)
    process.stderr.write('A newer inventory of this vault is known: nothing was changed.\n');
}

/** One line that is written over; only on a terminal. */
function progressOn(stream: NodeJS.WriteStream): { tell(progress: ImportProgress): void; clear(): void } {
  const began = performance.now();
  return {
    tell(progress) {
      const line = progressLine(progress, (performance.now() - began) / 1000);
      stream.write(`\r\u001b[K${line.slice(0, Math.max((stream.columns || 80) - 1, 20))}`);
    },
    clear() {
      stream.write('\r\u001b[K');
    },
  };
}

async function list(options: ListOptions): Promise<void> {
  await writeAll(options.json === true ? json(options) : lines(options));
}

async function* lines(options: ListOptions): AsyncGenerator<string> {
  let count = 0;
  let bytes = 0;
  for await (const rows of everyPage(options)) {
    count += rows.length;
    for (const row of rows) bytes += row.size ?? 0;
    yield rows.map(listLine).join('');
  }
  const { vault, search } = options;
  yield count === 0 && (vault !== undefined || search !== undefined)
    ? 'No archive fits.\n'
    : count === 0
      ? 'No archive is known. Take an inventory in: latchkey archives import FILE\n'
      : `${count} ${count === 1 ? 'archive' : 'archives'}, ${formatBytes(bytes)}\n`;
  if (count > 0) yield await mappingHints(options.vault);
}

/** Of vaults whose names lie in another one that nobody has taken in. */
async function mappingHints(wanted: string | undefined): Promise<string> {
  const catalogue = await openHere(false);
  try {
    const vaults = await catalogue.vaults();
    return vaults
      .filter(({ key, name }) => wanted === undefined || key === wanted || name === wanted)
      .map((vault) => mappingHint(vault, vaults))
      .join('');
  } finally {
    await catalogue.close();
  }
}

async function exportAll(options: ListOptions & { readonly format: 'json' | 'csv' }): Promise<void> {
  await writeAll(options.format === 'json' ? json(options) : csv(options));
}

async function* csv(options: ListOptions): AsyncGenerator<string> {
  yield csvHeader;
  for await (const rows of everyPage(options)) yield rows.map((row) => csvLine(exported(row))).join('');
}

/** One list, row by row: a million archives need no memory for all of them. */
async function* json(options: ListOptions): AsyncGenerator<string> {
  // nothing is printed before the first page: a refusal has its own JSON
  let before = '[';
  for await (const rows of everyPage(options)) {
    const text = rows.map((row) => JSON.stringify(exported(row))).join(',\n');
    if (text === '') continue;
    yield `${before}${text}`;
    before = ',\n';
  }
  yield before === '[' ? '[]\n' : ']\n';
}

export function exported(row: ArchiveView): Exported {
  const { id, vaultName, name, description, dialect, size, createdAt, treeHash, state } = row;
  return {
    id,
    vault: vaultName,
    name,
    description,
    dialect,
    size,
    createdAt: createdAt === null ? null : new Date(createdAt).toISOString(),
    treeHash,
    state,
  };
}

async function* everyPage({ vault, search }: ListOptions): AsyncGenerator<readonly ArchiveView[]> {
  // nothing is made where nobody has imported yet
  if (!existsSync(databaseFile())) return;
  const catalogue = await openHere(false);
  try {
    for (const key of await keysOf(catalogue, vault)) {
      const query: PageQuery = {
        limit: 1000,
        ...(key === undefined ? {} : { vault: key }),
        ...(search === undefined ? {} : { search }),
      };
      let after: string | undefined;
      do {
        const page = await catalogue.page({ ...query, ...(after === undefined ? {} : { after }) });
        yield page.rows;
        after = page.next ?? undefined;
      } while (after !== undefined);
    }
  } finally {
    await catalogue.close();
  }
}

/** Undefined: all. A name may be of a vault in each of several regions. Throws `config-missing`. */
async function keysOf(catalogue: Catalogue, wanted: string | undefined): Promise<(string | undefined)[]> {
  if (wanted === undefined) return [undefined];
  const keys = (await catalogue.vaults())
    .filter(({ key, name }) => key !== unknownVault.key && (key === wanted || name === wanted))
    .map(({ key }) => key);
  if (keys.length === 0) throw new LatchkeyError('config-missing', `vault "${shown(wanted)}"`);
  return keys;
}

/** A file, or what a shell hands over as one. Throws `config-unreadable`. */
function openFile(file: string): number {
  let fd: number | undefined;
  try {
    fd = openSync(file, 'r');
    const stat = fstatSync(fd);
    if (stat.isFile() || stat.isFIFO()) return fd;
    throw new LatchkeyError('config-unreadable', `${file}: not a file`);
  } catch (cause) {
    if (fd !== undefined) closeSync(fd);
    if (cause instanceof LatchkeyError) throw cause;
    throw new LatchkeyError(
      'config-unreadable',
      `${file}: ${(cause as NodeJS.ErrnoException).code ?? String(cause)}`,
      {
        cause,
      },
    );
  }
}

export function databaseFile(): string {
  return path.join(folders().agent, 'archives.db');
}

/**
 * The database is the home agent's. Root becomes its user first, whose files SQLite then makes; the file to import is
 * open already.
 */
export function openHere(make: boolean): Promise<Catalogue> {
  const { agent } = folders();
  if (make && !existsSync(agent)) privateFolder(agent);
  const { uid, gid } = lstatSync(agent);
  if (process.getuid?.() === 0 && uid !== 0) dropTo({ uid, gid });
  return openCatalogue(path.join(agent, 'archives.db'));
}
