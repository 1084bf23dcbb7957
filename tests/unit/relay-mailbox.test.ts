import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Limits } from '../../server/relay/limits.ts';
import type { RunningRelay } from '../../server/relay/relay.ts';
import { encodeFrame, type Frame } from '../../lib/protocol/frame.ts';
import { maxFrame } from '../../lib/protocol/version.ts';
import { count } from '../counts.ts';
import {
  answer,
  deviceAt,
  dial,
  homeAt,
  id,
  mailbox,
  peer,
  registerKeys,
  relay,
  sealed,
  settle,
  signer,
  type Peer,
} from './relay-peer.ts';

const home = signer();
const device = signer();
const other = signer();
const offer = signer();

let running: RunningRelay;
let atHome: Peer;

async function begin(limits: Partial<Limits> = {}): Promise<void> {
  running = await relay({ homes: [id(mailbox(home))], limits });
  atHome = await homeAt(running, home, [device, other], offer);
  await settle(20);
}

afterEach(() => running.close());

/** A device that the home has heard from, and the id that the relay gave its connection. */
async function heard(who = device): Promise<{ connection: Peer; id: Uint8Array }> {
  const connection = await deviceAt(running, home, who, sealed());
  const from = await atHome.next('from');
  await connection.next('taken');
  return { connection, id: from.connection };
}

describe('routing', () => {
  beforeEach(() => begin());

  test('bytes arrive unchanged, both ways, whatever their size', async () => {
    const { connection, id: to } = await heard();
    for (const size of [256, 1024, 4096, 16384]) {
      const up = sealed(size);
      const down = sealed(size);
      connection.send(up);
      expect(Buffer.from((await atHome.next('from')).bytes)).toEqual(Buffer.from(up));
      await connection.next('taken');
      atHome.send({ kind: 'to', connection: to, bytes: down });
      expect(await connection.nextBytes()).toEqual(Buffer.from(down));
    }
  });

  test('taken counts what was passed on', async () => {
    const { connection } = await heard();
    for (let n = 2; n < 6; n++) {
      connection.send(sealed());
      expect(await connection.next('taken')).toEqual({ kind: 'taken', n });
    }
  });

  test('two connections of one device stay apart, by random ids', async () => {
    const one = await heard();
    const two = await heard();
    expect(Buffer.from(one.id)).not.toEqual(Buffer.from(two.id));
    const bytes = sealed();
    atHome.send({ kind: 'to', connection: two.id, bytes });
    expect(await two.connection.nextBytes()).toEqual(Buffer.from(bytes));
    await settle();
    expect(one.connection.frames).toEqual([]);
  });

  test('a connection id that nobody has reaches nobody', async () => {
    const { connection } = await heard();
    atHome.send({ kind: 'to', connection: randomBytes(16), bytes: sealed() });
    await settle();
    expect(connection.frames).toEqual([]);
    expect(atHome.socket.readyState).toBe(atHome.socket.OPEN);
  });

  test('the home is told who left, and only of those it heard', async () => {
    const silent = await deviceAt(running, home, device);
    await settle();
    silent.close();
    const { connection, id: gone } = await heard();
    connection.close();
    expect(Buffer.from((await atHome.next('left')).connection)).toEqual(Buffer.from(gone));
    await settle();
    expect(atHome.frames).toEqual([]);
  });

  test('two homes do not see each other’s devices', async () => {
    const second = signer();
    running.serve([id(mailbox(home)), id(mailbox(second))]);
    const atSecond = await homeAt(running, second, [device]);
    await settle(20);
    const { connection } = await heard();
    await settle();
    expect(atSecond.frames).toEqual([]);
    atSecond.send({ kind: 'to', connection: randomBytes(16), bytes: sealed() });
    await settle();
    expect(connection.frames).toEqual([]);
  });
});

