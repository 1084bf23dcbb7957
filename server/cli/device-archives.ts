import { shown } from '../../lib/archive/safe-text.ts';
import type { Client } from '../../lib/client/client.ts';
import { sentenceOf, isErrorCode, LatchkeyError } from '../../lib/errors.ts';
import { archivePage, type ArchiveRow, type ArchiveVault } from '../../lib/protocol/archives.ts';
import type { ResultOf } from '../../lib/protocol/message.ts';
import { withHome } from '../device/device.ts';
import { counted, print } from '../device/print.ts';
import { formatBytes } from './archive-report.ts';
import { folder, whole, type Common } from './device-options.ts';
import { printable } from './pair.ts';

/** `latchkey device archives` and `device archives inventory`. Names are text of others. */

function rowLines(row: ArchiveRow, names: ReadonlyMap<string, string>): string[] {
  const created = row.createdAt === undefined ? '?'.padEnd(10) : day(row.createdAt);
  const size = (row.size === undefined ? '?' : formatBytes(row.size)).padStart(8);
  const name = row.name === '' ? '(no description)' : `${shown(row.name)}${row.cut === true ? '…' : ''}`;
  const until = row.until === undefined ? '' : ` until ${stamp(row.until)}`;
  const vault = names.get(row.vault) ?? row.vault;
  return [`${created}  ${size}  ${row.state}${until}  ${printable(vault)}  ${name}`, `    ${shown(row.id)}`];
}

function vaultLine(
  { vault, name = '?', region, archives, bytes, countedAt, unlisted }: ArchiveVault,
  asked: ReadonlySet<string>,
): string {
  const where = region === undefined ? '' : ` (${printable(region)})`;
  const asOf = countedAt === undefined ? ', never counted' : `, as of ${stamp(countedAt)}`;
  const list = unlisted === true && !asked.has(vault) ? '; its list was never asked for' : '';
  return `${printable(name)}${where}: ${counted(archives, 'archive')}, ${formatBytes(bytes)}${asOf}${list}`;
}

function inventoryLine(
  { vault, status, askedMs, message }: ResultOf<'archives'>['inventories'][number],
  names: ReadonlyMap<string, string>,
): string {
  const name = printable(names.get(vault) ?? vault);
  if (status === 'failed') return `No list of ${name}: ${printable(message ?? 'AWS gave no reason')}`;
  const state = { asking: 'being asked for', running: 'made by AWS', ready: 'on its way' }[status];
  return `The list of ${name} is ${state}, asked ${Math.round(askedMs / 60_000)} min ago`;
}

function problemLine({ source, code }: ResultOf<'archives'>['problems'][number]): string {
  return `${printable(source)}: ${isErrorCode(code) ? sentenceOf(code) : printable(code)}`;
}

function day(at: number): string {
  return new Date(at).toISOString().slice(0, 10);
}

function stamp(at: number): string {
  return `${new Date(at).toISOString().slice(0, 16).replace('T', ' ')}Z`;
}

/** By its name, or key. Throws `config-missing`, `config-usage` where several have the name. */
export function keyOf(wanted: string, vaults: readonly ArchiveVault[]): string {
  const found = vaults.filter(({ vault, name }) => vault === wanted || name === wanted);
  const [one] = found;
  if (found.length > 1)
    throw new LatchkeyError('config-usage', found.map(({ vault }) => printable(vault)).join(' or '));
  if (one === undefined && !wanted.startsWith('arn:'))
    throw new LatchkeyError('config-missing', `no vault "${printable(wanted)}"`);
  return one?.vault ?? wanted;
}

/** Pages until there are as many as asked for; each is as long as one message holds. */
async function readRows(
  client: Client,
  which: { vault?: string; search?: string },
  limit: number,
): Promise<{ rows: ArchiveRow[]; count?: number }> {
  const rows: ArchiveRow[] = [];
  let count: number | undefined;
  let after: string | undefined;
  do {
    const left = Math.min(archivePage, limit - rows.length);
    const from = after === undefined ? {} : { after };
    const { value: page } = await client.archives.list({ ...which, ...from, limit: left });
    rows.push(...page.rows);
    count ??= page.count;
    after = page.next;
  } while (after !== undefined && rows.length < limit);
  return { rows, ...(count === undefined ? {} : { count }) };
}

export async function archives(
  options: Common & { vault?: string; search?: string; limit: string },
): Promise<void> {
  const limit = whole(options.limit, 1, 1000, '--limit');
  const { vault, search } = options;
  await withHome(folder(), options.home, async (client) => {
    const { type: _type, ...totals } = (await client.archives.totals()).value;
    const which = {
      ...(vault === undefined ? {} : { vault: keyOf(vault, totals.vaults) }),
      ...(search === undefined ? {} : { search }),
    };
    const { rows, count } = await readRows(client, which, limit);
    const names = new Map(totals.vaults.map(({ vault: key, name = key }) => [key, name]));
    const asked = new Set(totals.inventories.map((one) => one.vault));
    const asOf = totals.countedAt === undefined ? '' : `, as of ${stamp(totals.countedAt)}`;
    const found = search === undefined && vault === undefined ? undefined : (count ?? 'more than 10,000');
    print(options.json === true, { ...totals, ...(count === undefined ? {} : { count }), rows }, [
      ...totals.problems.map(problemLine),
      ...totals.inventories.map((one) => inventoryLine(one, names)),
      ...totals.vaults.map((one) => vaultLine(one, asked)),
      ...rows.flatMap((row) => rowLines(row, names)),
      ...(found === undefined ? [] : [`${found} found, ${rows.length} shown.`]),
      `${counted(totals.archives, 'archive')}, ${formatBytes(totals.bytes)} kept in ${counted(totals.vaults.length + totals.more, 'vault')}${asOf}.`,
    ]);
  });
}

export async function inventory(wanted: string | undefined, options: Common): Promise<void> {
  await withHome(folder(), options.home, async (client) => {
    const { vaults: known } = (await client.archives.totals()).value;
    const key = wanted === undefined ? undefined : keyOf(wanted, known);
    const { vaults } = (await client.archives.askInventory(key)).value;
    print(options.json === true, { vaults }, [
      vaults === 1
        ? 'The list of one vault is there or on its way.'
        : `The lists of ${vaults} vaults are there or on their way.`,
      'AWS takes 3 to 5 hours; the home waits for it, and says in Activity when it is here.',
    ]);
  });
}
