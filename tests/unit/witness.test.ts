import { randomBytes } from 'node:crypto';
import { request } from 'node:https';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { toBase64 } from '../../lib/protocol/bytes.ts';
import { statementBytes } from '../../lib/protocol/evidence.ts';
import { fromBase64 } from '../../lib/protocol/bytes.ts';
import { observeWith } from '../../server/device/observe.ts';
import { verify } from '../../server/ed25519.ts';
import { observerOf } from '../../server/relay/observer.ts';
import { startWitness, type RunningWitness } from '../../server/witness/witness.ts';
import { certificateForTests } from './relay-certificate.ts';

let witness: RunningWitness;
const observer = observerOf(randomBytes(32));
beforeAll(async () => {
  witness = await startWitness({ port: 0, certificate: await certificateForTests(), observer });
});
afterAll(() => witness.close());

async function ask(path: string, options: { method?: string; headers?: Record<string, string> } = {}) {
  const ca = (await certificateForTests()).authority?.certificate;
  return new Promise<{ status: number; headers: Record<string, unknown>; body: string }>(
    (resolve, reject) => {
      request({ host: 'localhost', port: witness.port, path, ca, ...options }, (response) => {
        let body = '';
        response.on('data', (part: Buffer) => (body += part.toString()));
        response.on('end', () =>
          resolve({ status: response.statusCode ?? 0, headers: response.headers, body }),
        );
      })
        .on('error', reject)
        .end();
    },
  );
}

test('signs the socket’s own address with the nonce that it is asked with, for a terminal as for a page', async () => {
  const { spki } = await certificateForTests();
  const nonce = new Uint8Array(randomBytes(32));
  for (const [host, address, family] of [
    ['127.0.0.1', '127.0.0.1', 4],
    ['[::1]', '::1', 6],
  ] as const) {
    const said = (await observeWith(spki, [])(`https://${host}:${witness.port}`, toBase64(nonce))) as {
      signature: string;
    };
    expect(said).toMatchObject({ observer: toBase64(observer.key), family, address });
    const bytes = statementBytes({ observer: observer.key, nonce, family, address });
    expect(verify(observer.key, bytes, fromBase64(said.signature))).toBe(true);
  }
  const { headers, body } = await ask(`/relay/observe/${toBase64(nonce)}`, {
    headers: { origin: 'https://relay.example', 'x-forwarded-for': '203.0.113.7' },
  });
  expect(headers).toMatchObject({ 'access-control-allow-origin': '*', 'cache-control': 'no-store' });
  expect(body).not.toContain('203.0.113.7');
});

test('says nothing else, and not without end', async () => {
  const nonce = toBase64(randomBytes(32));
  for (const path of ['/', '/relay/version', '/relay/observe/', `/relay/observe/${nonce}A`, '/relay/device'])
    expect((await ask(path)).status, path).toBe(404);
  expect((await ask(`/relay/observe/${nonce}`, { method: 'POST' })).status).toBe(404);
  // 43 letters that are no canonical base64url of 32 bytes
  expect((await ask(`/relay/observe/${'A'.repeat(42)}B`)).status).toBe(400);
  const statuses: number[] = [];
  for (let i = 0; i < 30; i++) statuses.push((await ask(`/relay/observe/${nonce}`)).status);
  expect(statuses[0]).toBe(200);
  expect(statuses.at(-1)).toBe(429);
});
