import { existsSync, lstatSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { stringify } from 'smol-toml';
import { doorName } from '../lib/door.ts';
import { LatchkeyError, type ErrorCode } from '../lib/errors.ts';
import { parseAgentFile } from './agent/config.ts';
import { agentDrivers } from './agent/registry.ts';
import { ControlClient } from './control-client.ts';
import type { DoorFacts } from './doors/host.ts';
import { checkTogether, readDoor, type DoorDefinition } from './doors/definition.ts';
import { HelperClient } from './agent/helper-client.ts';
import { readPlain, writeWhole } from './files.ts';
import { readHelperDoors } from './helper/config.ts';
import { drivers } from './helper/registry.ts';
import { isRunning, type ProcessName } from './process-facts.ts';

/** Where doors are written, for `latchkey door`. All or nothing: a door that does not take effect leaves no file. */
export interface Places {
  /** DIR of the helper. */
  readonly helper: string;
  /** Folder of agent.toml. */
  readonly agent: string;
  readonly controlSocket: string;
}

/** How far a change came: it works (perhaps with a problem, such as a missing tool), or nothing runs here yet. */
export interface Took {
  readonly running: boolean;
  readonly problem?: ErrorCode;
}

export interface ListedDoor {
  readonly name: string;
  readonly driver: string;
  readonly port?: number;
  readonly problem?: ErrorCode;
}

type Table = Readonly<Record<string, string | number | readonly string[]>>;

/** How long a running helper may take to show a change (ms): nft answers in 20, knockd's start takes about 100. */
const patience = 5000;

/**
 * Throws `config-usage` for what is wrong with `name` or `table`, other `config-*`, `tool-needs-root`, or
 * `tool-failed` when the running helper did not take it; nothing is changed then.
 */
export async function addRootDoor(places: Places, name: string, table: Table): Promise<Took> {
  requireRoot();
  await requireFree(places, name);
  const others = readHelperDoors(places.helper, drivers);
  asUsage(table, () => checkTogether([...others, readDoor(name, table, drivers)]));
  const file = rootFile(places, name);
  mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
  writeWhole(file, `${stringify(table)}\n`, 0o600, { uid: 0, gid: 0 });
  const undo = (): void => rmSync(file, { force: true });
  return tellHelper(places, name, true, undo);
}

/** A door of the home agent's own process, in agent.toml. As addRootDoor. */
export async function addHomeDoor(places: Places, name: string, table: Table): Promise<Took> {
  await requireFree(places, name);
  asUsage(table, () => checkTogether([...homeDefinitions(places), readDoor(name, table, agentDrivers)]));
  return changeHomeFile(places, (text) => {
    const block = `[[door]]\nname = "${name}"\n${stringify(table)}`.trimEnd();
    // before the part that `latchkey up` keeps, so that the file reads in one order
    const at = text.search(/^# --- written by `latchkey up`/m);
    return at < 0 ? `${text.trimEnd()}\n\n${block}\n` : `${text.slice(0, at)}${block}\n\n${text.slice(at)}`;
  });
}

/** As addRootDoor; `config-missing` where there is no such door. */
export async function removeDoor(places: Places, name: string): Promise<Took> {
  if (homeDoors(places).some((door) => door.name === name))
    return changeHomeFile(places, (text) => withoutDoor(text, name));
  const file = rootFile(places, name);
  if (!doorName.test(name) || !existsSync(file)) throw new LatchkeyError('config-missing', `door "${name}"`);
  requireRoot();
  const text = readPlain(file) ?? '';
  rmSync(file);
  const undo = (): void => writeWhole(file, text, 0o600, { uid: 0, gid: 0 });
  return tellHelper(places, name, false, undo);
}

/** From the running home agent, which asks the helper too; from the files where none runs. */
export async function listDoors(places: Places): Promise<ListedDoor[]> {
  const running = await askDoors(places);
  if (running !== undefined)
    return running.map(({ name, driver, endpoint, fault, problem = fault }) => ({
      name,
      driver,
      port: endpoint.port,
      ...(problem === undefined ? {} : { problem }),
    }));
  const root = isRoot() ? readHelperDoors(places.helper, drivers) : [];
  return [
    ...homeDoors(places),
    ...root.map(({ name, type, options }) => ({ name, driver: type.name, port: type.port(options) })),
  ];
}

function rootFile(places: Places, name: string): string {
  return path.join(places.helper, 'doors', `${name}.toml`);
}

function isRoot(): boolean {
  return process.getuid?.() === 0;
}

/** Throws `tool-needs-root`. */
export function requireRoot(): void {
  if (!isRoot()) throw new LatchkeyError('tool-needs-root');
}

/** What is wrong with a door out of words just given is their fault, unless they name a file, which may be wrong. */
function asUsage(table: Table, check: () => void): void {
  try {
    check();
  } catch (error) {
    const isOfWords = error instanceof LatchkeyError && error.code === 'config-invalid';
    if (!isOfWords || 'file' in table) throw error;
    throw new LatchkeyError('config-usage', error.detail);
  }
}

/** Names are unique across both rooms: a device names a door, and there must be one. */
async function requireFree(places: Places, name: string): Promise<void> {
  if (!doorName.test(name))
    throw new LatchkeyError(
      'config-usage',
      `the name "${name}": a letter, then up to 30 of a-z, 0-9 and _ (lower case)`,
    );
  const taken = [...homeDoors(places).map((door) => door.name), ...rootNames(places)];
  const running = (await askDoors(places))?.map((door) => door.name) ?? [];
  if ([...taken, ...running].includes(name)) throw new LatchkeyError('config-exists', name);
}

/** Also what is not for us to read: a user's `door add proxy` sees no root door, the running agent does. */
function rootNames(places: Places): string[] {
  try {
    return readdirSync(path.join(places.helper, 'doors')).map((file) => path.basename(file, '.toml'));
  } catch {
    return [];
  }
}

function homeDoors(places: Places): ListedDoor[] {
  const file = path.join(places.agent, 'agent.toml');
  const text = readPlain(file);
  if (text === undefined) return [];
  return parseAgentFile(text, file).door.map(({ name, driver }) => ({ name, driver }));
}

/** Doors of the home agent's own process. */
function definitionsIn(text: string, file: string): DoorDefinition[] {
  return parseAgentFile(text, file)
    .door.filter((table) => agentDrivers.some((type) => type.name === table.driver))
    .map(({ name, ...table }) => readDoor(name, table, agentDrivers));
}

function homeDefinitions(places: Places): DoorDefinition[] {
  const file = path.join(places.agent, 'agent.toml');
  const text = readPlain(file);
  return text === undefined ? [] : definitionsIn(text, file);
}

async function changeHomeFile(places: Places, change: (text: string) => string): Promise<Took> {
  const file = path.join(places.agent, 'agent.toml');
  const before = readPlain(file);
  if (before === undefined) throw new LatchkeyError('config-missing', `${file}: \`latchkey up\` makes it`);
  const after = change(before);
  checkTogether(definitionsIn(after, file));
  writeAsOwner(file, after);
  let control: ControlClient;
  try {
    control = await ControlClient.connect(places.controlSocket);
  } catch {
    return { running: false };
  }
  try {
    await control.ask({ verb: 'reload' });
    return { running: true };
  } catch (error) {
    writeAsOwner(file, before);
    throw error;
  } finally {
    control.close();
  }
}

/** Root's command line writes the home agent's file: it stays the home agent's. */
function writeAsOwner(file: string, text: string): void {
  writeWhole(file, text, 0o600, isRoot() ? lstatSync(path.dirname(file)) : undefined);
}

/** SIGHUP, and then the helper itself is asked whether it has the door, or no longer has it. */
async function tellHelper(places: Places, name: string, wanted: boolean, undo: () => void): Promise<Took> {
  const running = runningHelper(places.helper);
  if (running === undefined) return { running: false };
  const client = new HelperClient({ path: running.socket });
  try {
    process.kill(running.pid, 'SIGHUP');
    for (const end = performance.now() + patience; performance.now() < end; await wait(50)) {
      const door = (await client.doors()).find((each) => each.name === name);
      if ((door !== undefined) !== wanted) continue;
      await askDoors(places); // the home agent looks again, too
      return { running: true, ...(door?.problem === undefined ? {} : { problem: door.problem }) };
    }
  } catch (error) {
    undo();
    throw error;
  } finally {
    await client.stop();
  }
  undo();
  process.kill(running.pid, 'SIGHUP');
  throw new LatchkeyError('tool-failed', `the helper did not take door "${name}"; nothing was changed`);
}

interface RunningHelper extends ProcessName {
  readonly socket: string;
}

/** As it wrote itself: server/cli/helper.ts. */
function runningHelper(folder: string): RunningHelper | undefined {
  const text = readPlain(path.join(folder, 'work/helper.pid'));
  if (text === undefined) return undefined;
  const helper = JSON.parse(text) as RunningHelper;
  return isRunning(helper) ? helper : undefined;
}

/** The text without one [[door]] table: from its header to the next header or the part of `latchkey up`. */
function withoutDoor(text: string, name: string): string {
  const parts = text.split(/^(?=\[|# --- written by)/m);
  const kept = parts.filter(
    (part) =>
      !(part.startsWith('[[door]]') && new RegExp(`^\\s*name\\s*=\\s*["']${name}["']`, 'm').test(part)),
  );
  if (kept.length !== parts.length - 1)
    throw new LatchkeyError(
      'config-invalid',
      `door "${name}" is not written in a way that can be taken out: edit agent.toml`,
    );
  return kept.join('');
}

async function askDoors(places: Places): Promise<readonly DoorFacts[] | undefined> {
  let control: ControlClient;
  try {
    control = await ControlClient.connect(places.controlSocket);
  } catch {
    return undefined;
  }
  try {
    return (await control.ask({ verb: 'doors' }))['doors'] as DoorFacts[];
  } finally {
    control.close();
  }
}
