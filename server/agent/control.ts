import { chmodSync, rmSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { randomBytes } from 'node:crypto';
import * as v from 'valibot';
import { codeOf, LatchkeyError } from '../../lib/errors.ts';
import { permissions, readPermissions } from '../../lib/permission.ts';
import { toBase64 } from '../../lib/protocol/bytes.ts';
import type { Agent } from './agent.ts';
import { answerRestore, restoreVerbs } from './archives/restore-control.ts';
import { sendingReport } from './archives/sending-report.ts';
import { revokeDevice } from './handlers.ts';
import { findDevice, permit } from './permitting.ts';

/** What the command line at home asks the running home agent: one JSON object a line, one line back. */
const request = v.variant('verb', [
  v.strictObject({
    verb: v.literal('offer'),
    confirm: v.boolean(),
    minutes: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(60)),
  }),
  v.strictObject({ verb: v.literal('answer'), device: v.string(), yes: v.boolean() }),
  /** From now on, pairing news come as lines of their own. */
  v.strictObject({ verb: v.literal('watch') }),
  v.strictObject({ verb: v.literal('devices') }),
  v.strictObject({ verb: v.literal('revoke'), device: v.pipe(v.string(), v.minLength(1), v.maxLength(64)) }),
  v.strictObject({
    verb: v.literal('permit'),
    device: v.pipe(v.string(), v.minLength(1), v.maxLength(64)),
    permission: v.picklist(permissions),
    yes: v.boolean(),
  }),
  v.strictObject({
    verb: v.literal('audit'),
    before: v.optional(v.pipe(v.number(), v.integer()), Number.MAX_SAFE_INTEGER),
    limit: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(1000)), 50),
  }),
  v.strictObject({ verb: v.literal('doors') }),
  /** Asks AWS for the list of a vault, by name or ARN, absent: of all. */
  v.strictObject({
    verb: v.literal('inventory'),
    vault: v.exactOptional(v.pipe(v.string(), v.maxLength(400))),
  }),
  sendingReport,
  ...restoreVerbs,
  v.strictObject({ verb: v.literal('reload') }),
]);
type ControlRequest = v.InferOutput<typeof request>;

/** A plan of as many archives as one may name. */
const longestLine = 4 * 1024 * 1024;

/** Reads the home agent's file again and takes its doors over; throws `config-*`, and nothing changes then. */
export type Reload = () => Promise<void>;

/** Two home agents on one folder would settle each other's requests. Throws `config-running`. */
export async function refuseSecond(path: string): Promise<void> {
  const lives = await new Promise<boolean>((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
  if (lives) throw new LatchkeyError('config-running', path);
}

/** Listens at `path`, 0600: whoever can open it is the home agent's own user or root. */
export async function listenControl(path: string, agent: Agent, reload: Reload): Promise<Server> {
  rmSync(path, { force: true });
  const server = createServer((socket) => serve(socket, agent, reload));
  const umask = process.umask(0o177);
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', (cause) => reject(new LatchkeyError('config-unreadable', path, { cause })));
      server.listen(path, resolve);
    });
  } finally {
    process.umask(umask);
  }
  chmodSync(path, 0o600);
  return server;
}

function serve(socket: Socket, agent: Agent, reload: Reload): void {
  let text = '';
  let stopWatching: (() => void) | undefined;
  const say = (line: object): void => {
    if (socket.writable) socket.write(`${JSON.stringify(line)}\n`);
  };
  socket.setEncoding('utf8');
  socket.on('error', () => socket.destroy());
  socket.on('close', () => stopWatching?.());
  socket.on('data', (chunk: string) => {
    text += chunk;
    for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n')) {
      const line = text.slice(0, end);
      text = text.slice(end + 1);
      answer(line, agent, reload, () => (stopWatching ??= agent.pairing.onNews(say))).then(
        (result) => say({ ok: true, ...result }),
        (error: unknown) => {
          const detail = error instanceof LatchkeyError ? error.detail : String(error);
          say({ ok: false, code: codeOf(error, 'tool-failed'), ...(detail === undefined ? {} : { detail }) });
        },
      );
    }
    if (text.length > longestLine) socket.destroy();
  });
}

async function answer(line: string, agent: Agent, reload: Reload, watch: () => void): Promise<object> {
  let parsed: unknown;
  try {
    parsed = JSON.parse(line);
  } catch (cause) {
    throw new LatchkeyError('protocol-malformed', 'not JSON', { cause });
  }
  const checked = v.safeParse(request, parsed);
  if (!checked.success)
    throw new LatchkeyError('protocol-malformed', v.getDotPath(checked.issues[0]) ?? 'verb');
  return run(checked.output, agent, reload, watch);
}

async function run(asked: ControlRequest, agent: Agent, reload: Reload, watch: () => void): Promise<object> {
  switch (asked.verb) {
    case 'offer':
      return agent.pairing.make(asked.confirm, asked.minutes);
    case 'answer':
      await agent.pairing.answer(asked.device, asked.yes);
      return {};
    case 'watch':
      watch();
      return {};
    case 'devices':
      return { devices: listDevices(agent) };
    case 'revoke':
      return revoke(asked.device, agent);
    case 'permit':
      return permit(asked.device, asked.permission, asked.yes, agent);
    case 'audit':
      return { events: await agent.audit.read(asked.before, asked.limit) };
    case 'doors':
      await agent.doors.refresh();
      return { doors: agent.doors.list() };
    case 'inventory':
      return { vaults: await agent.archives.asking.askAtHome(asked.vault) };
    case 'sending':
      return agent.archives.sending.hear(asked);
    case 'restorePlan':
    case 'restoreStart':
    case 'restores':
    case 'restored':
    case 'restorePause':
    case 'restoreGoOn':
    case 'restoreCap':
      return answerRestore(asked, agent.archives.restoring);
    case 'reload':
      await reload();
      return {};
  }
}

function listDevices(agent: Agent): object[] {
  const now = agent.clock.now();
  return agent.devices.all().map((row) => {
    const seen = agent.devices.lastSeen(row.id);
    return {
      id: row.id,
      name: row.name,
      pairedAt: row.pairedAt,
      confirmed: !agent.devices.isWaiting(row.id),
      allowed: readPermissions(row.allowed),
      ...(seen === undefined ? {} : { lastSeenMs: Math.round(now - seen) }),
      open: [...agent.openings.held.values()]
        .filter((held) => held.row.device === row.id && held.phase !== 'closed')
        .map((held) => ({
          door: held.row.door,
          address: held.row.address,
          remainingMs: Math.round(held.endsAt - now),
        })),
    };
  });
}

/** By id, or by a name that only one device has. */
async function revoke(wanted: string, agent: Agent): Promise<object> {
  const row = findDevice(wanted, agent.devices);
  const outcome = await revokeDevice(
    row.id,
    'home',
    toBase64(new Uint8Array(randomBytes(16))),
    agent.handlerParts(),
  );
  if (!outcome.ok) throw new LatchkeyError(outcome.code);
  return { device: row.id, name: row.name };
}
