import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { request as plainRequest, type IncomingHttpHeaders } from 'node:http';
import { request as tlsRequest } from 'node:https';
import path from 'node:path';
import { brotliCompressSync, brotliDecompressSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { statementBytes } from '../../lib/protocol/evidence.ts';
import { verify } from '../../server/ed25519.ts';
import { loadObserver, observerOf } from '../../server/relay/observer.ts';
import { loadPages } from '../../server/relay/pages.ts';
import type { RunningRelay } from '../../server/relay/relay.ts';
import { freePort } from '../support/free-port.ts';
import { certificateForTests } from './relay-certificate.ts';
import { relay } from './relay-peer.ts';
import { scratchFolder } from './scratch.ts';

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

interface Asking {
  readonly method?: string;
  readonly headers?: Record<string, string>;
  readonly host?: string;
  readonly tls?: boolean;
  readonly localAddress?: string;
}

const observer = observerOf(randomBytes(32));
let running: RunningRelay;
let authority: string;

async function ask(url: string, asking: Asking = {}, of = running): Promise<Answer> {
  const tls = asking.tls ?? true;
  return new Promise((resolve, reject) => {
    const request = (tls ? tlsRequest : plainRequest)(
      {
        host: asking.host ?? '127.0.0.1',
        port: tls ? of.port : of.plainPort,
        path: url,
        method: asking.method ?? 'GET',
        headers: asking.headers ?? {},
        ca: authority,
        servername: 'localhost',
        ...(asking.localAddress === undefined ? {} : { localAddress: asking.localAddress }),
      },
      (response) => {
        const parts: Buffer[] = [];
        response.on('data', (part: Buffer) => parts.push(part));
        response.on('end', () =>
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            body: Buffer.concat(parts),
          }),
        );
      },
    );
    request.on('error', reject);
    request.end();
  });
}

const inline = 'self.started = true;';
const hash = `sha256-${createHash('sha256').update(inline).digest('base64')}`;
const html = `<!doctype html><script>${inline}</script>`;

function exported(): string {
  const folder = scratchFolder();
  mkdirSync(path.join(folder, '_next/static'), { recursive: true });
  writeFileSync(path.join(folder, 'index.html'), html);
  writeFileSync(path.join(folder, 'index.html.br'), brotliCompressSync(html));
  writeFileSync(path.join(folder, 'pair.html'), '<!doctype html>pair');
  writeFileSync(path.join(folder, '404.html'), '<!doctype html>no');
  writeFileSync(path.join(folder, 'pair.txt'), 'rsc');
  writeFileSync(path.join(folder, 'sw.js'), 'self;');
  writeFileSync(path.join(folder, '_next/static/a1b2.js'), 'void 0;');
  writeFileSync(path.join(folder, 'csp.json'), JSON.stringify({ 'index.html': [hash] }));
  return folder;
}

beforeAll(async () => {
  const folder = exported();
  const pages = loadPages(folder);
  // all of it is in memory: the relay may have lost the right to read it
  rmSync(folder, { recursive: true });
  running = await relay({ pages, observer, names: ['testhost'] });
  authority = (await certificateForTests()).authority?.certificate ?? '';
});

afterAll(() => running.close());

