import { LatchkeyError, type ErrorCode } from '../../../lib/errors.ts';
import type { BanHit, BanRow } from '../../../lib/protocol/bans.ts';
import type { Request, Result, ResultOf } from '../../../lib/protocol/message.ts';
import { page, type Page } from './page.ts';

type Summary = ResultOf<'bans'>;

/** How bans stand at a home in memory: what the screens ask is answered from here. */
export class BanRoom {
  rows: BanRow[] = [];
  own: Summary['own'] = [];
  revision = 1;
  mayUnban = true;
  fails: ErrorCode | undefined;
  readonly lifted = new Map<string, BanHit[]>();
  summary: Partial<Summary> = {};

  answer(request: Request): Result | undefined {
    if (this.fails !== undefined && request.type !== 'doors') throw new LatchkeyError(this.fails);
    switch (request.type) {
      case 'bans':
        return {
          type: 'bans',
          revision: this.revision,
          sources: [{ source: 'fail2ban', kind: 'fail2ban', canUnban: true, readMs: 0 }],
          jails: [{ source: 'fail2ban', jail: 'sshd', banned: this.rows.length, today: 0 }],
          more: 0,
          total: this.rows.length,
          today: 0,
          own: this.own,
          floods: [],
          mayUnban: this.mayUnban,
          ...this.summary,
        };
      case 'banList': {
        const { search = '', jail, from, limit } = request;
        const found = this.rows.filter(
          (row) => row.value.startsWith(search) && (jail === undefined || row.jail === jail),
        );
        const rows = found.slice(from, from + limit);
        return { type: 'banList', revision: this.revision, total: found.length, from, rows };
      }
      case 'ban':
        return { type: 'ban', times: 1, lines: [], also: [] };
      case 'banCounts':
        return { type: 'banCounts', jails: [], knownSince: 0 };
      case 'banNetworks': {
        const rows = [...Array(250).keys()].map((i) => ({ network: `10.0.${i}.0/24`, count: 300 - i }));
        const { from, limit } = request;
        return { type: 'banNetworks', revision: 1, total: 250, from, rows: rows.slice(from, from + limit) };
      }
      case 'attacks':
        return { type: 'attacks', hours: [], recent: [], reads: true };
      case 'unban':
        return this.unban(request.id, request.value);
      case 'reban': {
        const hits = this.lifted.get(request.unban) ?? [];
        this.rows = [...hits, ...this.rows];
        this.revision += 1;
        return { type: 'rebanned', value: hits[0]?.value ?? '', hits };
      }
      default:
        return undefined;
    }
  }

  private unban(id: string, value: string): Result {
    const lifted = [
      ...this.rows.filter((row) => row.value === value),
      ...this.own.flatMap(({ hits }) => hits.filter((hit) => hit.value === value)),
    ];
    this.lifted.set(id, lifted);
    this.rows = this.rows.filter((row) => row.value !== value);
    this.own = this.own.map((one) => ({ ...one, hits: one.hits.filter((hit) => hit.value !== value) }));
    this.revision += 1;
    const left = this.own.flatMap(({ address, hits }) => (address === value ? hits : []));
    return { type: 'unbanned', value, lifted, left, undoMs: 120_000 };
  }
}

export function addresses(count: number, from = 0): BanRow[] {
  return Array.from({ length: count }, (_, i) => ({
    source: 'fail2ban',
    jail: 'sshd',
    value: `10.${((i + from) >> 16) & 255}.${((i + from) >> 8) & 255}.${(i + from) & 255}`,
    leftMs: 600_000,
  }));
}

export function banPageOf(): Page & { readonly room: BanRoom } {
  const made = page();
  const room = new BanRoom();
  made.home.more = (request) => room.answer(request);
  return { ...made, room };
}
