import { mkdirSync } from 'node:fs';
import { hostname } from 'node:os';
import path from 'node:path';
import { LatchkeyError, isErrorCode } from '../../lib/errors.ts';
import { ControlClient } from '../control-client.ts';
import type { Identity } from '../drop.ts';
import { privateFolder, readPlain, writeWhole } from '../files.ts';
import type { Folders } from '../folders.ts';
import type { RelayFacts } from '../relay/main.ts';
import { awsEnvironment } from './aws-environment.ts';
import { Child } from './child.ts';
import { bundledCode, pagesFolder, readableCode } from './code.ts';
import { firstDoor, greeterPort, newHomeFile, renewHomeFile, trustFile } from './home-file.ts';
import { requirePassable, usersFor, type Users } from './users.ts';

export interface UpOptions {
  readonly folders: Folders;
  /** HTTPS; plain HTTP on loopback is the one above. */
  readonly port: number;
  readonly host?: string;
  /** `--users` as given. */
  readonly users?: string;
  readonly newCertificate: boolean;
  /** Progress and the log, one line each. */
  readonly say: (line: string) => void;
}

export interface Up {
  readonly relay: RelayFacts;
  /** The home's, for a relay elsewhere. */
  readonly mailbox: string;
  readonly control: () => Promise<ControlClient>;
  /** What the first door does, where this start made it. */
  readonly madeDoor: string | undefined;
  stop(): Promise<void>;
}

/**
 * Relay, home agent and helper, each a process of its own, kept alive until `stop`. As root, relay and home agent run
 * under two other users. Throws `config-*` when one of them cannot start at all, and then none is left running.
 */
