import type { Client } from '../../lib/client/client.ts';
import type { Clock } from '../../lib/client/transport.ts';
import { codeOf } from '../../lib/errors.ts';
import { banPage } from '../../lib/protocol/bans.ts';
import type { NetworksState } from './ban-types.ts';
import { Loading } from './loading.ts';

interface Query {
  readonly source: string;
  readonly jail: string;
  /** Unix ms of the home's clock. */
  readonly since: number;
}

/** A flood by network, the fullest first: page after page, as long as it is open. */
export class BanNetworks {
  private readonly client: Client;
  private readonly clock: Clock;
  private readonly changed: () => void;
  private query: Query | undefined;
  private rows: NetworksState['rows'] = [];
  private total: number | undefined;
  private loading: Loading;

  constructor(client: Client, clock: Clock, changed: () => void) {
    this.client = client;
    this.clock = clock;
    this.changed = changed;
    this.loading = new Loading(clock);
  }

  state(now: number): NetworksState | undefined {
    if (this.query === undefined) return undefined;
    const { source, jail } = this.query;
    return {
      source,
      jail,
      rows: this.rows,
      ...(this.total === undefined ? {} : { total: this.total }),
      load: this.loading.state(now),
    };
  }

  open(query: Query | undefined): void {
    this.query = query;
    this.rows = [];
    this.total = undefined;
    this.loading = new Loading(this.clock);
    this.changed();
    void this.more();
  }

  async more(): Promise<void> {
    const { query, loading } = this;
    if (query === undefined || !loading.begin()) return;
    this.changed();
    try {
      const from = this.rows.length;
      const { value } = await this.client.banNetworks({ ...query, from, limit: banPage });
      if (query !== this.query) return;
      // Bans came meanwhile: a network that moved down is not listed twice.
      const known = new Set(this.rows.map(({ network }) => network));
      this.rows = [...this.rows, ...value.rows.filter(({ network }) => !known.has(network))];
      this.total = value.total;
      loading.done();
    } catch (error) {
      loading.fail(codeOf(error, 'relay-no-answer'));
    }
    this.changed();
  }
}
