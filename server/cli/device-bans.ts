import { LatchkeyError } from '../../lib/errors.ts';
import { formatClock } from '../../lib/duration.ts';
import { banPage, type BanHit, type BanRow, type BanSourceView } from '../../lib/protocol/bans.ts';
import type { Client } from '../../lib/client/client.ts';
import { withHome } from '../device/device.ts';
import { print } from '../device/print.ts';
import { folder, whole, type Common } from './device-options.ts';
import { errorLine } from './fail.ts';
import { printable } from './pair.ts';

/** `latchkey device bans`, `unban` and `attacks`. What a jail or a log says is text of others. */

function hitLine({ value, jail, source, since, leftMs, permanent }: BanHit): string {
  const began = since === undefined ? '' : `  since ${stamp(since)}`;
  const left =
    permanent === true ? ', for good' : leftMs === undefined ? '' : `, ${formatClock(leftMs)} left`;
  return `${printable(value).padEnd(39)}  ${printable(jail)} (${source})${began}${left}`;
}

function rowLine(row: BanRow): string {
  const failures = row.failures === undefined ? '' : `, ${row.failures} failures`;
  const times = row.times === undefined || row.times < 2 ? '' : `, banned ${row.times} times`;
  return `${hitLine(row)}${failures}${times}`;
}

function stamp(at: number): string {
  return new Date(at).toISOString().replace('T', ' ').slice(0, 19);
}

function midnight(): number {
  return new Date().setHours(0, 0, 0, 0);
}

/** Pages until there are as many as asked for; each is as long as one message holds. */
async function readList(
  client: Client,
  which: { jail?: string; search?: string },
  limit: number,
): Promise<{ total: number; rows: BanRow[] }> {
  const rows: BanRow[] = [];
  for (;;) {
    const left = Math.min(banPage, limit - rows.length);
    const { value: page } = await client.banList({ ...which, from: rows.length, limit: left });
    rows.push(...page.rows);
    if (page.rows.length === 0 || rows.length >= Math.min(limit, page.total))
      return { total: page.total, rows };
  }
}

export async function bans(
  options: Common & { jail?: string; search?: string; limit: string },
): Promise<void> {
  const limit = whole(options.limit, 1, 1000, '--limit');
  const { jail, search } = options;
  const which = { ...(jail === undefined ? {} : { jail }), ...(search === undefined ? {} : { search }) };
  await withHome(folder(), options.home, async (client) => {
    const seen = await client.seenFrom().catch(() => undefined);
    const [summary, list] = await Promise.all([
      client.bans(seen === undefined ? [] : [seen], midnight()),
      readList(client, which, limit),
    ]);
    const { sources, jails, today, own, floods } = summary.value;
    const value = { total: list.total, today, sources, jails, own, floods, bans: list.rows };
    const mine = own.flatMap(({ address, hits, again }) =>
      hits.map((hit) => `This device (${address}) is banned${again ? ' again' : ''}: ${hitLine(hit)}`),
    );
    const rest = list.total - list.rows.length;
    const deaf = jails.flatMap(({ jail: name, trouble }) =>
      trouble === undefined ? [] : [`${printable(name)}: ${jailTrouble[trouble]}`],
    );
    print(options.json === true, value, [
      ...sourceLines(sources),
      ...deaf,
      ...mine,
      ...list.rows.map(rowLine),
      ...(sources.length === 0
        ? []
        : [`${list.total} banned, ${today} new today${rest > 0 ? `; ${rest} more are not shown` : ''}.`]),
    ]);
  });
}

/** Why a list that is empty need not mean that nobody is banned. */
function sourceLines(sources: readonly BanSourceView[]): string[] {
  if (sources.length === 0)
    return ['This home has nothing that bans, or none that it was told of: see server/bans/README.md.'];
  return sources.flatMap(({ source, problem }) =>
    problem === undefined
      ? []
      : [`${source} cannot be read: ${problem}. Nobody is known to be protected by it.`],
  );
}

const jailTrouble = {
  deaf: 'the log has failures, and it counts none of them.',
  'no-rule': 'it bans, and no rule of the firewall turns those away.',
} as const;

export async function unban(value: string, options: Common): Promise<void> {
  await withHome(folder(), options.home, async (client) => {
    const answer = (await client.unban(value)).value;
    const { lifted, left, comesBack } = answer;
    const isNone = lifted.length === 0 && left.length === 0;
    // The answer stands, whether or not the home can be asked once more.
    const asked = isNone ? await client.bans([], midnight()).catch(() => undefined) : undefined;
    const unseen = asked === undefined ? [] : sourceLines(asked.value.sources);
    const code = left.length > 0 ? 'tool-still-banned' : comesBack ? 'tool-comes-back' : undefined;
    const still = code === undefined ? undefined : new LatchkeyError(code, printable(value));
    print(
      options.json === true,
      { value, lifted, left, ...(still === undefined ? {} : { code: still.code }) },
      [
        ...lifted.map((hit) => `Lifted: ${hitLine(hit)}`),
        ...left.map((hit) => `Still banned: ${hitLine(hit)}`),
        ...unseen,
        ...(isNone ? [noneLine(printable(value), unseen.length > 0)] : []),
      ],
    );
    if (still === undefined) return;
    process.stderr.write(`${errorLine(still)}\n`);
    process.exitCode = 1;
  });
}

function noneLine(value: string, isUnsure: boolean): string {
  return isUnsure ? `Nothing was lifted for ${value}.` : `${value} is not banned.`;
}

const attackWords = {
  failed: 'logins refused',
  zombie: 'clients that only hang up',
  noise: 'TLS handshakes that failed, without an address',
} as const;

export async function attacks(options: Common): Promise<void> {
  await withHome(folder(), options.home, async (client) => {
    const { hours, recent, reads } = (await client.attacks()).value;
    const hourLine = ({ hour, kind, count, addresses }: (typeof hours)[number]): string =>
      `${stamp(hour)}  ${String(count).padStart(6)}  ${attackWords[kind]}${addresses > 0 ? `, from ${addresses} addresses` : ''}`;
    const recentLine = ({ at, kind, address, user, text }: (typeof recent)[number]): string =>
      [stamp(at), kind, address, user, text]
        .filter((part) => part !== undefined)
        .map(printable)
        .join('  ');
    print(options.json === true, { reads, hours, recent }, [
      ...(reads ? [] : ['No log can be read at home: that nothing is seen means nothing.']),
      ...(reads && hours.length === 0 ? ['Nothing was tried in the last 24 hours.'] : []),
      ...hours.map(hourLine),
      ...recent.map(recentLine),
    ]);
  });
}