describe('pages', () => {
  test('with type, ETag and 304, HEAD, brotli where asked for', async () => {
    const plain = await ask('/');
    expect(plain).toMatchObject({ status: 200, body: Buffer.from(html) });
    expect(plain.headers['content-type']).toBe('text/html; charset=utf-8');
    expect(plain.headers['cache-control']).toBe('no-cache');
    const etag = plain.headers.etag ?? '';
    expect((await ask('/', { headers: { 'if-none-match': etag } })).status).toBe(304);
    const head = await ask('/', { method: 'HEAD' });
    expect(head).toMatchObject({ status: 200, body: Buffer.alloc(0) });
    expect(head.headers['content-length']).toBe(String(html.length));
    const small = await ask('/', { headers: { 'accept-encoding': 'gzip, br;q=0.8' } });
    expect(small.headers).toMatchObject({ 'content-encoding': 'br', vary: 'accept-encoding' });
    expect(small.headers.etag).not.toBe(etag);
    expect(brotliDecompressSync(small.body).toString()).toBe(html);
    const refused = await ask('/', { headers: { 'accept-encoding': 'br;q=0, gzip' } });
    expect(refused.headers['content-encoding']).toBeUndefined();
  });

  test('by the addresses that the export links to', async () => {
    expect((await ask('/pair')).body.toString()).toContain('pair');
    expect((await ask('/pair?x=1')).status).toBe(200);
    expect(await ask('/pair/')).toMatchObject({ status: 308, headers: { location: '/pair' } });
    expect((await ask('/pair.txt')).headers['content-type']).toBe('text/plain; charset=utf-8');
    expect((await ask('/_next/static/a1b2.js')).headers['cache-control']).toContain('immutable');
    expect(await ask('/nope')).toMatchObject({ status: 404, body: Buffer.from('<!doctype html>no') });
  });

  test('nothing else of the machine', async () => {
    for (const url of [
      '/csp.json',
      '/index.html.br',
      '/../package.json',
      '/%2e%2e/package.json',
      '//etc/passwd',
    ])
      expect((await ask(url)).status, url).toBe(404);
    expect((await ask('/', { method: 'POST' })).status).toBe(404);
  });

  test('nothing for an address that is none', async () => {
    expect((await ask('/%')).status).toBe(400);
  });

  test('with the page’s own script hashes in the policy, and no unsafe word', async () => {
    const policy = String((await ask('/')).headers['content-security-policy']);
    expect(policy).toContain(`script-src 'self' '${hash}';`);
    expect(policy).toContain("require-trusted-types-for 'script'");
    expect(policy).not.toMatch(/unsafe/);
    expect(String((await ask('/pair')).headers['content-security-policy'])).toContain("script-src 'self';");
    expect(String((await ask('/sw.js')).headers['content-security-policy'])).toContain("connect-src 'self'");
  });

  test('that may ask names of one family and witnesses; other headers make another service worker', async () => {
    const folder = exported();
    writeFileSync(path.join(folder, 'sw.js.br'), brotliCompressSync('self;'));
    const pages = loadPages(folder);
    const before = (await ask('/sw.js')).body.toString();
    const usual = running;
    running = await relay({
      pages,
      names: ['testhost'],
      asks: ['https://v4.testhost', 'https://w.example:7'],
    });
    try {
      const policy = String((await ask('/pair')).headers['content-security-policy']);
      expect(policy).toContain("connect-src 'self' https://v4.testhost https://w.example:7;");
      const worker = await ask('/sw.js');
      expect(worker.body.toString()).toMatch(/^self\.LATCHKEY_HEADERS = "[\w-]{16}";\nself;$/);
      expect(worker.body.toString()).not.toBe(before);
      const small = await ask('/sw.js', { headers: { 'accept-encoding': 'br' } });
      expect(brotliDecompressSync(small.body)).toEqual(worker.body);
      expect(worker.headers.etag).not.toBe((await ask('/')).headers.etag);
    } finally {
      await running.close();
      running = usual;
    }
  });

  test('with the same guards on every answer, refusals too', async () => {
    for (const url of ['/', '/nope', '/relay/version', '/sw.js', '/ca.crt', '/relay/observe/x']) {
      const { headers } = await ask(url);
      expect(headers, url).toMatchObject({
        'x-content-type-options': 'nosniff',
        'referrer-policy': 'no-referrer',
        'cross-origin-opener-policy': 'same-origin',
        'content-security-policy': expect.stringContaining("default-src 'none'"),
      });
      expect(headers['strict-transport-security'], url).toBeUndefined();
    }
  });

  test('only for its own names (DNS rebinding)', async () => {
    const stranger = { headers: { host: `evil.example:${running.port}` } };
    expect(await ask('/', stranger)).toMatchObject({ status: 421 });
    expect((await ask('/relay/version', stranger)).status).toBe(421);
    expect((await ask('/', { headers: { host: `testhost:${running.port}` } })).status).toBe(200);
  });

  test('the same app on plain loopback', async () => {
    expect((await ask('/', { tls: false })).body.toString()).toBe(html);
    expect((await ask('/', { tls: false, host: '::1' })).body.toString()).toBe(html);
  });

  test('without an export: one page that says so', async () => {
    const bare = await relay();
    const answer = await ask('/pair', {}, bare);
    expect(answer.body.toString()).toContain('not built yet');
    expect(JSON.parse((await ask('/relay/version', {}, bare)).body.toString())).toEqual({
      name: 'latchkey',
      protocol: 1,
      pages: false,
    });
    await bare.close();
  });

  test('HSTS only with certificates that browsers trust by themselves', async () => {
    const { authority: _local, ...given } = await certificateForTests();
    const far = await relay({ certificate: given });
    const answer = await ask('/', {}, far);
    expect(answer.headers['strict-transport-security']).toBe('max-age=31536000');
    expect((await ask('/ca.crt', {}, far)).status).toBe(404);
    await far.close();
  });
});

