import type { Database } from 'better-sqlite3';
import { setTimeout as sleep } from 'node:timers/promises';
import type { BanEvidence, EvidenceLine } from '../../lib/ban.ts';
import type { BanFacts } from './source.ts';

/**
 * What fail2ban's database adds to what its socket tells: times banned, failures, the lines that did it. Optional in
 * every way: without a database, without the package, while fail2ban writes, there is simply less to tell.
 *
 * Read-only, by the indexes, a few rows at a time: the helper has one thread too.
 */
export interface Fail2banDatabase {
  /** By value; what is not known is left out. */
  facts(jail: string, values: readonly string[]): Promise<ReadonlyMap<string, BanFacts>>;
  evidence(jail: string, value: string): Promise<BanEvidence>;
  close(): void;
}

/** fail2ban holds its lock for a row's writing: soon over, and never waited for with this thread held. */
const triesMs = [0, 15, 40, 100];
const mostLines = 10;
const longestLine = 300;
const mostRead = 500;
/** One row's `data`; with dbmaxmatches 10 it is a few kB, and an attacker chooses how long its lines are. */
const longestData = 256 * 1024;

interface Row {
  readonly ip: string;
  readonly bancount: number | null;
  readonly failures: number | null;
}

export function openFail2banDatabase(path: string): Fail2banDatabase {
  let database: Database | undefined;
  let unusable = false;

  async function opened(): Promise<Database | undefined> {
    if (database !== undefined || unusable) return database;
    const load = await import('better-sqlite3').catch(() => undefined);
    if (load === undefined) unusable = true;
    else if (database === undefined) {
      database = new load.default(path, { readonly: true, fileMustExist: true, timeout: 0 });
      // Its size is fail2ban's to choose: read what is needed, keep little of it.
      database.pragma('cache_size = -1024');
      database.pragma('trusted_schema = OFF');
    }
    return database;
  }

  async function read<T>(work: (database: Database) => T): Promise<T | undefined> {
    for (const wait of triesMs) {
      if (wait > 0) await sleep(wait);
      try {
        const open = await opened();
        return open === undefined ? undefined : work(open);
      } catch (error) {
        // Replaced, moved, or another schema: opened anew at the next question.
        if ((error as { code?: string }).code !== 'SQLITE_BUSY') {
          close();
          return undefined;
        }
      }
    }
    return undefined;
  }

  function close(): void {
    database?.close();
    database = undefined;
  }

  return {
    async facts(jail, values) {
      const rows = await read(
        (open) =>
          open
            .prepare(
              `SELECT ip, bancount, CASE WHEN length(data) <= ${longestData} AND json_valid(data)
                 THEN json_extract(data, '$.failures') END AS failures
               FROM bips WHERE jail = ? AND ip IN (${values.map(() => '?').join(',')})`,
            )
            .all(jail, ...values) as Row[],
      );
      return new Map((rows ?? []).map(({ ip, bancount, failures }) => [ip, factsOf(bancount, failures)]));
    },
    async evidence(jail, value) {
      const row = await read(
        (open) =>
          open
            .prepare(
              `SELECT bancount, substr(data, 1, ${longestData}) AS data FROM bips WHERE jail = ? AND ip = ?`,
            )
            .get(jail, value) as { bancount: number | null; data: string | Buffer | null } | undefined,
      );
      return row === undefined ? { lines: [] } : evidenceOf(row.bancount, String(row.data ?? ''));
    },
    close,
  };
}

function factsOf(count: unknown, failures: unknown): BanFacts {
  return {
    ...(isCount(failures) ? { failures } : {}),
    ...(isCount(count) ? { times: count } : {}),
  };
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

/** What fail2ban wrote of one ban: JSON, of which the lines are the attacker's. Never throws. */
export function evidenceOf(count: unknown, json: string): BanEvidence {
  let data: unknown;
  try {
    data = JSON.parse(json);
  } catch {
    data = undefined;
  }
  const { matches, failures } = (typeof data === 'object' && data !== null ? data : {}) as {
    matches?: unknown;
    failures?: unknown;
  };
  const { times, ...rest } = factsOf(count, failures);
  return {
    ...(times === undefined ? {} : { count: times }),
    ...rest,
    lines: (Array.isArray(matches) ? (matches as unknown[]) : []).slice(-mostLines).map(lineOf),
  };
}

/** A match is the whole line, or its parts before, in and after the date. */
function lineOf(match: unknown): EvidenceLine {
  const parts = (Array.isArray(match) ? (match as unknown[]) : [match]).filter(
    (part): part is string => typeof part === 'string',
  );
  const line = parts.join('');
  // Of a name of 10 kB the middle tells nothing; what stands behind it tells that it is a name.
  const both = line.length <= 2 * mostRead ? line : line.slice(0, mostRead) + line.slice(-mostRead);
  return { text: cut(line, longestLine), ...tried(both) };
}

/** sshd's own words (auth.c, auth-pam.c); from the message's start, since the rest is the client's to write. */
const sshd = /(?:^|\s)sshd(?:-session)?\[\d+\]:\s*(.*)$/s;
const shapes: readonly [RegExp, method?: string][] = [
  [/^Failed (\S{1,32}) for (?:invalid user )?(.*) from \S+(?: port \d+)?(?: ssh2.*)?$/s],
  [/^Invalid user (.*) from \S+(?: port \d+)?$/s, ''],
  [
    /^(?:Disconnected from|Connection closed by|Connection reset by) (?:invalid|authenticating) user (.*) \S+ port \d+ \[preauth\]$/s,
    '',
  ],
  [/^User (.*) from \S+ not allowed because .*$/s, ''],
];

function tried(text: string): { user?: string; method?: string } {
  const message = sshd.exec(text)?.[1];
  if (message === undefined) return {};
  if (/^Received disconnect from \S+(?: port \d+)?:\s*11: /.test(message)) return { method: 'zombie' };
  for (const [shape, method] of shapes) {
    const found = shape.exec(message);
    if (found === null) continue;
    const user = cut(found[method === undefined ? 2 : 1] ?? '', 64);
    const how = method ?? found[1];
    return { user, ...(how === undefined || how === '' ? {} : { method: how }) };
  }
  return {};
}

/** Whole characters. */
function cut(text: string, longest: number): string {
  if (text.length <= longest) return text;
  return text.slice(0, longest - 1).replace(/[\ud800-\udbff]$/, '') + '…';
}
