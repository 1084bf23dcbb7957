import { setTimeout as sleep } from 'node:timers/promises';
import { isCanonical } from '../../lib/address.ts';
import type { Ban, JailTrouble } from '../../lib/ban.ts';
import { parseNetwork } from '../../lib/network.ts';
import { ownAddresses } from '../own-addresses.ts';
import { isAddressOrNetwork } from './fail2ban-commands.ts';
import { makersOf, turnedAway, type RuleMaker } from './fail2ban-rules.ts';
import type { SourceContext } from './source.ts';

const rulesEveryMs = 60_000;
/** fail2ban makes a rule right after it has put the ban on its list. */
const rulesAfterMs = 5000;
/** As many of one jail are looked for; where rules are gone, mostly all are. */
const mostLooked = 20;
/** Failures that the log must have, and how long the jail may take to count them. */
const deafFailures = 5;
const deafMs = 30_000;

export interface HealthOptions {
  readonly context: SourceContext;
  readonly now: () => number;
  /** Jails of each value, asked now. */
  readonly banned: (values: readonly string[]) => Promise<readonly (readonly string[])[]>;
  /** `turnedAway`; a parameter for tests. */
  readonly away?: (wanted: ReadonlySet<RuleMaker>) => Promise<ReadonlySet<string>>;
  /** Before it looks for a missing rule again, ms; a parameter for tests. */
  readonly againMs?: number;
}

interface Watched {
  /** Since when, and from what count of failures, it counts nothing. */
  failed: number;
  since: number;
  /** Since when the log has what it should have counted. */
  deafSince?: number;
  noRule: boolean;
  bans: readonly Ban[];
  actions: readonly string[];
}

/** What fail2ban itself does not see: jails that count nothing, and bans that turn nobody away. Says nothing it guesses. */
export class Fail2banHealth {
  readonly #options: HealthOptions;
  #jails = new Map<string, Watched>();
  #looked = -Infinity;
  #looking = false;
  #stopped = false;

  constructor(options: HealthOptions) {
    this.#options = options;
  }

  /** A new connection: another fail2ban may count from nothing. */
  begin(): void {
    this.#jails = new Map();
    // What it remembers it bans anew, one by one.
    this.#looked = this.#options.now() + rulesAfterMs - rulesEveryMs;
  }

  /** Bans of one jail, as just fetched. */
  listed(jail: string, actions: readonly string[], bans: readonly Ban[]): void {
    const watched = this.#jails.get(jail);
    if (watched === undefined) return;
    watched.bans = bans.slice(-mostLooked);
    watched.actions = actions;
  }

  /** At each look. */
  trouble(
    jail: string,
    failed: number,
    ignored: readonly string[],
    maxRetry: number,
  ): JailTrouble | undefined {
    const now = this.#options.now();
    const watched = this.#jails.get(jail) ?? { failed, since: now, noRule: false, bans: [], actions: [] };
    this.#jails.set(jail, watched);
    if (watched.failed !== failed) {
      watched.failed = failed;
      watched.since = now;
      delete watched.deafSince;
    }
    if (watched.noRule) return 'no-rule';
    if (!this.missed(jail, watched.since, ignored, maxRetry)) {
      delete watched.deafSince;
      return undefined;
    }
    watched.deafSince ??= now;
    return now - watched.deafSince >= deafMs ? 'deaf' : undefined;
  }

  /** True where sshd's log has so many failures since then that an `sshd` jail should have counted. */
  missed(jail: string, since: number, ignored: readonly string[], maxRetry: number): boolean {
    if (jail !== 'sshd' && jail !== 'ssh') return false; // the package's names of its jail for sshd
    // A name among those it ignores may be anybody's.
    if (!ignored.every(isIgnorable)) return false;
    const failures = this.#options.context.failures?.(since);
    if (failures === undefined) return false;
    const own = ownAddresses();
    let count = 0;
    for (const [address, times] of failures)
      if (!own.includes(address) && !ignored.some((one) => contains(one, address))) count += times;
    return count >= Math.max(deafFailures, maxRetry);
  }

  /** Looks at the firewall, in the background, at most once a minute. */
  look(): void {
    const { now } = this.#options;
    if (this.#looking || this.#stopped || now() - this.#looked < rulesEveryMs) return;
    this.#looked = now();
    this.#looking = true;
    void this.#lookAtRules()
      .catch((error: unknown) => this.#options.context.log(`bans: rules: ${String(error)}`))
      .finally(() => (this.#looking = false));
  }

  /** As `look`, now, and waited for. */
  async examine(): Promise<void> {
    this.#looked = this.#options.now();
    await this.#lookAtRules();
  }

  /** The log has had what it did not count since then, for long enough. */
  isDeaf(jail: string, since: number): void {
    const watched = this.#jails.get(jail);
    if (watched === undefined) return;
    watched.since = since;
    watched.deafSince = this.#options.now() - deafMs;
  }

  stop(): void {
    this.#stopped = true;
  }

  async #lookAtRules(): Promise<void> {
    const { away = turnedAway, now, banned, againMs = rulesAfterMs / 2 } = this.#options;
    const looked = [...this.#jails].filter(
      ([, { actions, bans }]) => makersOf(actions).length > 0 && bans.length > 0,
    );
    if (looked.length === 0) return;
    const wanted = new Set(looked.flatMap(([, { actions }]) => makersOf(actions)));
    const steady = ({ value, since, until, permanent }: Ban): boolean =>
      isAddressOrNetwork(value) &&
      since !== undefined &&
      since < now() - rulesAfterMs &&
      (permanent === true || (until ?? 0) > now() + 2 * rulesAfterMs);
    let rules = await away(wanted);
    const missing = (bans: readonly Ban[]) => bans.filter((ban) => steady(ban) && !rules.has(ban.value));
    if (looked.some(([, { bans }]) => missing(bans).length > 0)) {
      // A rule may have been on its way.
      await sleep(againMs, undefined, { ref: false });
      rules = await away(wanted);
    }
    for (const [jail, watched] of looked) {
      const lost = missing(watched.bans).map(({ value }) => value);
      // Only what is still banned: a list may be a minute old.
      const jails = lost.length === 0 || this.#stopped ? [] : await banned(lost);
      watched.noRule = jails.some((one) => one.includes(jail));
    }
  }
}

function isIgnorable(one: string): boolean {
  return isCanonical(one) !== undefined || parseNetwork(one) !== undefined;
}

function contains(ignored: string, address: string): boolean {
  return ignored === address || parseNetwork(ignored)?.contains(address) === true;
}
