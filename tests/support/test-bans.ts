import { banKey, bans, type Ban, type BanEvidence, type SourceState } from '../../lib/ban.ts';
import { LatchkeyError, type ErrorCode } from '../../lib/errors.ts';
import type { Attacks, BanChange, BanChanges, BanHost } from '../../server/bans/host.ts';
import type { BanFacts } from '../../server/bans/source.ts';

/** At most so many in one answer (server/bans/host.ts). */
const mostChanges = 2000;

/** A room of bans in memory that tests can fill, send away and make fail; it outlives the home agent. */
export class TestBans implements BanHost {
  readonly list = new Map<string, Ban>();
  /** Not to be reached, as a helper that has not been started. */
  away = false;
  sources: SourceState[] = [
    {
      source: 'fail2ban',
      kind: 'fail2ban',
      tellsTimes: true,
      canUnban: true,
      jails: [{ jail: 'sshd', banned: 0, banSeconds: 600 }],
    },
  ];
  /** What `unban` throws, after it has acted or not. */
  failure: { code: ErrorCode; acts: boolean } | undefined;
  /** Awaited inside `unban`, before it acts. */
  gate: Promise<unknown> = Promise.resolve();
  /** Run after `unban` acted: somebody else acts too. */
  afterUnban = (): void => undefined;
  evidence: BanEvidence = { lines: [] };
  facts = new Map<string, BanFacts>();
  seen: Attacks = { hours: [], recent: [], reads: true };
  /** Every verb that acts, as it came. */
  readonly verbs: string[] = [];
  readonly lifted: Ban[] = [];
  private epoch = 1;
  private log: BanChange[] = [];
  private awake: (() => void) | undefined;

  put(...many: Ban[]): void {
    for (const ban of many) {
      this.list.set(banKey(ban), ban);
      this.log.push(ban);
    }
    this.awake?.();
  }

  drop(...many: Pick<Ban, 'source' | 'jail' | 'value'>[]): void {
    for (const ban of many) {
      this.list.delete(banKey(ban));
      this.log.push({ ...ban, gone: true });
    }
    this.awake?.();
  }

  /** Sources as they stand changed. */
  tell(sources: SourceState[]): void {
    this.sources = sources;
    this.awake?.();
  }

  /** A new life of the room: what it tells begins anew. */
  restart(): void {
    this.epoch++;
    this.log = [...this.list.values()];
    this.awake?.();
  }

  private here(): void {
    if (this.away) throw new LatchkeyError('tool-helper-gone');
  }

  async banChanges(cursor: string): Promise<BanChanges> {
    this.here();
    const [epoch, at] = cursor.split('.').map(Number);
    const reset = epoch !== this.epoch;
    // To who knows nothing, what has gone was never told.
    if (reset) this.log = [...this.list.values()];
    const from = reset ? 0 : (at ?? 0);
    if (!reset && from === this.log.length) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, 20_000).unref();
        this.awake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
      this.awake = undefined;
      this.here();
    }
    if (epoch !== undefined && !reset && epoch !== this.epoch) return this.banChanges('');
    const changes = this.log.slice(from, from + mostChanges);
    const next = from + changes.length;
    return {
      cursor: `${this.epoch}.${next}`,
      ...(reset ? { reset: true as const } : {}),
      ...(next < this.log.length ? { more: true as const } : {}),
      changes,
      sources: this.sources,
    };
  }

  async banned(address: string): Promise<readonly Ban[]> {
    this.here();
    return Promise.resolve([...this.list.values()].filter((ban) => bans(ban, address)));
  }

  async banFacts(
    _source: string,
    _jail: string,
    values: readonly string[],
  ): Promise<readonly (BanFacts & { readonly value: string })[]> {
    this.here();
    if (values.length > 64) throw new LatchkeyError('protocol-malformed', 'values');
    return Promise.resolve(
      values.flatMap((value) => {
        const facts = this.facts.get(value);
        return facts === undefined ? [] : [{ value, ...facts }];
      }),
    );
  }

  async banEvidence(): Promise<BanEvidence> {
    this.here();
    return Promise.resolve(this.evidence);
  }

  async unban(value: string): Promise<readonly Ban[]> {
    this.here();
    this.verbs.push(`unban ${value}`);
    await this.gate;
    this.here();
    const hit = [...this.list.values()].filter((ban) => ban.value === value);
    if (this.failure === undefined || this.failure.acts) {
      this.drop(...hit);
      this.lifted.push(...hit);
      this.afterUnban();
    }
    if (this.failure !== undefined) throw new LatchkeyError(this.failure.code);
    return hit;
  }

  async reban(source: string, jail: string, value: string): Promise<void> {
    this.here();
    this.verbs.push(`reban ${jail} ${value}`);
    const was = this.lifted.find((ban) => banKey(ban) === banKey({ source, jail, value }));
    if (was === undefined) throw new LatchkeyError('refused-replay');
    this.put({ ...was, since: Date.now() });
    return Promise.resolve();
  }

  async attacks(): Promise<Attacks> {
    this.here();
    return Promise.resolve(this.seen);
  }
}

let made = 0;

/** A ban of an ordinary jail that began now, for ten minutes; another address each time. */
export function ban(changes: Partial<Ban> = {}): Ban {
  const since = changes.since ?? Date.now();
  made++;
  return {
    source: 'fail2ban',
    jail: 'sshd',
    value: `198.51.${(made >> 8) & 255}.${made & 255}`,
    since,
    until: since + 600_000,
    ...changes,
  };
}