describe('keys are the home’s', () => {
  beforeEach(() => begin());

  test('a revoked key loses its sockets at once and is not let in again; others stay', async () => {
    const { connection } = await heard();
    const kept = await heard(other);
    registerKeys(atHome, [other]);
    expect(await connection.next('gone')).toEqual({ kind: 'gone', code: 'relay-not-admitted' });
    await connection.closed;
    await atHome.next('left');
    const again = await deviceAt(running, home, device, sealed());
    expect((await again.next('gone')).code).toBe('relay-not-admitted');
    kept.connection.send(sealed());
    await kept.connection.next('taken');
  });

  test('frames of a revoked key that were on the way reach nobody', async () => {
    const { connection } = await heard();
    registerKeys(atHome, []);
    for (let i = 0; i < 20; i++) connection.send(sealed());
    await connection.closed;
    await settle();
    const kinds = new Set(atHome.frames.map((bytes) => bytes[0]));
    // those that came before the new keys may be there; after `left` there is none
    const left = atHome.frames.findIndex((bytes) => bytes[0] === 7);
    expect(left).toBeGreaterThanOrEqual(0);
    expect(atHome.frames.slice(left + 1)).toEqual([]);
    expect([...kinds].every((kind) => kind === 5 || kind === 7)).toBe(true);
  });

  test('an offer that is over loses its sockets', async () => {
    const { connection } = await heard(offer);
    registerKeys(atHome, [device]);
    expect((await connection.next('gone')).code).toBe('relay-not-admitted');
  });

  test('the latest proven home wins, the older is closed, devices stay', async () => {
    const { connection } = await heard();
    const newer = await homeAt(running, home, [device]);
    await atHome.closed;
    const bytes = sealed();
    connection.send(bytes);
    expect(Buffer.from((await newer.next('from')).bytes)).toEqual(Buffer.from(bytes));
    await connection.next('taken');
    expect(atHome.frames).toEqual([]);
  });

  test('a connection that does not prove the home’s key moves nothing', async () => {
    const stranger = await peer(running, 'home');
    await stranger.next('challenge');
    stranger.send({ kind: 'keys', admission: [] });
    await stranger.closed;
    await heard();
  });

  test('when the home goes, its devices go, and its keys with it', async () => {
    const { connection } = await heard();
    atHome.close();
    expect((await connection.next('gone')).code).toBe('relay-home-away');
    const again = await deviceAt(running, home, device);
    expect((await again.next('gone')).code).toBe('relay-not-admitted');
  });

  test('a home that is served no more is closed with its devices', async () => {
    const { connection } = await heard();
    running.serve([]);
    await atHome.closed;
    await connection.closed;
  });
});

