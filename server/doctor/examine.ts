import { existsSync, lstatSync } from 'node:fs';
import path from 'node:path';
import type { CheckResult } from '../../lib/checks.ts';
import { codeOf, LatchkeyError } from '../../lib/errors.ts';
import { readAgentFile, type AgentFile } from '../agent/config.ts';
import { agentDrivers } from '../agent/registry.ts';
import { ControlClient } from '../control-client.ts';
import { readDoor } from '../doors/definition.ts';
import type { DoorFacts } from '../doors/host.ts';
import { readHelperDoors } from '../helper/config.ts';
import { drivers } from '../helper/registry.ts';
import { known, unknown, type DoorFact, type Fact, type HomeFacts } from './facts.ts';
import { gatherHome, judgeHome } from './home.ts';
import { doorFacts, gatherSystem, judgeSystem } from './system.ts';

export interface ExaminePlaces {
  /** Folder of agent.toml. */
  readonly agent: string;
  /** DIR of the helper. */
  readonly helper: string;
}

export interface Examination {
  /** Everything was looked at, and nothing found. */
  readonly ready: boolean;
  readonly checks: readonly CheckResult[];
}

/** All checks, in this process, with its rights. Changes nothing. Never rejects. */
export async function examine(places: ExaminePlaces): Promise<Examination> {
  const file = readHome(path.join(places.agent, 'agent.toml'));
  const doors = allDoors(places, file);
  const [system, home] = await Promise.all([
    gatherSystem(doors, places.helper),
    runningDoors(path.join(places.agent, 'control.sock')).then((told) =>
      gatherHome(file, places.agent, told),
    ),
  ]);
  const checks = [...judgeHome(home), ...judgeSystem(system)];
  return { ready: checks.every(({ state }) => state === 'ok'), checks };
}

/** The system's part alone, with the helper's doors. Never rejects. */
export async function examineSystem(helper: string): Promise<readonly CheckResult[]> {
  return judgeSystem(await gatherSystem(rootDoors(helper), helper));
}

function rootDoors(helper: string): Fact<readonly DoorFact[]> {
  return readFact(() =>
    existsSync(path.join(helper, 'doors')) ? doorFacts(readHelperDoors(helper, drivers)) : [],
  );
}

/** Those of both rooms. A door that cannot be read makes all unknown: what it guards could be anything. */
function allDoors(places: ExaminePlaces, file: Fact<AgentFile>): Fact<readonly DoorFact[]> {
  // Somebody may have doors of the helper's before a home agent.
  if (!file.known && file.why !== 'config-missing') return file;
  const own = readFact(() => {
    if (!file.known) return [];
    const tables = file.value.door.filter(({ driver }) => agentDrivers.some((type) => type.name === driver));
    return doorFacts(tables.map(({ name, ...table }) => readDoor(name, table, agentDrivers)));
  });
  const root = rootDoors(places.helper);
  if (!own.known || !root.known) return own.known ? root : own;
  return known([...own.value, ...root.value]);
}

function readHome(file: string): Fact<AgentFile> {
  try {
    lstatSync(file);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return unknown(code === 'ENOENT' ? 'config-missing' : 'config-unreadable');
  }
  return readFact(() => readAgentFile(file));
}

function readFact<T>(read: () => T): Fact<T> {
  try {
    return known(read());
  } catch (error) {
    const detail = error instanceof LatchkeyError ? error.detail : undefined;
    return unknown(codeOf(error, 'config-unreadable'), detail);
  }
}

async function runningDoors(socket: string): Promise<HomeFacts['running']> {
  let control: ControlClient;
  try {
    control = await ControlClient.connect(socket);
  } catch (error) {
    return unknown(codeOf(error, 'config-not-running'));
  }
  try {
    const doors = (await control.ask({ verb: 'doors' }))['doors'] as readonly DoorFacts[];
    return known(doors.map(({ name, problem }) => ({ name, ...(problem === undefined ? {} : { problem }) })));
  } catch (error) {
    return unknown(codeOf(error, 'config-not-running'));
  } finally {
    control.close();
  }
}
