import type { RestoreRow, RestoreView } from '../../../lib/protocol/restores.ts';
import { day, type RestoresParts } from './engine.ts';
import type { RestoreItem, RestoreRecord } from './records.ts';
import { rowOf, viewOf } from './shown.ts';

interface Parts extends RestoresParts {
  readonly freeIn: () => Promise<number>;
  /** Of an item that comes down now. */
  readonly coming: (n: number) => { readonly down: number; readonly rate: number | undefined } | undefined;
}

/** How the restore stands that is under way, else the last one. Changes nothing. */
export class Overview {
  private readonly parts: Parts;

  constructor(parts: Parts) {
    this.parts = parts;
  }

  /** Rows from `from` on, at most `limit`. */
  async view(
    from: number,
    limit: number,
  ): Promise<{ restore?: RestoreView; rows: RestoreRow[]; from: number }> {
    const { catalogue, now, prices, coming, freeIn } = this.parts;
    const record = await this.record();
    if (record === undefined) return { rows: [], from };
    const { restores } = catalogue;
    const sums = await restores.sums(record.id, now() - ((now() - record.startedAt) % day));
    const items = await restores.items({ restore: record.id, by: 'shown', from, limit });
    const table = prices();
    const rows = await Promise.all(
      items.map(async (item) => {
        const parts =
          item.parts === 1
            ? [item]
            : await restores.items({ restore: record.id, by: 'whole', whole: item.whole, limit: item.parts });
        const down = parts.reduce((sum, part) => sum + (coming(part.n)?.down ?? part.down), 0);
        return rowOf(item, record, { down, rate: coming(item.n)?.rate, sums, prices: table });
      }),
    );
    return {
      restore: viewOf(record, sums, { now: now(), prices: table, free: Math.max(0, await freeIn()) }),
      rows,
      from,
    };
  }

  /** Where it writes; undefined: there never was one. */
  async folder(): Promise<string | undefined> {
    return (await this.record())?.folder;
  }

  /** What came back into that folder, of earlier restores too: from the item `first` on, at most `limit`. */
  async back(first: number, limit: number): Promise<RestoreItem[]> {
    const record = await this.record();
    if (record === undefined) return [];
    return this.parts.catalogue.restores.items({ restore: record.id, by: 'back', first, limit });
  }

  private async record(): Promise<RestoreRecord | undefined> {
    const all = await this.parts.catalogue.restores.records();
    return all.find(({ status }) => status === 'running') ?? all[0];
  }
}
