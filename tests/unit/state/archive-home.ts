import { HomeArchives } from '../../../app/_state/home-archives.ts';
import type { ArchivesState } from '../../../app/_state/archive-types.ts';
import { LatchkeyError, type ErrorCode } from '../../../lib/errors.ts';
import { fromBase64 } from '../../../lib/protocol/bytes.ts';
import type { ArchiveRow } from '../../../lib/protocol/archives.ts';
import type { Request, RequestOf, Result, ResultOf } from '../../../lib/protocol/message.ts';
import { settle } from '../client/clock.ts';
import { page, type Page } from './page.ts';

type Totals = ResultOf<'archives'>;

export function rowsOf(count: number, from = 0): ArchiveRow[] {
  return Array.from({ length: count }, (_, i) => ({
    vault: 'vaults/photos',
    id: `id${String(from + i).padStart(7, '0')}`,
    name: `Photos ${from + i}`,
    size: 1000 + i,
    createdAt: 1_700_000_000_000 - (from + i) * 1000,
    state: 'archived' as const,
  }));
}

/** A home in memory with archives: pages by cursor, of as many rows as fit, and one file at a time. */
export class ArchiveRoom {
  rows: ArchiveRow[] = [];
  revision = 1;
  totals: Partial<Totals> = {};
  fails: ErrorCode | undefined;
  /** Rows that one answer holds. */
  fits = 50;
  /** What has arrived of a file, and how often the end of it is not told yet. */
  file: Uint8Array[] = [];
  working = 0;
  inventories = 1;

  answer(request: Request): Result | undefined {
    if (this.fails !== undefined && request.type !== 'doors') throw new LatchkeyError(this.fails);
    switch (request.type) {
      case 'archives':
        return {
          type: 'archives',
          revision: this.revision,
          archives: this.rows.length,
          bytes: 1_840_000_000_000,
          unsized: 0,
          vaults: [{ vault: 'vaults/photos', kind: 'vault', name: 'photos', archives: 1, bytes: 1 }],
          more: 0,
          years: [],
          inventories: [],
          problems: [],
          mayRestore: true,
          ...this.totals,
        };
      case 'archiveList':
        return this.list(request);
      case 'archive': {
        const row = this.rows.find(({ id }) => id === request.id);
        if (row === undefined) return { type: 'archive' };
        const archive = { ...row, description: row.name, dialect: 'plain', storageClass: 'VAULT' } as const;
        return { type: 'archive', archive };
      }
      case 'inventory':
        return { type: 'inventoryAsked', vaults: this.inventories };
      case 'importBegin':
        this.file = [];
        return { type: 'importing', import: request.id, at: 0 };
      case 'importPart': {
        if (request.at === this.arrived) this.file.push(fromBase64(request.bytes));
        return { type: 'importing', import: request.import, at: this.arrived };
      }
      case 'importEnd':
        if (this.working > 0) {
          this.working -= 1;
          throw new LatchkeyError('archives-working');
        }
        return { type: 'imported', import: request.import, rows: 2, inserted: 1, gone: 0, stale: false };
      case 'importStop':
        return { type: 'importing', import: request.import, at: this.arrived };
      default:
        return undefined;
    }
  }

  get arrived(): number {
    return this.file.reduce((sum, part) => sum + part.length, 0);
  }

  private list({ search, active, after, limit, whole }: RequestOf<'archiveList'>): ResultOf<'archiveList'> {
    const found = this.rows
      .filter(({ name, state }) => name.includes(search ?? '') && (active !== true || state !== 'archived'))
      .filter(({ id }) => after === undefined || id > after);
    const rows = found.slice(0, Math.min(limit, this.fits));
    const last = rows.at(-1);
    return {
      type: 'archiveList',
      revision: this.revision,
      rows: rows.map((row) =>
        whole === true ? { ...row, whole: { dialect: 'plain', treeHash: 'a'.repeat(64) } } : row,
      ),
      ...(last !== undefined && found.length > rows.length ? { next: last.id } : {}),
      ...(after === undefined ? { count: found.length } : {}),
    };
  }
}

export interface ArchivePage extends Page {
  readonly room: ArchiveRoom;
  readonly archives: HomeArchives;
  readonly state: () => ArchivesState;
  readonly asked: (type: Request['type']) => Request[];
  /** The home tells that something is another. */
  readonly say: () => Promise<void>;
}

/** A page whose home answers; its archives are not opened yet. */
export async function archivePageOf(): Promise<ArchivePage> {
  const made = page();
  const room = new ArchiveRoom();
  made.home.more = (request) => room.answer(request);
  await settle();
  const line = made.store.lineOf(made.homeState().id);
  if (line === undefined) throw new Error('no home');
  const archives = new HomeArchives(line);
  return {
    ...made,
    room,
    archives,
    state: archives.get,
    asked: (type) => made.home.requests.filter((request) => request.type === type),
    say: async () => {
      await made.clock.pass(5);
      made.home.push({ type: 'archives', revision: room.revision });
      await settle();
    },
  };
}
