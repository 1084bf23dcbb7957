import { randomBytes } from 'node:crypto';
import { chmod, chown, lstat, mkdir, rm } from 'node:fs/promises';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { dirname } from 'node:path';
import { codeOf, LatchkeyError } from '../../lib/errors.ts';
import type { CheckResult } from '../../lib/checks.ts';
import { withWhatIsHere } from '../bans/definition.ts';
import { BanKeeper } from '../bans/keeper.ts';
import type { SourceType } from '../bans/source.ts';
import type { DoorDefinition } from '../doors/definition.ts';
import type { DriverType } from '../doors/driver.ts';
import { DoorKeeper } from '../doors/keeper.ts';
import { ownAddresses } from '../own-addresses.ts';
import { requireRootOwned } from '../root-owned.ts';
import { followAttacks } from './attacks.ts';
import { readHelperDoors, readHelperSources } from './config.ts';
import { banSources, drivers } from './registry.ts';
import { followSessions, type Sessions } from './sessions.ts';
import { readHelperSettings, type HelperSettings } from './settings.ts';
import { answer, longestLine, parseRequest, type HelperHost } from './verbs.ts';

export interface HelperOptions {
  /** DIR of the door files. Read as root only: as a user there are no doors here. */
  readonly config: string;
  /** The unix socket. Its folder is made 0750 if it is not there; its permissions are the check. */
  readonly socket: string;
  /** The home agent's group, which alone may speak to the socket. Absent: the group of this process. */
  readonly gid?: number;
  /** An existing folder of the helper's own (0700), for drivers. */
  readonly directory: string;
  readonly log: (line: string) => void;
  /** What the doctor says of this system; absent: the verb `checks` is refused. */
  readonly checks?: () => Promise<readonly CheckResult[]>;
  /** Default: the registry. */
  readonly types?: readonly DriverType[];
  /** Default: the registry. */
  readonly sources?: readonly SourceType[];
}

export interface Helper {
  /** Reads the files of doors and sources again, all or nothing: a bad file keeps everything as it is and is logged. */
  reload(): Promise<void>;
  /** Stops listening, lets running requests end, lets go of the drivers. Openings stay. */
  stop(): Promise<void>;
}

/** Requests of one connection that may run at once; further ones wait in the socket. */
const atOnce = 64;

/**
 * The part of Latchkey that may be root. Listens on no network.
 * Throws LatchkeyError `config-*`: without a sound configuration there is no helper.
 */
export async function startHelper(options: HelperOptions): Promise<Helper> {
  const { log } = options;
  const isRoot = process.getuid?.() === 0;
  // Resolved once: a link on the way to DIR cannot lead elsewhere later.
  const config = isRoot ? requireRootOwned(options.config) : undefined;
  const read = () => (config === undefined ? [] : readHelperDoors(config, options.types ?? drivers));
  // As a user no file is read, and what is here says that it needs root.
  const sourceTypes = options.sources ?? banSources;
  const readSources = () =>
    withWhatIsHere(config === undefined ? [] : readHelperSources(config, sourceTypes), sourceTypes);

  const definitions = read();
  const sources = await readSources();
  const settings = config === undefined ? undefined : readHelperSettings(config);
  const followed = settings === undefined || settings.sshLog === 'off' ? undefined : follow(settings, log);
  const leadsToSsh = ({ type, options: own }: DoorDefinition): boolean =>
    settings?.sshPorts.includes(type.port(own)) === true && type.service?.(own)?.protocol !== 'udp';
  const keeper = new DoorKeeper({
    directory: options.directory,
    log,
    ownAddresses,
    ...(settings === undefined || followed === undefined
      ? {}
      : {
          tellsSessions: (door: DoorDefinition) => Promise.resolve(leadsToSsh(door) && followed.reads()),
          logins: async (port: number) => {
            if (!settings.sshPorts.includes(port) || !followed.reads()) return undefined;
            await followed.settle();
            return followed.sessions();
          },
          sessions: async (door: DoorDefinition) => {
            if (!leadsToSsh(door)) return [];
            await followed.settle();
            return followed.sessions();
          },
        }),
  });
  const attacks = followAttacks({ from: settings?.attackLogs ?? [], log });
  const bans = new BanKeeper({
    boot: randomBytes(8).toString('hex'),
    log,
    failures: (since) => attacks.failures(since),
  });
  const host: HelperHost = keeper;
  host.bans = bans;
  host.attacks = async () => {
    await attacks.settle();
    return attacks.attacks();
  };
  if (options.checks !== undefined) host.checks = options.checks;
  const running = new Set<Promise<void>>();
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    serve(socket, host, running, log);
  });
  if (await answers(options.socket)) throw new LatchkeyError('config-port-in-use', options.socket);
  // Begun before anybody can ask: to an agent that comes at once, no door may look like a door that is gone.
  const ready = Promise.all([keeper.replace(definitions), bans.replace(sources)]);
  await listen(server, options);
  await ready;
  log(`helper: ${definitions.length} doors${isRoot ? '' : ' (not root: none are read)'}`);

  return {
    async reload() {
      try {
        const next = read();
        const nextSources = await readSources();
        await Promise.all([keeper.replace(next), bans.replace(nextSources)]);
        log(`helper: read again, ${next.length} doors`);
      } catch (error) {
        log(
          `helper: kept the old doors: ${error instanceof Error ? error.message : codeOf(error, 'config-invalid')}`,
        );
      }
    },
    async stop() {
      const closed = new Promise((resolve) => server.close(resolve));
      for (const socket of sockets) socket.pause();
      await bans.stop(); // and with it who waits for news
      await Promise.all(running);
      for (const socket of sockets) socket.destroySoon();
      await closed;
      await followed?.stop();
      await attacks.stop();
      await keeper.stop();
    },
  };
}

