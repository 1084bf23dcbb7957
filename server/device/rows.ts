import { showDoor, type ShownDoor } from '../../lib/client/doors.ts';
import { endpointOf, jumpOf, type Endpoint } from '../../lib/client/endpoint.ts';
import type { Answer } from '../../lib/client/requests.ts';
import { hostOf } from '../../lib/client/transport.ts';
import { wayIn } from '../../lib/client/way-in.ts';
import type { Application, DoorState } from '../../lib/door.ts';
import { remedyOf, sentenceOf, type ErrorCode } from '../../lib/errors.ts';
import { formatClock } from '../../lib/duration.ts';
import { proofOf } from '../../lib/client/proof.ts';
import type { DoorView } from '../../lib/protocol/message.ts';
import { clock } from './clock.ts';
import { proofLine, proofRows, type ProofRow } from './proof-rows.ts';

/** A door as `device doors --json` prints it. */
export interface DoorRow {
  readonly name: string;
  readonly driver: string;
  readonly state: DoorState;
  readonly endpoint: Endpoint;
  /** What is spoken there. */
  readonly serves: Application;
  /** The door is open for the home's own address: through here. */
  readonly jump?: Endpoint;
  readonly remainingMs?: number;
  /** Unix ms of this machine: when the home last read the door from the system. */
  readonly verifiedAt?: number;
  /** Why it cannot be used, or what is amiss with it though it can. */
  readonly problem?: { readonly code: ErrorCode; readonly sentence: string; readonly remedy: string };
  /** Of this device's own opening. */
  readonly proof?: readonly ProofRow[];
}

export function show(seen: Answer<DoorView>): ShownDoor {
  return showDoor(seen, { now: clock.now(), answering: true });
}

export function doorRow(seen: Answer<DoorView>, relay: string, seenFrom: string | undefined): DoorRow {
  const door = show(seen);
  const jump = jumpOf(door, hostOf(relay), seenFrom);
  const proof = proofRows(proofOf({ shown: door }), door);
  return {
    name: door.name,
    driver: door.driver,
    state: door.state,
    endpoint: endpointOf(door, hostOf(relay), seenFrom),
    serves: door.serves,
    ...(jump === undefined ? {} : { jump }),
    ...(door.own?.remainingMs === undefined ? {} : { remainingMs: Math.round(door.own.remainingMs) }),
    ...(door.verifiedMs === undefined ? {} : { verifiedAt: Math.round(Date.now() - door.verifiedMs) }),
    ...(door.problem === undefined ? {} : { problem: problemOf(door.problem) }),
    ...(proof.length === 0 ? {} : { proof }),
  };
}

function problemOf(code: ErrorCode): NonNullable<DoorRow['problem']> {
  return { code, sentence: sentenceOf(code), remedy: remedyOf(code) };
}

export function endpointText({ host, port }: Endpoint): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

export function doorLine(row: DoorRow): string {
  const left = row.remainingMs === undefined ? '' : `, ${formatClock(row.remainingMs)} left`;
  return `${row.name.padEnd(16)} ${row.state}${left}  ${endpointText(row.endpoint)}  (${row.driver})`;
}

/** A door with what is wrong with it, and with the chain of this device's own opening under it. */
export function doorLines(row: DoorRow): string[] {
  const { problem, proof = [] } = row;
  return [
    doorLine(row),
    ...(problem === undefined ? [] : [`          ${problem.sentence} ${problem.remedy} (${problem.code})`]),
    ...proof.map(proofLine),
  ];
}

/** What to type where one must go through the home; the reader puts the account before each host of ssh. */
export function jumpLine({ endpoint: at, serves, jump }: DoorRow): string[] {
  if (jump === undefined) return [];
  const { text, then } = wayIn({ serves, at, jump });
  return [`Through home: ${text}${then === undefined ? '' : `, then ${then}`}`];
}