export async function up(options: UpOptions): Promise<Up> {
  const { folders, say } = options;
  const isRoot = process.getuid?.() === 0;
  const users = isRoot ? await usersFor(options.users) : undefined;
  if (!isRoot && options.users !== undefined) throw new LatchkeyError('config-usage', '--users needs root');
  const code = await bundledCode(say);
  makeFolders(folders, users);
  const readable = users === undefined ? code : readableCode(code, path.join(folders.root, 'code'));

  const children: Child[] = [];
  let fail: (error: Error) => void = () => undefined;
  const hopeless = new Promise<never>((_resolve, reject) => (fail = reject));
  hopeless.catch(() => undefined);
  const child = (
    name: string,
    folder: string,
    args: () => readonly string[],
    onMessage: (message: Readonly<Record<string, unknown>>) => void,
  ): Child => {
    const command = (): [string, ...string[]] => [
      process.execPath,
      path.join(folder, 'cli.js'),
      name,
      '--parent',
      ...args(),
    ];
    const onHopeless = (lines: readonly string[]): void => fail(startFailure(name, lines));
    const env = name === 'agent' ? awsEnvironment(process.env, folders.agent, isRoot) : {};
    const made = new Child({ name, command, env, log: say, onMessage, onHopeless });
    children.push(made);
    return made;
  };
  const stop = async (): Promise<void> => void (await Promise.all(children.map((each) => each.stop())));

  try {
    let homes: readonly string[] = [];
    const relayReady = later<RelayFacts>();
    let renew = options.newCertificate;
    const relayCommand = (): readonly string[] => {
      const given = relayArguments(options, users?.relay, renew);
      renew = false; // for this start, not for one after a crash
      return given;
    };
    const relay = child('relay', readable, relayCommand, (message) => {
      relayReady.resolve(message['ready'] as RelayFacts);
      relay.say({ homes });
    });
    const helperReady = later<unknown>();
    const helper = child(
      'helper',
      code,
      () => helperArguments(folders, users?.agent),
      (message) => helperReady.resolve(message),
    );
    // The relay first: a port in use ends the start before anything else has begun.
    await relay.start();
    const facts = await Promise.race([relayReady.promise, hopeless]);
    await helper.start();
    const { madeDoor, greeter } = await writeHomeFile(folders, facts, users?.agent, options.port);
    await Promise.race([helperReady.promise, hopeless]);

    const agentReady = later<unknown>();
    const agent = child(
      'agent',
      readable,
      () => agentArguments(folders, users?.agent, greeter),
      (message) => {
        if (typeof message['mailbox'] === 'string') {
          homes = [message['mailbox']];
          relay.say({ homes });
          agent.say({ start: true });
        }
        if (Object.hasOwn(message, 'ready')) agentReady.resolve(message);
      },
    );
    await agent.start();
    await Promise.race([agentReady.promise, hopeless]);
    return {
      relay: facts,
      mailbox: homes[0] ?? '',
      madeDoor,
      control: () => ControlClient.connect(folders.controlSocket),
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

function makeFolders(folders: Folders, users: Users | undefined): void {
  // the longest that a unix socket's address takes (unix(7)), with its closing zero
  if (Buffer.byteLength(folders.controlSocket) > 107)
    throw new LatchkeyError('config-invalid', `LATCHKEY_DIR is too long for a socket: ${folders.root}`);
  try {
    mkdirSync(folders.root, { recursive: true, mode: users === undefined ? 0o700 : 0o711 });
  } catch (cause) {
    throw new LatchkeyError('config-unreadable', folders.root, { cause });
  }
  if (users !== undefined) requirePassable(folders.root);
  privateFolder(folders.relay, users?.relay);
  privateFolder(folders.agent, users?.agent);
  privateFolder(folders.helper, users === undefined ? undefined : { uid: 0, gid: 0 });
}

function asUser(identity: Identity | undefined): string[] {
  return identity === undefined ? [] : ['--as', `${identity.uid}:${identity.gid}`];
}

function relayArguments(options: UpOptions, identity: Identity | undefined, renew: boolean): string[] {
  return [
    ...asUser(identity),
    ...['--dir', options.folders.relay, '--pages', pagesFolder, '--port', String(options.port)],
    ...(options.host === undefined ? [] : ['--host', options.host]),
    ...(renew ? ['--new-certificate'] : []),
  ];
}

function agentArguments(
  folders: Folders,
  identity: Identity | undefined,
  greeter: number | undefined,
): string[] {
  return [
    ...asUser(identity),
    ...['--dir', folders.agent],
    ...(greeter === undefined ? [] : ['--greeter', String(greeter)]),
  ];
}

function helperArguments(folders: Folders, agent: Identity | undefined): string[] {
  return [
    ...['--config', folders.helper, '--socket', folders.helperSocket],
    ...(agent === undefined ? [] : ['--group', String(agent.gid)]),
  ];
}

/** Makes agent.toml at the first start and keeps its relay right at every later one. */
async function writeHomeFile(
  folders: Folders,
  relay: RelayFacts,
  owner: Identity | undefined,
  port: number,
): Promise<{ madeDoor: string | undefined; greeter: number | undefined }> {
  const file = path.join(folders.agent, 'agent.toml');
  if (relay.trust !== undefined) writeWhole(path.join(folders.agent, trustFile), relay.trust, 0o600, owner);
  const text = readPlain(file);
  if (text !== undefined) {
    const renewed = renewHomeFile(text, relay);
    if (renewed !== text) writeWhole(file, renewed, 0o600, owner);
    return { madeDoor: undefined, greeter: greeterPort(renewed) };
  }
  const door = await firstDoor(port);
  writeWhole(file, newHomeFile(hostname(), folders.helperSocket, door, relay), 0o600, owner);
  const to = door.isGreeter
    ? 'a built-in greeter, because no sshd listens on port 22'
    : 'this machine’s sshd';
  return {
    madeDoor: `a first door, "${door.isGreeter ? 'hello' : 'ssh'}": port ${door.listen}, while it is open, leads to ${to}`,
    greeter: door.isGreeter ? Number(door.target.split(':')[1]) : undefined,
  };
}

/** What a child that never got ready said last; its code is passed on. */
function startFailure(name: string, lines: readonly string[]): Error {
  for (const line of lines) {
    const parts = /^([a-z]+-[a-z-]+): [^(]*(?:\((.*)\) )?/.exec(line);
    if (parts !== null && isErrorCode(parts[1])) return new LatchkeyError(parts[1], parts[2] ?? name);
  }
  return new LatchkeyError('tool-failed', `${name} did not start: ${lines.slice(-5).join(' | ')}`);
}

function later<Value>(): { promise: Promise<Value>; resolve: (value: Value) => void } {
  let resolve: (value: Value) => void = () => undefined;
  const promise = new Promise<Value>((next) => (resolve = next));
  return { promise, resolve };
}