function follow({ sshLog }: HelperSettings, log: (line: string) => void): Sessions | undefined {
  return sshLog === 'off' ? undefined : followSessions({ from: sshLog, log });
}

/** SIGHUP reads the doors again, SIGTERM and SIGINT end the helper; resolves at its end. */
export async function untilSignalled(helper: Helper): Promise<void> {
  const reload = () => void helper.reload();
  process.on('SIGHUP', reload);
  await new Promise<void>((resolve) => {
    process.once('SIGTERM', () => resolve());
    process.once('SIGINT', () => resolve());
  });
  process.off('SIGHUP', reload);
  await helper.stop();
}

function serve(
  socket: Socket,
  host: HelperHost,
  running: Set<Promise<void>>,
  log: (line: string) => void,
): void {
  let rest = '';
  let mine = 0;
  let refused = false;
  // What is said in one turn leaves in one write: each wakes the home agent.
  const send = (message: object) => {
    if (!socket.writable) return;
    socket.cork();
    socket.write(JSON.stringify(message) + '\n');
    process.nextTick(() => socket.uncork());
  };
  const refuse = (error: unknown) => {
    log(`helper: a connection was ended: ${error instanceof Error ? error.message : ''}`);
    send({ id: null, ok: false, code: codeOf(error, 'protocol-malformed') });
    refused = true;
    socket.destroySoon();
  };
  const begin = (line: string) => {
    const request = parseRequest(line);
    mine++;
    const work = answer(request, host, (stage) => send({ id: request.id, ...stage }), log).then((result) => {
      send({ id: request.id, ...result });
      mine--;
      running.delete(work);
      if (mine === atOnce - 1) next();
    });
    running.add(work);
  };
  const next = () => {
    if (refused) return;
    try {
      for (let end = rest.indexOf('\n'); end >= 0 && mine < atOnce; end = rest.indexOf('\n')) {
        const line = rest.slice(0, end);
        rest = rest.slice(end + 1);
        begin(line);
      }
      if (!rest.includes('\n') && rest.length > longestLine) throw new LatchkeyError('protocol-oversized');
    } catch (error) {
      return refuse(error);
    }
    if (mine >= atOnce) socket.pause();
    else socket.resume();
  };
  socket.setEncoding('utf8');
  socket.on('error', () => socket.destroy());
  socket.on('data', (text: string) => {
    rest += text;
    next();
  });
}

/** Node has no peer credentials: who can reach the socket file is who may speak. */
async function listen(server: Server, { socket, gid }: HelperOptions): Promise<void> {
  const folder = dirname(socket);
  const group = gid ?? process.getgid?.() ?? 0;
  const owner = process.getuid?.() ?? 0;
  await mkdir(folder, { mode: 0o700 }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw new LatchkeyError('config-unreadable', folder, { cause: error });
  });
  const stat = await lstat(folder);
  if (!stat.isDirectory() || stat.uid !== owner || (stat.mode & 0o022) !== 0)
    throw new LatchkeyError('config-unsafe', folder);
  await chown(folder, owner, group);
  await chmod(folder, 0o750);
  await rm(socket, { force: true });
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => reject(new LatchkeyError('config-unreadable', socket, { cause: error })));
    server.listen(socket, resolve);
  });
  await chown(socket, owner, group);
  await chmod(socket, 0o660);
}

/** True when a living helper has the socket; false for what a killed one left behind. */
function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
