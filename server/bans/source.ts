import type { Ban, BanEvidence, SourceState } from '../../lib/ban.ts';

/**
 * One place that bans addresses: fail2ban, a set of the firewall, a list in a file. One file a type, one line in the
 * registry. Every method throws only LatchkeyError with a `tool-*` code; values handed in are canonical addresses or
 * networks, or exactly what `list` gave. Whatever a source says is text of others: it is compared and shown, and no
 * command is ever built from it.
 */
export interface BanSource {
  /**
   * Looks, as cheaply as it can be told whether anything changed: never fetches lists. Never rejects: what cannot be
   * read is the state's `problem`. Each jail's `stamp` is another one whenever its list may be another.
   */
  look(): Promise<Look>;
  /** As `look`, once, with every trouble that can be seen by one look, after `list`; some seconds. For the doctor. */
  examine?(): Promise<SourceState>;
  /** The whole list of one jail. Where it is long this costs: see `look`. `tool-failed` where the jail is gone. */
  list(jail: string): Promise<readonly Ban[]>;
  /** Every ban that turns this address away, asked now. */
  banned(address: string): Promise<readonly Ban[]>;
  /** Times banned and failures of some values at once, by value; what is not known is left out. Absent: never known. */
  facts?(jail: string, values: readonly string[]): Promise<ReadonlyMap<string, BanFacts>>;
  evidence?(jail: string, value: string): Promise<BanEvidence>;
  /**
   * Lifts every ban of exactly this value, in all jails; resolves with how many there were. The caller asks `banned`
   * afterwards. Absent: it cannot.
   */
  unban?(value: string): Promise<number>;
  /** Sets a ban again that `unban` lifted. Absent: it cannot. */
  ban?(jail: string, value: string): Promise<void>;
  /** Called when `look` is worth it before its time: a log line, a file that changed. A hint; may be wrong or missing. */
  onHint?(listener: () => void): void;
  stop(): Promise<void>;
}

export interface Look {
  readonly state: SourceState;
  /** By jail; a jail without one has not changed since it was listed. */
  readonly stamps: ReadonlyMap<string, string>;
  /** The earliest end of a ban that the next look should not be later than, Unix ms. */
  readonly nextEnd?: number;
}

export interface BanFacts {
  readonly failures?: number;
  readonly times?: number;
}

export interface SourceContext {
  /** As configured; `Ban.source` of all it says. */
  readonly source: string;
  readonly log: (line: string) => void;
  /**
   * sshd's refused logins since then (Unix ms), by address, as this machine's log has them. Undefined, or absent: no log
   * was read all that time.
   */
  readonly failures?: (since: number) => ReadonlyMap<string, number> | undefined;
  /** Unix ms; a parameter for tests. */
  readonly now?: () => number;
}

/** What a source file exports. `read` gets the source's own TOML table without the common keys. */
export interface SourceType<Options = unknown> {
  /** Also `SourceState.kind`. */
  readonly name: string;
  readonly runsIn: 'helper' | 'agent';
  readonly needsRoot: boolean;
  /** Throws LatchkeyError `config-invalid` whose detail names the key. */
  read(table: Readonly<Record<string, unknown>>): Options;
  /** True where this machine seems to have it, so that it is read without being configured. Absent: never. */
  isHere?(): Promise<boolean>;
  create(options: Options, context: SourceContext): BanSource;
}