test('the authority is there to be trusted', async () => {
  const certificate = await ask('/ca.crt');
  expect(certificate.headers['content-type']).toBe('application/x-x509-ca-cert');
  expect(certificate.body.toString()).toBe(authority);
  const profile = await ask('/ca.mobileconfig');
  expect(profile.headers['content-type']).toBe('application/x-apple-aspen-config');
});

describe('the observer', () => {
  const nonce = randomBytes(32);
  const url = `/relay/observe/${nonce.toString('base64url')}`;

  async function statement(asking: Asking): Promise<Record<string, unknown>> {
    const answer = await ask(url, asking);
    expect(answer.status).toBe(200);
    expect(answer.headers['cache-control']).toBe('no-store');
    return JSON.parse(answer.body.toString()) as Record<string, unknown>;
  }

  test('signs the socket’s own address, whatever the headers say', async () => {
    const forged = {
      'x-forwarded-for': '203.0.113.9',
      forwarded: 'for=203.0.113.9',
      'x-real-ip': '203.0.113.9',
    };
    const said = await statement({ headers: forged, localAddress: '127.0.0.5' });
    expect(said).toMatchObject({
      observer: Buffer.from(observer.key).toString('base64url'),
      family: 4,
      address: '127.0.0.5',
    });
    const bytes = statementBytes({ observer: observer.key, nonce, family: 4, address: '127.0.0.5' });
    const signature = Buffer.from(String(said.signature), 'base64url');
    expect(verify(observer.key, bytes, signature)).toBe(true);
    const other = statementBytes({ observer: observer.key, nonce, family: 4, address: '203.0.113.9' });
    expect(verify(observer.key, other, signature)).toBe(false);
  });

  test('knows IPv6 from mapped IPv4', async () => {
    expect(await statement({ host: '::1' })).toMatchObject({ family: 6, address: '::1' });
    expect(await statement({ host: '127.0.0.1' })).toMatchObject({ family: 4, address: '127.0.0.1' });
  });

  test('signs nothing but 32 bytes', async () => {
    for (const wrong of ['', 'a', 'A'.repeat(42), 'A'.repeat(44), `${'A'.repeat(42)}B`, 'Ä'.repeat(43)]) {
      const answer = await ask(`/relay/observe/${encodeURIComponent(wrong)}`);
      expect([400, 404], wrong).toContain(answer.status);
      expect(answer.body.toString()).not.toContain('signature');
    }
  });

  test('is limited by source', async () => {
    const tight = await relay({ limits: { observePerSecond: 0.001, observeBurst: 3 } });
    const statuses = [];
    for (let i = 0; i < 5; i++) statuses.push((await ask(url, { localAddress: '127.0.0.6' }, tight)).status);
    expect(statuses).toEqual([200, 200, 200, 429, 429]);
    expect((await ask(url, { localAddress: '127.0.0.7' }, tight)).status).toBe(200);
    await tight.close();
  });

  test('keeps its key, privately', () => {
    const folder = path.join(scratchFolder(), 'relay');
    const first = loadObserver(folder);
    expect(loadObserver(folder).key).toEqual(first.key);
    const file = path.join(folder, 'observer.key');
    expect(statSync(file).mode & 0o777).toBe(0o600);
    writeFileSync(file, readFileSync(file, 'utf8').slice(2));
    expect(() => loadObserver(folder)).toThrow(/config-invalid/);
  });
});

describe('listening', () => {
  test('a port in use is named', async () => {
    await expect(relay({ port: running.port })).rejects.toMatchObject({
      code: 'config-port-in-use',
      detail: `port ${running.port}`,
    });
    await expect(relay({ plainPort: running.plainPort })).rejects.toMatchObject({
      code: 'config-port-in-use',
      detail: `port ${running.plainPort}`,
    });
  });

  test('after a failed start nothing listens', async () => {
    const free = await freePort();
    await expect(relay({ port: free, plainPort: running.plainPort })).rejects.toThrow();
    const again = await relay({ port: free });
    await again.close();
  });

  test('sockets of one source are bounded before TLS', async () => {
    const tight = await relay({ limits: { socketsPerSource: 0 } });
    await expect(ask('/', {}, tight)).rejects.toThrow();
    await tight.close();
  });
});
