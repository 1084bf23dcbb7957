import { randomBytes } from 'node:crypto';
import { request } from 'node:http';
import { afterEach, describe, expect, test } from 'vitest';
import { concat, uint } from '../../lib/protocol/bytes.ts';
import { decodeFrame, encodeFrame, joinFrames, splitFrames, type Frame } from '../../lib/protocol/frame.ts';
import type { Limits } from '../../server/relay/limits.ts';
import type { RunningRelay } from '../../server/relay/relay.ts';
import { answer, homeAt, id, mailbox, relay, sealed, settle, signer, type Peer } from './relay-peer.ts';

/** Long polling at the real relay, by plain requests: what a device, a proxy that repeats, or an attacker sends. */

interface Answered {
  readonly status: number;
  readonly token: string | undefined;
  readonly frames: Frame[];
}

let running: RunningRelay;
afterEach(() => running?.close());

function post(
  path: string,
  body: Uint8Array = new Uint8Array(0),
  headers: Record<string, string> = {},
): Promise<Answered> & { hangUp: () => void } {
  let hangUp = (): void => undefined;
  const answered = new Promise<Answered>((resolve, reject) => {
    const asking = request(
      `http://127.0.0.1:${running.plainPort}/relay/poll${path}`,
      { method: 'POST', headers: { 'content-type': 'application/octet-stream', ...headers } },
      (response) => {
        const parts: Buffer[] = [];
        response.on('data', (part: Buffer) => parts.push(part));
        response.on('end', () => {
          const status = response.statusCode ?? 0;
          const token = response.headers['latchkey-poll'];
          const bytes = status === 200 ? new Uint8Array(Buffer.concat(parts)) : new Uint8Array(0);
          resolve({
            status,
            token: typeof token === 'string' ? token : undefined,
            frames: splitFrames(bytes).map(decodeFrame),
          });
        });
      },
    );
    asking.on('error', reject);
    hangUp = () => asking.destroy();
    asking.end(body);
  });
  return Object.assign(answered, { hangUp });
}

const framesOf = (token: string, have: number) => post('/frames', uint(have, 4), { 'latchkey-poll': token });
const send = (token: string, before: number, ...frames: Uint8Array[]) =>
  post('/send', concat(uint(before, 4), joinFrames(frames)), { 'latchkey-poll': token });

const who = { home: signer(), device: signer(), stranger: signer() };

async function start(limits: Partial<Limits> = {}): Promise<Peer> {
  running = await relay({ homes: [id(mailbox(who.home))], limits });
  const home = await homeAt(running, who.home, [who.device]);
  await settle();
  return home;
}

async function opened(device = who.device): Promise<{ token: string; admit: Uint8Array }> {
  const { token = '', frames } = await post('');
  const [challenge] = frames;
  if (challenge?.kind !== 'challenge') throw new Error('no challenge');
  const host = `127.0.0.1:${running.plainPort}`;
  return {
    token,
    admit: await answer(device, { host, mailbox: mailbox(who.home), relayNonce: challenge.nonce }),
  };
}

describe('a device that polls', () => {
  test('is admitted like any other; its frames go both ways, in order, and are counted', async () => {
    const home = await start();
    const { token, admit } = await opened();
    expect(Buffer.from(token, 'base64url').length).toBe(32);
    const frames = [sealed(), sealed(1024)];
    expect((await send(token, 0, admit, ...frames)).status).toBe(204);
    const first = await home.next('from');
    const second = await home.next('from');
    expect([first.bytes, second.bytes].map((bytes) => Buffer.from(bytes))).toEqual(
      frames.map((frame) => Buffer.from(frame)),
    );
    expect((await framesOf(token, 1)).frames).toEqual([
      { kind: 'taken', n: 1 },
      { kind: 'taken', n: 2 },
    ]);
    // held until there is something, then answered at once
    const waiting = framesOf(token, 3);
    await settle();
    const reply = sealed();
    home.send({ kind: 'to', connection: first.connection, bytes: reply });
    const { frames: come } = await waiting;
    expect(come.map((frame) => Buffer.from(encodeFrame(frame)))).toEqual([Buffer.from(reply)]);
  });

  test('requests that are lost or doubled on the way lose and double no frame', async () => {
    const home = await start();
    const { token, admit } = await opened();
    const [one, two, three] = [sealed(), sealed(), sealed()];
    await Promise.all([send(token, 0, admit, one), send(token, 0, admit, one)]);
    await send(token, 1, one, two, three);
    const connection = (await home.next('from')).connection;
    await home.next('from');
    await home.next('from');
    await settle();
    expect(home.frames).toEqual([]);
    // an answer that never arrived is given again, until a poll says that it did
    expect((await framesOf(token, 1)).frames.length).toBe(3);
    expect((await framesOf(token, 1)).frames.length).toBe(3);
    const lost = framesOf(token, 4);
    lost.catch(() => undefined);
    await settle();
    lost.hangUp();
    await settle();
    home.send({ kind: 'to', connection, bytes: sealed() });
    home.send({ kind: 'to', connection, bytes: sealed() });
    await settle();
    expect((await framesOf(token, 4)).frames.length).toBe(2);
    // delayed from long ago: says nothing, and ends nothing
    expect((await framesOf(token, 2)).frames).toEqual([]);
    const held = framesOf(token, 6);
    await settle();
    expect((await framesOf(token, 2)).frames).toEqual([]);
    home.send({ kind: 'to', connection, bytes: sealed() });
    expect((await held).frames.length).toBe(1);
  });

  test('without a frame it gets none after the wait, and a device that stays away is gone for the home', async () => {
    const home = await start({ pollWait: 80, pollGap: 120 });
    const { token, admit } = await opened();
    await send(token, 0, admit, sealed());
    const { connection } = await home.next('from');
    expect((await framesOf(token, 1)).frames.length).toBe(1);
    expect(await framesOf(token, 2)).toMatchObject({ status: 200, frames: [] });
    expect((await home.next('left')).connection).toEqual(connection);
    expect((await framesOf(token, 2)).status).toBe(410);
  });

  test('a key that the home takes away loses its line, told why', async () => {
    const home = await start();
    const { token, admit } = await opened();
    await send(token, 0, admit, sealed());
    await framesOf(token, 1);
    const waiting = framesOf(token, 2);
    await settle();
    home.send({ kind: 'keys', admission: [] });
    expect((await waiting).frames).toEqual([{ kind: 'gone', code: 'relay-not-admitted' }]);
    expect((await framesOf(token, 3)).status).toBe(410);
    expect((await send(token, 2, sealed())).status).toBe(410);
  });
});

