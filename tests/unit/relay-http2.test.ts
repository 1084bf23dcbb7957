import { connect, type ClientHttp2Session } from 'node:http2';
import { afterEach, beforeAll, expect, test } from 'vitest';
import type { RelayOptions, RunningRelay } from '../../server/relay/relay.ts';
import { certificateForTests } from './relay-certificate.ts';
import { relay } from './relay-peer.ts';

/** Pages come over one HTTP/2 connection; what guards HTTP/1.1 guards it too. */

let authority: string;
let running: RunningRelay | undefined;
const sessions: ClientHttp2Session[] = [];

beforeAll(async () => {
  authority = (await certificateForTests()).authority?.certificate ?? '';
});
afterEach(async () => {
  for (const session of sessions.splice(0)) session.destroy();
  await running?.close();
  running = undefined;
});

async function relayWith(options: Partial<RelayOptions> = {}): Promise<RunningRelay> {
  running = await relay({ names: ['testhost'], ...options });
  return running;
}

function dial({ port }: RunningRelay): Promise<ClientHttp2Session> {
  return new Promise((resolve, reject) => {
    const session = connect(`https://127.0.0.1:${port}`, { ca: authority, servername: 'localhost' });
    sessions.push(session);
    session.once('remoteSettings', () => resolve(session));
    session.once('error', reject);
    session.once('close', () => reject(new Error('closed')));
  });
}

interface Answer {
  readonly status: number | undefined;
  readonly body: string;
}

function ask(session: ClientHttp2Session, headers: Record<string, string>): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const stream = session.request(headers);
    let status: number | undefined;
    let body = '';
    stream.setEncoding('utf8');
    stream.on('response', (got) => (status = got[':status']));
    stream.on('data', (part: string) => (body += part));
    stream.on('end', () => resolve({ status, body }));
    stream.on('error', reject);
    stream.end();
  });
}

test('answers for its own names alone, and sees the address of the connection', async () => {
  const session = await dial(await relayWith());
  expect(session.alpnProtocol).toBe('h2');
  const nonce = Buffer.alloc(32, 7).toString('base64url');
  const [ours, others] = await Promise.all(
    [`localhost:${running?.port}`, 'elsewhere.example'].map((name) =>
      ask(session, {
        ':path': `/relay/observe/${nonce}`,
        ':authority': name,
        'x-forwarded-for': '192.0.2.9',
      }),
    ),
  );
  expect(ours).toMatchObject({ status: 200 });
  expect(JSON.parse(ours?.body ?? '')).toMatchObject({ address: '127.0.0.1', family: 4 });
  expect(others?.status).toBe(421);
  expect(others?.body).not.toContain('127.0.0.1');
});

test('says what one connection may have: 64 requests at once, 8 KB of headers, nothing pushed', async () => {
  const { remoteSettings } = await dial(await relayWith());
  expect(remoteSettings).toMatchObject({ maxConcurrentStreams: 64, maxHeaderListSize: 8192 });
});

test('refuses headers beyond that', async () => {
  const session = await dial(await relayWith());
  const large = await ask(session, { ':path': '/', 'x-large': 'x'.repeat(20_000) }).then(
    ({ status }) => status,
    () => 'no answer',
  );
  expect([431, 'no answer']).toContain(large);
});

test('counts its connections as any others', async () => {
  const of = await relayWith({ limits: { socketsPerSource: 2 } });
  await dial(of);
  const more = await Promise.allSettled([dial(of), dial(of), dial(of)]);
  expect(more.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected', 'rejected']);
});

test('closes with connections open', async () => {
  const session = await dial(await relayWith());
  const closed = new Promise<void>((resolve) => session.once('close', () => resolve()));
  session.on('error', () => undefined);
  await running?.close();
  running = undefined;
  await closed;
});
