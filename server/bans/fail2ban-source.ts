import { setTimeout as sleep } from 'node:timers/promises';
import { isCanonical } from '../../lib/address.ts';
import { longestJail, type Ban, type BanEvidence, type JailState, type SourceState } from '../../lib/ban.ts';
import { codeOf, LatchkeyError } from '../../lib/errors.ts';
import { networkOf } from '../../lib/network.ts';
import { commands, isAddressOrNetwork, isJail } from './fail2ban-commands.ts';
import { openFail2banDatabase, type Fail2banDatabase } from './fail2ban-database.ts';
import { Fail2banHealth } from './fail2ban-health.ts';
import { followHints, type Hints } from './fail2ban-hints.ts';
import {
  isNetwork,
  numberOf,
  readBanned,
  readBans,
  readCount,
  readCounts,
  readJails,
  wordsOf,
  type JailCounts,
} from './fail2ban-replies.ts';
import { Fail2banSocket } from './fail2ban-socket.ts';
import { WallClock } from './fail2ban-time.ts';
import type { Fail2banOptions } from './fail2ban.ts';
import type { Pickled } from './pickle.ts';
import type { BanFacts, BanSource, Look, SourceContext } from './source.ts';

/** As many as the wire shows, and more. */
const mostJails = 256;
/** A ban that is made longer changes no count: lists are never believed for longer. */
const believedMs = 60_000;
/** After a restart fail2ban bans anew, one by one, what it remembers: until then its lists are parts. */
const settleMs = 10_000;

/** What is asked once of each connection. */
interface Settings {
  readonly banSeconds?: number;
  readonly findSeconds?: number;
  readonly maxRetry?: number;
  readonly ignored: readonly string[];
  readonly actions: readonly string[];
}

/** Bans of one jail that are not one address: networks, and other texts. */
interface Odd {
  readonly values: ReadonlySet<string>;
  /** Of its networks. */
  readonly prefixes: ReadonlySet<number>;
}

interface Jail {
  readonly settings: Settings;
  counts: JailCounts;
  /** The stamp of the last look, which a restarted fail2ban must show twice. */
  last: string;
  settled: boolean;
}

export class Fail2banSource implements BanSource {
  readonly #context: SourceContext;
  readonly #options: Fail2banOptions;
  readonly #socket: Fail2banSocket;
  readonly #clock = new WallClock();
  readonly #now: () => number;
  readonly #listeners: (() => void)[] = [];
  /** By jail, as of its last list. */
  readonly #odd = new Map<string, Odd>();
  readonly #health: Fail2banHealth;
  #jails = new Map<string, Jail>();
  /** Of which connection the settings are. */
  #connection = 0;
  #connectedAt = 0;
  #database: Fail2banDatabase | undefined;
  #hints: Hints | undefined;
  #told = '';

