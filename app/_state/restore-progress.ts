import type { Client } from '../../lib/client/client.ts';
import type { Moment } from '../../lib/client/doors.ts';
import type { Answer } from '../../lib/client/requests.ts';
import type { Clock } from '../../lib/client/transport.ts';
import { codeOf } from '../../lib/errors.ts';
import { restorePage, type RestoreRow, type RestoreView } from '../../lib/protocol/restores.ts';
import { Asked } from './asked.ts';
import { isPresent } from './present.ts';
import type { ProgressState, RestoreAct } from './restore-types.ts';

/** Pages that are kept up to date at most: who wants to see more of a vault has the terminal. */
const mostPages = 10;

interface Parts {
  readonly client: Pick<Client, 'archives'>;
  readonly clock: Clock;
  readonly changed: () => void;
}

interface Rows {
  readonly restore?: RestoreView;
  readonly rows: readonly RestoreRow[];
}

/** The restore that is under way or was last, its rows, and what is done about it. */
export class RestoreProgress {
  private readonly parts: Parts;
  private readonly rows: Asked<Rows>;
  private pages = 1;
  private acting: RestoreAct | undefined;
  private failed: ProgressState['failed'];
  /** What was asked for before this is the past. */
  private actedAt = -Infinity;

  constructor(parts: Parts) {
    this.parts = parts;
    this.rows = new Asked(parts.clock, parts.changed);
  }

  /** `outdatedAt`: what was asked for before that is the past. */
  state(moment: Moment, outdatedAt: number): ProgressState {
    const { acting, failed } = this;
    const { said, load } = this.rows.state(moment.now);
    const shown = said?.value.rows.length ?? 0;
    return {
      ...(said === undefined ? {} : { said }),
      fresh: isPresent(said?.at, moment, Math.max(this.actedAt, outdatedAt)),
      load,
      more: shown < (said?.value.restore?.archives ?? 0) && this.pages < mostPages,
      ...(acting === undefined ? {} : { acting }),
      ...(failed === undefined ? {} : { failed }),
    };
  }

  ask(): void {
    this.rows.ask(() => this.fetch());
  }

  more(): void {
    this.pages = Math.min(mostPages, this.pages + 1);
    this.ask();
  }

  act(what: RestoreAct, perDay?: number): Promise<void> {
    const { archives } = this.parts.client;
    return this.run(what, (restore) => {
      if (what === 'goOn') return archives.goOn(restore);
      if (what === 'cap') return archives.cap(restore, perDay);
      return archives.pause(restore, what === 'pauseNow');
    });
  }

  private async run(what: RestoreAct, act: (restore: string) => Promise<unknown>): Promise<void> {
    const restore = this.rows.said?.value.restore?.restore;
    if (restore === undefined || this.acting !== undefined) return;
    const { clock, changed } = this.parts;
    this.acting = what;
    this.failed = undefined;
    changed();
    try {
      await act(restore);
    } catch (error) {
      this.failed = { what, code: codeOf(error, 'relay-no-answer') };
    }
    this.acting = undefined;
    this.actedAt = clock.now();
    this.ask();
    changed();
  }

  /** Page after page: between two of them rows may move, and one is then shown once, where it was first. */
  private async fetch(): Promise<Answer<Rows>> {
    const { archives } = this.parts.client;
    const first = await archives.restores({ from: 0, limit: restorePage });
    const { restore } = first.value;
    const rows = new Map<string, RestoreRow>();
    let page = first.value.rows;
    // a page may be shorter than asked for: a message holds so much
    for (let from = page.length; ; from += page.length) {
      for (const row of page) {
        const key = `${row.vault}\n${row.id}`;
        if (!rows.has(key)) rows.set(key, row);
      }
      const wanted = Math.min(this.pages * restorePage, restore?.archives ?? 0);
      if (page.length === 0 || from >= wanted) break;
      page = (await archives.restores({ from, limit: restorePage })).value.rows;
    }
    return { ...first, value: { ...(restore === undefined ? {} : { restore }), rows: [...rows.values()] } };
  }
}
