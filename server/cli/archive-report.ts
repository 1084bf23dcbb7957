import { shown } from '../../lib/archive/safe-text.ts';
import type { ArchiveView, Imported, ImportProgress, VaultView } from '../archives/catalogue.ts';

/** Archives for people on a terminal. */

const units = ['B', 'KB', 'MB', 'GB', 'TB', 'PB'];

/** Decimal, three figures: 18.2 GB. */
export function formatBytes(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  const text = unit === 0 ? String(value) : value.toFixed(value < 9.995 ? 2 : value < 99.95 ? 1 : 0);
  return `${text} ${units[unit] ?? ''}`;
}

export function importReport(imported: Imported): string {
  const { kind, vault, inventoryAt, rows, inserted, gone, stale, mapping } = imported;
  if (mapping !== undefined) return mappingReport(rows, mapping);
  const what = kind === 'upload-log' ? 'upload' : 'archive';
  const of = vault === null ? '' : ` of ${vault.name ?? vault.key}`;
  const asOf = inventoryAt === null ? '' : `, as AWS counted on ${day(inventoryAt)}`;
  const lines = [`${plural(rows, what)}${of}${asOf}.`];
  if (stale) lines.push('A newer inventory of this vault is known: nothing was changed.');
  else
    lines.push(
      `${inserted === rows ? 'All' : inserted} of them ${inserted === 1 && rows !== 1 ? 'is' : 'are'} new here.`,
    );
  if (vault === null && kind !== 'upload-log')
    lines.push('The file does not say of which vault: import it again with --vault NAME if you know.');
  if (gone > 0)
    lines.push(
      `${plural(gone, 'archive')} known before ${gone === 1 ? 'is' : 'are'} not in it, and no longer listed.`,
      'If the file is only a part of the inventory, import the others again with --part.',
    );
  return `${lines.join('\n')}\n`;
}

function mappingReport(rows: number, { listed, task, host }: NonNullable<Imported['mapping']>): string {
  const by = [task === null ? '' : ` of the task ${shown(task)}`, host === null ? '' : ` on ${shown(host)}`];
  const lines = [`${plural(rows, 'name')} from Synology’s mapping${by.join('')}.`];
  if (listed === rows) lines.push('All of their archives are listed here.');
  else
    lines.push(
      `${listed} of their archives ${listed === 1 ? 'is' : 'are'} listed here. The others have their names once an inventory lists them.`,
    );
  return `${lines.join('\n')}\n`;
}

/** What should be got back before anything else, so that archives have names. */
export function mappingHint({ name, mapping }: VaultView, vaults: readonly VaultView[]): string {
  if (mapping === undefined) return '';
  const other = vaults.find(({ key }) => key === mapping.vault)?.name ?? mapping.vault;
  const which =
    mapping.archive === null
      ? 'Ask for its inventory first: latchkey archives inventory'
      : `Get its newest archive back before any other, and take it in: latchkey archives import FILE\n    ${shown(mapping.archive)}`;
  return `Synology keeps the names of ${shown(name ?? '')} in the vault ${shown(other)}. ${which}\n`;
}

export function progressLine({ bytes, ofBytes, rows, finishing }: ImportProgress, seconds: number): string {
  if (finishing) return `${rows} rows read, indexing their names`;
  const share =
    ofBytes === undefined || ofBytes === 0
      ? ''
      : ` of ${formatBytes(ofBytes)}, ${Math.floor((bytes / ofBytes) * 100)} %`;
  const rate = seconds > 0.5 ? `, ${Math.round(rows / seconds)} a second` : '';
  return `${formatBytes(bytes)}${share}, ${rows} rows${rate}`;
}

export function listLine(row: ArchiveView): string {
  const created = row.createdAt === null ? '?'.padEnd(10) : day(row.createdAt);
  const size = (row.size === null ? '?' : formatBytes(row.size)).padStart(8);
  const name = row.name === '' ? '(no description)' : shown(row.name);
  const until = row.until === null ? '' : ` until ${new Date(row.until).toISOString().slice(0, 16)}Z`;
  return `${created}  ${size}  ${row.state}${until}  ${row.vaultName ?? '?'}  ${name}\n    ${shown(row.id)}\n`;
}

function day(at: number): string {
  return new Date(at).toISOString().slice(0, 10);
}

function plural(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}