  constructor(options: Fail2banOptions, context: SourceContext) {
    this.#options = options;
    this.#context = context;
    this.#socket = new Fail2banSocket(options.socket);
    this.#now = context.now ?? (() => Date.now());
    this.#health = new Fail2banHealth({
      context,
      now: this.#now,
      banned: async (values) => readBanned(await this.#socket.ask(commands.banned(values)), values.length),
    });
  }

  async look(): Promise<Look> {
    try {
      await this.#count();
      this.#told = '';
      this.#health.look();
      return { state: this.#state(), stamps: this.#stamps() };
    } catch (error) {
      const problem = codeOf(error, 'tool-failed');
      if (this.#told !== problem) this.#context.log(`bans ${this.#context.source}: ${describe(error)}`);
      this.#told = problem;
      return { state: { ...this.#state(), problem }, stamps: new Map() };
    }
  }

  async examine(): Promise<SourceState> {
    // Logs know whole seconds.
    const began = Math.floor(this.#socket.beganAt / 1000) * 1000;
    const suspects = [...this.#jails].filter(([name, { counts, settings }]) => {
      const { ignored, maxRetry } = settings;
      return counts.failed === 0 && this.#health.missed(name, began, ignored, maxRetry ?? 0);
    });
    await Promise.all([
      this.#health.examine(),
      // What was logged a moment ago is being read now.
      suspects.length === 0 ? undefined : sleep(2000),
    ]);
    if (suspects.length > 0) await this.#count();
    for (const [name] of suspects)
      if (this.#jails.get(name)?.counts.failed === 0) this.#health.isDeaf(name, began);
    return this.#state();
  }

  /** `status` and the counts of the jails that are known, in one write; jails that are new in a second one. */
  async #count(): Promise<void> {
    const known = this.#connection === this.#socket.connections ? [...this.#jails.keys()] : [];
    const [status, ...counts] = await this.#socket.askEach([
      commands.status(),
      ...known.map((jail) => commands.jailStatus(jail)),
    ]);
    if (this.#socket.connections !== this.#connection) {
      await this.#begin();
      return this.#count();
    }
    const names = readJails(unwrap(status)).filter(isJail).slice(0, mostJails);
    const before = this.#jails;
    this.#jails = new Map();
    const fresh: string[] = [];
    for (const name of names) {
      const at = known.indexOf(name);
      const jail = before.get(name);
      const answer = counts[at];
      // A jail that has gone since `status` is no longer there; any other refusal is one of ours to hear.
      if (at < 0 || jail === undefined) fresh.push(name);
      else if (!(answer instanceof LatchkeyError)) {
        jail.counts = readCounts(answer ?? null);
        this.#jails.set(name, jail);
      }
    }
    for (const name of this.#odd.keys()) if (!names.includes(name)) this.#odd.delete(name);
    for (const name of fresh) await this.#meet(name);
  }

  async #meet(name: string): Promise<void> {
    const [counts, bantime, findtime, maxretry, ignored, actions] = await this.#socket.askEach([
      commands.jailStatus(name),
      commands.jailSetting(name, 'bantime'),
      commands.jailSetting(name, 'findtime'),
      commands.jailSetting(name, 'maxretry'),
      commands.jailSetting(name, 'ignoreip'),
      commands.jailSetting(name, 'actions'),
    ]);
    if (counts instanceof LatchkeyError) return; // gone already
    const [banSeconds, findSeconds, maxRetry] = [bantime, findtime, maxretry].map(numberOf);
    this.#jails.set(name, {
      counts: readCounts(counts ?? null),
      settings: {
        ...(banSeconds === undefined || banSeconds < 0 ? {} : { banSeconds }),
        ...(findSeconds === undefined || findSeconds < 0 ? {} : { findSeconds }),
        ...(maxRetry === undefined || maxRetry < 0 ? {} : { maxRetry }),
        ignored: wordsOf(ignored),
        actions: wordsOf(actions),
      },
      last: '',
      settled: false,
    });
  }

  /** A new connection may be another fail2ban: nothing that the last one said holds. */
  async #begin(): Promise<void> {
    const again = this.#connection > 0;
    this.#connection = this.#socket.connections;
    this.#connectedAt = again ? this.#now() : 0;
    this.#jails = new Map();
    this.#health.begin();
    this.#database?.close();
    this.#database = undefined;
    const [target, file] = await this.#socket.askEach([commands.logTarget(), commands.database()]);
    this.#hints?.stop();
    this.#hints =
      typeof target === 'string' && target.startsWith('/')
        ? followHints(target, () => this.#hint())
        : undefined;
    const { database } = this.#options;
    const path = database === 'auto' ? file : database === 'off' ? undefined : database.file;
    if (typeof path === 'string' && path.startsWith('/')) this.#database = openFail2banDatabase(path);
  }

  #state(): SourceState {
    return {
      source: this.#context.source,
      kind: 'fail2ban',
      tellsTimes: true,
      canUnban: true,
      jails: [...this.#jails].map(([jail, { counts, settings }]): JailState => {
        const { banSeconds, findSeconds, maxRetry, ignored } = settings;
        const trouble = this.#health.trouble(jail, counts.failed, ignored, maxRetry ?? 0);
        return {
          jail,
          banned: counts.banned,
          failing: counts.failing,
          failed: counts.failed,
          ...(banSeconds === undefined ? {} : { banSeconds }),
          ...(maxRetry === undefined ? {} : { maxRetry }),
          ...(findSeconds === undefined ? {} : { findSeconds }),
          ...(trouble === undefined ? {} : { trouble }),
        };
      }),
    };
  }

  #stamps(): Map<string, string> {
    const stamps = new Map<string, string>();
    const period = Math.floor(this.#now() / believedMs);
    const settled = this.#now() - this.#connectedAt > settleMs;
    for (const [name, jail] of this.#jails) {
      const { banned, everBanned } = jail.counts;
      const stamp = `${this.#connection} ${banned} ${everBanned}`;
      jail.settled ||= settled || jail.last === stamp;
      jail.last = stamp;
      if (jail.settled) stamps.set(name, `${stamp} ${period}`);
    }
    return stamps;
  }

  async list(jail: string): Promise<readonly Ban[]> {
    const answer = await this.#socket.ask(commands.bans(jail));
    const bans = readBans(answer, {
      source: this.#context.source,
      jail,
      clock: this.#clock,
      now: this.#now(),
    });
    this.#odd.set(jail, oddOf(bans));
    this.#health.listed(jail, this.#jails.get(jail)?.settings.actions ?? [], bans);
    return bans;
  }

  /** fail2ban itself compares whole values only, so networks that hold the address are asked about by name. */
  async banned(address: string): Promise<readonly Ban[]> {
    const around = new Set<string>();
    for (const { values, prefixes } of this.#odd.values())
      for (const prefix of prefixes) {
        if (prefix > (isCanonical(address) === 4 ? 32 : 128)) continue;
        const network = networkOf(address, prefix);
        if (values.has(network)) around.add(network);
      }
    const asked = [address, ...around];
    const jails = readBanned(await this.#socket.ask(commands.banned(asked)), asked.length);
    return asked.flatMap((value, i) =>
      (jails[i] ?? []).map((jail) => ({
        source: this.#context.source,
        jail: jail.slice(0, longestJail),
        value,
      })),
    );
  }

  async facts(jail: string, values: readonly string[]): Promise<ReadonlyMap<string, BanFacts>> {
    return (await this.#database?.facts(jail, values)) ?? new Map<string, BanFacts>();
  }

  async evidence(jail: string, value: string): Promise<BanEvidence> {
    return (await this.#database?.evidence(jail, value)) ?? { lines: [] };
  }

  async unban(value: string): Promise<number> {
    if (!value.includes('/') && isAddressOrNetwork(value)) {
      return readCount(await this.#socket.ask(commands.unban(value)));
    }
    // Only where this very value is on the list: where it is not, fail2ban would lift all within it, or ask the DNS.
    if (![...this.#odd.values()].some(({ values }) => values.has(value)))
      throw new LatchkeyError('tool-unsupported', 'not on a list');
    const [jails = []] = readBanned(await this.#socket.ask(commands.banned([value])), 1);
    let lifted = 0;
    for (const jail of jails) lifted += readCount(await this.#socket.ask(commands.unbanIn(jail, value)));
    return lifted;
  }

  async ban(jail: string, value: string): Promise<void> {
    readCount(await this.#socket.ask(commands.ban(jail, value)));
  }

  onHint(listener: () => void): void {
    this.#listeners.push(listener);
  }

  stop(): Promise<void> {
    this.#health.stop();
    this.#hints?.stop();
    this.#database?.close();
    this.#socket.stop();
    return Promise.resolve();
  }

  #hint(): void {
    for (const listener of this.#listeners) listener();
  }
}

function oddOf(bans: readonly Ban[]): Odd {
  const values = new Set<string>();
  const prefixes = new Set<number>();
  for (const { value } of bans) {
    if (!value.includes('/') && isAddressOrNetwork(value)) continue;
    values.add(value);
    const [, prefix] = /\/(\d{1,3})$/.exec(value) ?? [];
    if (prefix !== undefined && isNetwork(value)) prefixes.add(Number(prefix));
  }
  return { values, prefixes };
}

function unwrap(answer: Pickled | LatchkeyError | undefined): Pickled {
  if (answer instanceof LatchkeyError) throw answer;
  return answer ?? null;
}

function describe(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
