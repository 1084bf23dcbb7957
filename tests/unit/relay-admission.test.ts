import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:net';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { decodeFrame, encodeFrame } from '../../lib/protocol/frame.ts';
import type { RunningRelay } from '../../server/relay/relay.ts';
import { count } from '../counts.ts';
import {
  answer,
  deviceAt,
  dial,
  homeAt,
  id,
  mailbox,
  peer,
  relay,
  sealed,
  settle,
  signer,
  type Claim,
  type Peer,
} from './relay-peer.ts';

const home = signer();
const device = signer();
const notAdmitted = encodeFrame({ kind: 'gone', code: 'relay-not-admitted' });

let running: RunningRelay;
let atHome: Peer;
let host: string;

beforeEach(async () => {
  running = await relay({ homes: [id(mailbox(home))], names: ['home.example'] });
  host = `127.0.0.1:${running.plainPort}`;
  atHome = await homeAt(running, home, [device]);
  await settle(20);
});

afterEach(() => running.close());

/** The refused see exactly one frame and the end; the home sees nothing at all. */
async function expectRefused(connection: Peer): Promise<void> {
  expect(await connection.nextBytes()).toEqual(Buffer.from(notAdmitted));
  expect(await connection.closed).toBe(1000);
  expect(connection.frames).toEqual([]);
  await settle(20);
  expect(atHome.frames).toEqual([]);
}

async function challenged(role: 'device' | 'home' = 'device'): Promise<[Peer, Uint8Array]> {
  const connection = await peer(running, role);
  return [connection, (await connection.next('challenge')).nonce];
}

describe('admitted', () => {
  test('a right signature, with the first sealed frame right behind it', async () => {
    const first = sealed();
    const connection = await deviceAt(running, home, device, first);
    const from = await atHome.next('from');
    expect(Buffer.from(from.bytes)).toEqual(Buffer.from(first));
    expect(from.connection).toHaveLength(16);
    expect(await connection.next('taken')).toEqual({ kind: 'taken', n: 1 });
  });

  test('the challenge is the first frame, and new each time', async () => {
    const [, one] = await challenged();
    const [, two] = await challenged();
    expect(Buffer.from(one)).not.toEqual(Buffer.from(two));
  });
});

test('the challenge leaves in one flight with the 101', async () => {
  const socket = connect(running.plainPort, '127.0.0.1');
  socket.write(
    `GET /relay/device HTTP/1.1\r\nHost: ${host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
      'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
  );
  const [flight] = (await once(socket, 'data')) as [Buffer];
  socket.destroy();
  const end = flight.indexOf('\r\n\r\n') + 4;
  expect(flight.subarray(0, end).toString()).toMatch(/^HTTP\/1\.1 101 /);
  // a binary message (RFC 6455 section 5.2) of 34 bytes: kind, version, nonce
  expect([...flight.subarray(end, end + 4)]).toEqual([0x82, 34, 1, 1]);
  expect(flight).toHaveLength(end + 36);
});

describe('refused with one answer, and nothing reaches the home', () => {
  test('a key that the home has not registered', async () => {
    await expectRefused(await deviceAt(running, home, signer(), sealed()));
  });

  test('a home that does not exist', async () => {
    await expectRefused(await deviceAt(running, signer(), device, sealed()));
  });

  test('a home that exists and is away', async () => {
    atHome.close();
    await settle();
    await expectRefused(await deviceAt(running, home, device, sealed()));
  });

  const wrongs: [string, Partial<Claim>][] = [
    ['another host', { host: 'other.example:443' }],
    ['another port', { host: '127.0.0.1:1' }],
    ['the role of a home', { role: 'home' }],
    ['another mailbox', { mailbox: randomBytes(32) }],
    ['another challenge', { relayNonce: randomBytes(32) }],
  ];
  test.each(wrongs)('a signature for %s', async (_what, wrong) => {
    const [connection, nonce] = await challenged();
    const claim = { host, mailbox: mailbox(home), relayNonce: nonce };
    const frame = decodeFrame(await answer(device, { ...claim, ...wrong }));
    if (frame.kind !== 'admit' && frame.kind !== 'prove') throw new Error('no answer');
    const { key, signature } = frame;
    connection.send({ kind: 'admit', mailbox: mailbox(home), key, nonce: frame.nonce, signature });
    await expectRefused(connection);
  });

  test('an answer that was right on another connection', async () => {
    const [first, nonce] = await challenged();
    const frame = await answer(device, { host, mailbox: mailbox(home), relayNonce: nonce });
    first.send(frame);
    const [second] = await challenged();
    second.send(frame);
    await expectRefused(second);
  });

  test('a signature with its bits turned', async () => {
    const [connection, nonce] = await challenged();
    const frame = await answer(device, { host, mailbox: mailbox(home), relayNonce: nonce });
    frame[frame.length - 1] = (frame[frame.length - 1] ?? 0) ^ 0x10;
    connection.send(frame);
    await expectRefused(connection);
  });

  test('a sealed frame without admission', async () => {
    const [connection] = await challenged();
    connection.send(sealed());
    await expectRefused(connection);
  });

  test('a home that is not served', async () => {
    const stranger = signer();
    const connection = await peer(running, 'home');
    const { nonce } = await connection.next('challenge');
    connection.send(
      await answer(stranger, { role: 'home', host, mailbox: mailbox(stranger), relayNonce: nonce }),
    );
    await expectRefused(connection);
  });

  test('a device that plays the home with the home’s mailbox', async () => {
    const [connection, nonce] = await challenged('home');
    connection.send(await answer(device, { role: 'home', host, mailbox: mailbox(home), relayNonce: nonce }));
    await expectRefused(connection);
    expect(atHome.socket.readyState).toBe(atHome.socket.OPEN);
  });

  test('anything at all (fuzz)', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(
          fc.uint8Array({ maxLength: 300 }),
          fc
            .uint8Array({ minLength: 161, maxLength: 161 })
            .map((rest) => Uint8Array.of(2, 1, ...rest.slice(1))),
        ),
        async (bytes) => {
          const [connection] = await challenged();
          connection.send(bytes);
          await expectRefused(connection);
        },
      ),
      { numRuns: count(25, 500) },
    );
  });
});

describe('not even upgraded', () => {
  test.each(['evil.example', 'evil.example:7443', 'home.example:1', 'localhost:1', '[::1]:1', 'a b'])(
    'the host %s',
    async (wrong) => {
      expect(await dial(running, 'device', { host: wrong })).toBe(421);
    },
  );

  test('its own names pass, in any case', async () => {
    for (const own of ['home.example', 'HOME.example', 'localhost', '127.0.0.1'])
      (await peer(running, 'device', { host: `${own}:${running.plainPort}` })).close();
  });

  test('a page of another origin', async () => {
    expect(await dial(running, 'device', { origin: 'https://evil.example' })).toBe(403);
    expect(await dial(running, 'device', { origin: 'null' })).toBe(403);
    (await peer(running, 'device', { origin: `http://${host}` })).close();
  });
});
