import type { DoorService, Opening } from './driver.ts';
import type { Family } from '../../lib/address.ts';
import type { CheckResult } from '../../lib/checks.ts';
import type { Application, SessionFact, Stage } from '../../lib/door.ts';
import type { ErrorCode } from '../../lib/errors.ts';

/** One door as its room tells the home agent: names, abilities and limits, never commands or sequences. */
export interface DoorFacts {
  readonly name: string;
  readonly driver: string;
  readonly closes: 'kernel' | 'process' | 'child' | 'agent';
  readonly choosesTime: boolean;
  readonly extends: boolean;
  readonly readsBack: boolean;
  /** `DriverFacts.seesPackets`. */
  readonly seesPackets?: boolean;
  /** sshd's sessions behind this door can be told. */
  readonly sessions?: boolean;
  /**
   * Address opened is often not the port knocked: what a client dials. Host absent: the relay's host. Protocol
   * absent: TCP.
   */
  readonly endpoint: { readonly host?: string; readonly port: number; readonly protocol?: 'udp' };
  /** What clients speak there. */
  readonly serves: Application;
  readonly service?: DoorService;
  /** Names or ids of the devices that may open it. Absent: every paired one. */
  readonly devices?: readonly string[];
  /** The door opens for the home's own address: clients go through this (`ssh -J`). Host absent: the relay's host. */
  readonly jump?: { readonly host?: string; readonly port: number };
  /** Address families that it can open for; absent: both. */
  readonly families?: readonly Family[];
  readonly defaultSeconds: number;
  readonly longestSeconds: number;
  /** Present when the door cannot be used now, e.g. `tool-needs-root`, `tool-missing`. */
  readonly problem?: ErrorCode;
  /** Present when it cannot open as it should now, while it can be read and closed, e.g. `tool-ended`. */
  readonly fault?: ErrorCode;
}

/**
 * A room in which doors live: the root helper across its socket, or the home agent's own process.
 * Everything is checked again inside: name, canonical address, whole seconds, longest time, number open, rate.
 * Throws LatchkeyError (`tool-*`, `refused-*`).
 */
export interface DoorHost {
  doors(): Promise<DoorFacts[]>;
  open(door: string, address: string, seconds: number, onStage: (stage: Stage) => void): Promise<Opening>;
  close(door: string, address: string): Promise<void>;
  inspect(door: string): Promise<Opening[]>;
  /** Sessions that began behind this door, newest first; empty where nothing can tell. */
  sessions(door: string): Promise<SessionFact[]>;
  /**
   * Every session of the sshd at this port of this machine, whatever door it came by: for doors of another room.
   * Absent, or undefined: this room cannot tell.
   */
  logins?(port: number): Promise<SessionFact[] | undefined>;
  /** What `latchkey doctor` finds in the system, where this room can look. Throws `tool-*`. */
  checks?(): Promise<readonly CheckResult[]>;
  stop(): Promise<void>;
}
