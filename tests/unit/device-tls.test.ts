import { createServer } from 'node:https';
import { createServer as createPlain, type AddressInfo, type Server } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { toBase64 } from '../../lib/protocol/bytes.ts';
import { decodeFrame } from '../../lib/protocol/frame.ts';
import { random } from '../../server/device/clock.ts';
import { dialWith } from '../../server/device/dial.ts';
import { observeWith } from '../../server/device/observe.ts';
import type { RunningRelay } from '../../server/relay/relay.ts';
import { certificateForTests } from './relay-certificate.ts';
import { relay as startRelay } from './relay-peer.ts';

let running: RunningRelay;
let spki: Uint8Array;

beforeAll(async () => {
  running = await startRelay({});
  spki = (await certificateForTests()).spki;
});
afterAll(() => running.close());

/** The first frame, or why there was none. */
function firstWord(relay: string, pin: Uint8Array | undefined): Promise<string> {
  return new Promise((resolve) => {
    const link = dialWith(pin)(relay, {
      message: (frame) => {
        link.close();
        resolve(decodeFrame(frame).kind);
      },
      closed: resolve,
    });
  });
}

const code = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => 'answered',
    (error: { code?: string }) => error.code,
  );

describe('a pinned relay', () => {
  for (const host of ['localhost', '127.0.0.1', '[::1]']) {
    it(`answers as ${host}`, async () => {
      const relay = `https://${host}:${running.port}`;
      expect(await firstWord(relay, spki)).toBe('challenge');
      const said = await observeWith(spki, [relay])(relay, toBase64(random(32)));
      expect(said).toMatchObject({ address: host === '[::1]' ? '::1' : '127.0.0.1' });
    });
  }

  it('with another key is not believed, and no frame of it is read', async () => {
    const relay = `https://localhost:${running.port}`;
    const other = random(32);
    expect(await firstWord(relay, other)).toBe('relay-certificate');
    expect(await code(observeWith(other, [relay])(relay, toBase64(random(32))))).toBe('relay-certificate');
    // an observer elsewhere must at least be vouched for by somebody
    expect(await code(observeWith(other, [])(relay, toBase64(random(32))))).toBe('relay-certificate');
  });

  it('without a pin needs an authority that the system knows', async () => {
    const relay = `https://localhost:${running.port}`;
    expect(await firstWord(relay, undefined)).toBe('relay-certificate');
    expect(await code(observeWith(undefined, [relay])(relay, toBase64(random(32))))).toBe(
      'relay-certificate',
    );
  });

  it('hears no request when it is an impostor', async () => {
    const certificate = await certificateForTests();
    let requests = 0;
    const impostor = createServer({ key: certificate.key, cert: certificate.certificate }, () => requests++);
    impostor.on('upgrade', () => requests++);
    const port = await listen(impostor);
    expect(await firstWord(`https://localhost:${port}`, random(32))).toBe('relay-certificate');
    impostor.close();
    expect(requests).toBe(0);
  });
});

describe('what is no relay', () => {
  it('plain HTTP beyond this machine is not dialled', async () => {
    expect(await firstWord('http://192.0.2.7:7444', undefined)).toBe('relay-certificate');
    expect(await code(observeWith(undefined, [])('http://192.0.2.7:7444', toBase64(random(32))))).toBe(
      'relay-certificate',
    );
  });

  it('a closed port, a page and silence are not reached', async () => {
    expect(await firstWord('http://localhost:1', undefined)).toBe('relay-unreachable');
    const deaf = createPlain((socket) => socket.end('HTTP/1.1 503 Service Unavailable\r\n\r\n'));
    const port = await listen(deaf);
    expect(await firstWord(`http://127.0.0.1:${port}`, undefined)).toBe('relay-full');
    deaf.close();
  });
});

function listen(server: Server): Promise<number> {
  return new Promise((resolve) =>
    server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port)),
  );
}
