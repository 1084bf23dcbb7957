import type { Family } from '../../lib/address.ts';
import type { Stage } from '../../lib/door.ts';
import type { ErrorCode } from '../../lib/errors.ts';

/** Addresses are canonical (lib/address), times are whole seconds in, milliseconds out. */
export interface Opening {
  readonly address: string;
  /** Time left as the system itself says; absent where the system keeps no time (knockd, command). */
  readonly remainingMs?: number;
  /**
   * Whether a packet that begins a connection came through from the address: `none` since the opening began as far
   * as the system counts, else how long ago the last one came, where the system keeps that. Absent: it cannot tell.
   */
  readonly packet?: 'none' | { readonly agoMs?: number };
  /**
   * Of an opening that the home agent may know nothing of, where the driver knows when it must be gone: ms until
   * then. 0 or less: it has outlived its time, and `close` takes it away.
   */
  readonly dueMs?: number;
}

/**
 * What a driver can do. The screen is built from these, never from the driver's name.
 * - closes: who ends an opening: the kernel, the process that holds it, a child of the tool, or the home agent.
 * - choosesTime: the caller may choose seconds; otherwise the driver's own `seconds` holds.
 * - extends: opening again for the same address lengthens the opening; otherwise `refused-door-open`.
 * - readsBack: `inspect` reads the system; false: an opening is shown as *Open?*.
 * - seesPackets: `inspect` tells of packets (`Opening.packet`). Absent: it does not.
 */
export interface DriverFacts {
  readonly closes: 'kernel' | 'process' | 'child' | 'agent';
  readonly choosesTime: boolean;
  readonly extends: boolean;
  readonly readsBack: boolean;
  readonly seesPackets?: boolean;
  /** Address families that it can open for; absent: both. */
  readonly families?: readonly Family[];
  /** Fixed length of an opening in seconds, where the caller cannot choose. */
  readonly seconds?: number;
}

/**
 * One door. One file a driver, one line in the registry of the room it runs in.
 * Every method throws only LatchkeyError with a `tool-*` code (`refused-door-open` from open too).
 */
export interface DoorDriver {
  readonly facts: DriverFacts;
  /** Takes over what is there from before (never deletes a live opening), or creates it. */
  start(): Promise<void>;
  /**
   * Opens for one address and reads back: resolves with what the system says, never with what was asked.
   * `onStage` is called as real stages happen. Called again for an open address: see `facts.extends`.
   */
  open(address: string, seconds: number, onStage: (stage: Stage) => void): Promise<Opening>;
  /** Resolves once the system no longer has the opening; closing what is not open is not an error. */
  close(address: string): Promise<void>;
  /** Every opening of this door that the system has now. */
  inspect(): Promise<Opening[]>;
  /**
   * Where this machine itself calls the service: the address on whose behalf the live connection from this local
   * port is. Sessions behind such a door are told by it.
   */
  callerOf?(port: number): string | undefined;
  /**
   * What keeps it from opening now, though `inspect` and `close` go on: a daemon that has ended, hears nothing, or
   * whose file was changed. Undefined: nothing. Asked once a second; answers within a second, never rejects.
   */
  fault?(): Promise<ErrorCode | undefined>;
  /** Lets go of processes and sockets. Openings stay to the system that holds them. */
  stop(): Promise<void>;
  /** The door left the configuration: takes away what start() put into the system. Called instead of stop(). */
  remove?(): Promise<void>;
}

export interface DriverContext {
  readonly door: string;
  /** A folder of this room's own (0700), for copies that a tool must read. */
  readonly directory: string;
  /** One line for the home's log; never secrets, never sequences. */
  readonly log: (line: string) => void;
}

/** Where the service behind a door waits: on this machine, unless `host` is another's. */
export interface DoorService {
  readonly protocol: 'tcp' | 'udp';
  readonly port: number;
  /** The one address or name that it is reached at; absent: whatever address of this machine the caller dialled. */
  readonly host?: string;
}

/**
 * What a door leans on in the system, for `latchkey doctor`, which asks no driver by name.
 * - dropsStrangers: who keeps strangers from the port while the door is closed: rules of the door's own, the host's
 *   firewall, or nobody needs to (`process`: nothing listens then).
 * - opening: what an opening is. `sets`: the address lies in one of these sets of ours; `mark`: packets from there
 *   get it, and the host's firewall is to accept it. `commands`: what runs as root, by family, `%IP%` in it.
 *   `listener`: a socket of this process; `onlyHere`: on a loopback address.
 */
export interface Guard {
  readonly protocol: 'tcp' | 'udp';
  readonly port: number;
  readonly dropsStrangers: 'door' | 'host' | 'process';
  readonly opening:
    | { readonly kind: 'sets'; readonly sets: Readonly<Record<Family, string>>; readonly mark?: number }
    | { readonly kind: 'commands'; readonly commands: Readonly<Partial<Record<Family, string>>> }
    | { readonly kind: 'listener'; readonly onlyHere: boolean };
  /** A file of another program's that the door is read from: whoever can change it decides what opens. */
  readonly source?: { readonly path: string; readonly section: string };
}

/** What a driver file exports. `read` gets the door's own TOML table without the common keys. */
export interface DriverType<Options = unknown> {
  readonly name: string;
  readonly runsIn: 'helper' | 'agent';
  readonly needsRoot: boolean;
  /** Throws LatchkeyError `config-invalid` whose detail names the key. */
  read(table: Readonly<Record<string, unknown>>): Options;
  /** TCP or UDP port that clients dial, for `endpoint`. */
  port(options: Options): number;
  /** Where that port is, unless it is at home: the door's own `host` comes first. */
  host?(options: Options): string;
  /** Where clients must jump through (`ssh -J`); its host absent: the relay's. */
  jump?(options: Options): { readonly host?: string; readonly port: number };
  /** What the door leads to, so that the home can see whether it is there. Absent, or undefined: nobody here can tell. */
  service?(options: Options): DoorService | undefined;
  /** Two doors of this type whose claims are equal cannot be together, e.g. 'tcp 22'. */
  claim?(options: Options): string;
  /** Absent: the doctor cannot judge what stands before this door. `elsewhere`: nothing of this machine does. */
  guard?(options: Options, door: string): Guard | 'elsewhere';
  create(options: Options, context: DriverContext): DoorDriver;
}