describe('is refused, and nothing reaches the home', () => {
  const nothingAt = async (home: Peer): Promise<void> => {
    await settle();
    expect(home.frames).toEqual([]);
  };

  test('a key that is not admitted, and frames before an admission', async () => {
    const home = await start();
    const stranger = await opened(who.stranger);
    await send(stranger.token, 0, stranger.admit, sealed());
    const early = await opened();
    await send(early.token, 0, sealed());
    for (const { token } of [stranger, early]) {
      expect((await framesOf(token, 1)).frames).toEqual([{ kind: 'gone', code: 'relay-not-admitted' }]);
    }
    await nothingAt(home);
  });

  test('a token that nobody was given, or of another line than the admission’s', async () => {
    const home = await start();
    const [one, other] = [await opened(), await opened()];
    await send(one.token, 0, one.admit);
    expect((await send(randomBytes(32).toString('base64url'), 1, sealed())).status).toBe(410);
    expect((await post('/send', concat(uint(0, 4), joinFrames([sealed()])))).status).toBe(410);
    // the token delivers; the right to a mailbox was signed for in the other line, with its own challenge
    await send(other.token, 0, one.admit, sealed());
    expect((await framesOf(other.token, 1)).frames).toEqual([{ kind: 'gone', code: 'relay-not-admitted' }]);
    await nothingAt(home);
  });

  test('bodies that are no frames, too large, or counted wrongly; a page of another origin', async () => {
    const home = await start();
    const { token, admit } = await opened();
    await send(token, 0, admit);
    const header = { 'latchkey-poll': token };
    for (let i = 0; i < 200; i++) {
      const status = (await post('/send', concat(uint(1, 4), randomBytes(i)), header)).status;
      if (status === 410) break;
    }
    await nothingAt(home);
    const second = await opened();
    expect((await post('/send', randomBytes(40_000), { 'latchkey-poll': second.token })).status).toBe(413);
    expect((await post('/send', new Uint8Array(3), { 'latchkey-poll': second.token })).status).toBe(400);
    expect((await post('/frames', new Uint8Array(5), { 'latchkey-poll': second.token })).status).toBe(400);
    expect((await send(second.token, 5, second.admit)).status).toBe(410);
    const third = await opened();
    expect((await framesOf(third.token, 9)).status).toBe(410);
    expect((await post('', new Uint8Array(0), { origin: 'http://evil.example' })).status).toBe(403);
    expect((await post('', new Uint8Array(0), { host: 'evil.example' })).status).toBe(421);
    await nothingAt(home);
  });

  test('more lines than one source may have; they end by themselves', async () => {
    await start({ unadmittedPerSource: 3, admissionTime: 150, pollGap: 200 });
    const all = await Promise.all(Array.from({ length: 6 }, () => post('')));
    expect(all.map(({ status }) => status).sort()).toEqual([200, 200, 200, 503, 503, 503]);
    await settle(250);
    expect((await post('')).status).toBe(200);
  });

  test('a device that does not fetch is dropped before it fills the memory, and one that hammers is', async () => {
    const home = await start({
      deviceBuffered: 20_000,
      homeFrameBurst: 1000,
      pollBurst: 20,
      pollsPerSecond: 1,
    });
    const { token, admit } = await opened();
    await send(token, 0, admit, sealed());
    const { connection } = await home.next('from');
    for (let i = 0; i < 100; i++) home.send({ kind: 'to', connection, bytes: sealed(256) });
    expect((await home.next('left')).connection).toEqual(connection);
    expect((await framesOf(token, 1)).status).toBe(410);
    const hammer = await opened();
    const statuses: number[] = [];
    for (let i = 0; i < 25; i++) statuses.push((await send(hammer.token, 0)).status);
    expect(statuses.slice(0, 20)).not.toContain(410);
    expect(statuses.at(-1)).toBe(410);
  });
});
