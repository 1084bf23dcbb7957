import type { Family } from '../../lib/address.ts';
import type { Stage } from '../../lib/door.ts';

/** Addresses are canonical (lib/address), times are whole seconds in, milliseconds out. */
export interface Opening {
  readonly address: string;
  /** Time left as the system itself says; absent where the system keeps no time (knockd, command). */
  readonly remainingMs?: number;
}

/**
 * What a driver can do. The screen is built from these, never from the driver's name.
 * - closes: who ends an opening: the kernel, the process that holds it, a child of the tool, or the home agent.
 * - choosesTime: the caller may choose seconds; otherwise the driver's own `seconds` holds.
 * - extends: opening again for the same address lengthens the opening; otherwise `refused-door-open`.
 * - readsBack: `inspect` reads the system; false: an opening is shown as *Open?*.
 */
export interface DriverFacts {
  readonly closes: 'kernel' | 'process' | 'child' | 'agent';
  readonly choosesTime: boolean;
  readonly extends: boolean;
  readonly readsBack: boolean;
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

/**
 * What a door leans on in the system, for `latchkey doctor`, which asks no driver by name.
 * - dropsStrangers: who keeps strangers from the port while the door is closed: rules of the door's own, the host's
 *   firewall, or nobody needs to (`process`: nothing listens then).
 * - opening: what an opening is. `sets`: the address lies in one of these sets of ours; `mark`: packets from there
 *   get it, and the host's firewall is to accept it. `commands`: what runs as root, by family, `%IP%` in it.
 */
export interface Guard {
  readonly protocol: 'tcp' | 'udp';
  readonly port: number;
  readonly dropsStrangers: 'door' | 'host' | 'process';
  readonly opening:
    | { readonly kind: 'sets'; readonly sets: Readonly<Record<Family, string>>; readonly mark?: number }
    | { readonly kind: 'commands'; readonly commands: Readonly<Partial<Record<Family, string>>> }
    | { readonly kind: 'listener' };
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
  /** Two doors of this type whose claims are equal cannot be together, e.g. 'tcp 22'. */
  claim?(options: Options): string;
  /** Absent: the doctor cannot judge what stands before this door. */
  guard?(options: Options, door: string): Guard;
  create(options: Options, context: DriverContext): DoorDriver;
}