describe('what ends a connection', () => {
  test('more frames than the limit: the rest reaches nobody', async () => {
    await begin({ framesPerSecond: 1, frameBurst: 5 });
    const connection = await deviceAt(running, home, device);
    for (let i = 0; i < 12; i++) connection.send(sealed());
    await connection.closed;
    await settle();
    expect(atHome.frames.filter((bytes) => bytes[0] === 5)).toHaveLength(5);
    expect(connection.frames.map((bytes) => bytes[0])).toEqual([8, 8, 8, 8, 8, 9]);
  });

  test('an offer key: fewer frames, smaller frames, fewer sockets', async () => {
    await begin({ offerFramesPerSecond: 1, offerFrameBurst: 3, offerConnections: 2 });
    const many = await deviceAt(running, home, offer);
    for (let i = 0; i < 6; i++) many.send(sealed());
    await many.closed;
    await settle();
    expect(atHome.frames.filter((bytes) => bytes[0] === 5)).toHaveLength(3);
    atHome.frames.length = 0;

    const large = await deviceAt(running, home, offer, sealed(4096));
    expect((await large.next('gone')).code).toBe('protocol-oversized');
    await settle();
    expect(atHome.frames).toEqual([]);

    await heard(offer);
    await heard(offer);
    const third = await deviceAt(running, home, offer, sealed());
    expect((await third.next('gone')).code).toBe('relay-full');
    await settle();
    expect(atHome.frames).toEqual([]);
  });

  test('a frame above the protocol’s size', async () => {
    await begin();
    const { connection } = await heard();
    connection.send(new Uint8Array(maxFrame + 1).fill(19));
    expect(await connection.closed).toBe(1009);
    await atHome.next('left');
    await settle();
    expect(atHome.frames).toEqual([]);
  });

  test('a frame that would not fit once wrapped', async () => {
    await begin();
    const { connection } = await heard();
    connection.send(new Uint8Array(maxFrame).fill(19));
    expect((await connection.next('gone')).code).toBe('protocol-oversized');
    await atHome.next('left');
    await settle();
    expect(atHome.frames).toEqual([]);
  });

  test.each([
    ['to another device', (id: Uint8Array): Frame => ({ kind: 'to', connection: id, bytes: sealed() })],
    ['from another device', (id: Uint8Array): Frame => ({ kind: 'from', connection: id, bytes: sealed() })],
    ['keys', (): Frame => ({ kind: 'keys', admission: [] })],
    ['left', (id: Uint8Array): Frame => ({ kind: 'left', connection: id })],
    ['taken', (): Frame => ({ kind: 'taken', n: 9 })],
  ])('a device that speaks as home or relay: %s', async (_what, frame) => {
    await begin();
    const kept = await heard(other);
    const { connection, id: mine } = await heard();
    connection.send(frame(kept.id));
    expect((await connection.next('gone')).code).toBe('protocol-malformed');
    expect(Buffer.from((await atHome.next('left')).connection)).toEqual(Buffer.from(mine));
    await settle();
    expect(atHome.frames).toEqual([]);
    expect(kept.connection.frames).toEqual([]);
    kept.connection.send(sealed());
    await kept.connection.next('taken');
  });

  test('a peer that does not answer the challenge in time is refused as all others', async () => {
    await begin({ admissionTime: 80 });
    for (const role of ['device', 'home'] as const) {
      const idle = await peer(running, role);
      await idle.next('challenge');
      expect((await idle.next('gone')).code).toBe('relay-not-admitted');
      await idle.closed;
    }
    await heard();
  });

  test('a home that floods', async () => {
    await begin({ homeFramesPerSecond: 1, homeFrameBurst: 5 });
    const { connection, id: to } = await heard();
    for (let i = 0; i < 9; i++) atHome.send({ kind: 'to', connection: to, bytes: sealed() });
    expect((await atHome.next('gone')).code).toBe('relay-rate');
    await connection.closed;
    // one was for the keys
    expect(connection.frames.filter((bytes) => bytes[0] === 19)).toHaveLength(4);
    expect(connection.frames.at(-1)?.[0]).toBe(9);
  });

  test('a home that does not read is dropped, and its devices are told', async () => {
    await begin({ homeBuffered: 64 * 1024, framesPerSecond: 1e6, frameBurst: 1e6 });
    const { connection } = await heard();
    atHome.socket.pause();
    const bytes = sealed(16384);
    for (let i = 0; i < 1500; i++) connection.send(bytes);
    await connection.closed;
    expect(connection.frames.at(-1)).toEqual(
      Buffer.from(encodeFrame({ kind: 'gone', code: 'relay-home-away' })),
    );
    atHome.close();
  });

  test('text', async () => {
    await begin();
    const { connection } = await heard();
    connection.socket.send('hello');
    await connection.closed;
    await atHome.next('left');
    expect(atHome.frames).toEqual([]);
  });

  test('devices beyond the mailbox’s number are told so', async () => {
    await begin({ devicesPerMailbox: 2 });
    await heard();
    await heard();
    const third = await deviceAt(running, home, other, sealed());
    expect((await third.next('gone')).code).toBe('relay-full');
    await settle();
    expect(atHome.frames).toEqual([]);
  });

  test('sockets of one source beyond its number are not upgraded; another source is', async () => {
    await begin({ connectionsPerSource: 3 });
    await heard();
    const last = await deviceAt(running, home, device);
    await settle();
    expect(await dial(running, 'device')).toBe(503);
    (await peer(running, 'device', { localAddress: '127.0.0.9' })).close();
    last.close();
    await settle();
    (await peer(running, 'device')).close();
  });

  test('the unadmitted of one source are few', async () => {
    await begin({ unadmittedPerSource: 2 });
    const one = await peer(running, 'device');
    await peer(running, 'device');
    expect(await dial(running, 'device')).toBe(503);
    one.close();
    await settle();
    await heard();
  });

  test('the unadmitted of all sources are bounded', async () => {
    await begin({ unadmitted: 2 });
    await peer(running, 'device', { localAddress: '127.0.0.7' });
    await peer(running, 'device', { localAddress: '127.0.0.8' });
    expect(await dial(running, 'device', { localAddress: '127.0.0.9' })).toBe(503);
  });

  test('a device that does not read is dropped, and its home goes on', async () => {
    await begin({ deviceBuffered: 64 * 1024 });
    const slow = await heard();
    const quick = await heard(other);
    // paused: the kernel's buffers fill, then the relay's
    slow.connection.socket.pause();
    const bytes = sealed(16384);
    for (let i = 0; i < 1500; i++) atHome.send({ kind: 'to', connection: slow.id, bytes });
    expect(Buffer.from((await atHome.next('left')).connection)).toEqual(Buffer.from(slow.id));
    quick.connection.send(sealed());
    await quick.connection.next('taken');
    slow.connection.close();
  });

  test('a peer that answers no ping is dropped', async () => {
    await begin({ pingEvery: 100 });
    const { connection } = await heard();
    connection.socket.pause();
    await atHome.next('left');
    connection.close();
  });

  test('a home that speaks as a device', async () => {
    await begin();
    const { connection } = await heard();
    atHome.send({ kind: 'taken', n: 1 });
    expect((await atHome.next('gone')).code).toBe('protocol-malformed');
    await atHome.closed;
    await connection.closed;
  });

  test('anything from an admitted device (fuzz): the relay and the home go on', async () => {
    await begin({ framesPerSecond: 1e6, frameBurst: 1e6 });
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.uint8Array({ maxLength: 400 }), { minLength: 1, maxLength: 5 }),
        async (frames) => {
          const connection = await deviceAt(running, home, device);
          for (const bytes of frames) connection.send(bytes);
          await settle(5);
          connection.close();
          await settle(5);
          // what came through is end-to-end frames, wrapped whole
          for (const bytes of atHome.frames.splice(0)) expect([5, 7]).toContain(bytes[0]);
        },
      ),
      { numRuns: count(25, 500) },
    );
    await settle();
    atHome.frames.length = 0;
    await heard();
  });

  test('anything from a proven home (fuzz): the relay goes on', async () => {
    await begin();
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 400 }), async (bytes) => {
        const connection = await homeAt(running, home, [device]);
        connection.send(bytes);
        await settle(5);
      }),
      { numRuns: count(25, 500) },
    );
    atHome = await homeAt(running, home, [device]);
    await settle(20);
    await heard();
  });
});

test('closing the relay ends every socket', async () => {
  await begin();
  const { connection } = await heard();
  const pending = await peer(running, 'device');
  await pending.next('challenge');
  pending.send(await answer(device, { host: 'x', mailbox: mailbox(home), relayNonce: randomBytes(32) }));
  await running.close();
  await Promise.all([connection.closed, pending.closed, atHome.closed]);
});
