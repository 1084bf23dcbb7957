import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Browser } from 'playwright';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { headersFor, headersMark } from '../../server/relay/headers.ts';
import { loadPages, markWorker, type Pages } from '../../server/relay/pages.ts';
import { launch } from './browser.ts';

// A copy of the export that changes under the app's feet, with the relay's own headers.

const root = fileURLToPath(new URL('../..', import.meta.url));
let folder: string;
let server: Server;
let browser: Browser;
let origin: string;
let asks: string[] = [];
let pages: Pages;

const headers = () => ({ strictTransport: false, asks });

/** As a relay has them from its start on: what the worker begins with is made once. */
function load(): void {
  pages = markWorker(loadPages(folder), headersMark(headers()));
}

beforeAll(async () => {
  const built = spawnSync(process.execPath, [path.join(root, 'server/build/build.js')], { encoding: 'utf8' });
  if (built.status !== 0) throw new Error(`${built.stdout}${built.stderr}`);
  folder = mkdtempSync(path.join(tmpdir(), 'latchkey-update-'));
  cpSync(path.join(root, 'out'), folder, { recursive: true });
  load();
  server = createServer((request, response) => {
    const found = pages.get(new URL(request.url ?? '/', 'http://localhost').pathname);
    const page = found ?? pages.notFound;
    response.writeHead(found === undefined ? 404 : 200, {
      ...headersFor(page, headers()),
      'content-type': page?.type ?? 'text/plain',
      'cache-control': 'no-cache',
    });
    response.end(page?.body);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  origin = `http://localhost:${(server.address() as AddressInfo).port}`;
  browser = await launch();
}, 240_000);
afterAll(async () => {
  await browser?.close();
  server?.close();
  rmSync(folder, { recursive: true, force: true });
});

/** The export's own worker with another version in it: a second try of a test publishes as the first did. */
function publish(version: string): void {
  const now = readFileSync(path.join(root, 'out/sw.js'), 'utf8');
  const { version: built } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as {
    version: string;
  };
  expect(now).toContain(`"${built}"`);
  writeFileSync(path.join(folder, 'sw.js'), now.replaceAll(`"${built}"`, `"${version}"`));
  load();
}

it('offers a newer version by its number, and takes it on a tap, not before', async () => {
  const context = await browser.newContext({ viewport: { width: 390, height: 844 } });
  const page = await context.newPage();
  let loads = 0;
  page.on('load', () => (loads += 1));
  await page.goto(origin);
  await page.waitForFunction(() => navigator.serviceWorker.controller !== null);
  // The first worker claims the page without a reload.
  await page.waitForTimeout(500);
  expect(loads).toBe(1);
  expect(await page.getByRole('button', { name: 'Update' }).count()).toBe(0);

  publish('9.9.9');
  await page.evaluate(async () => (await navigator.serviceWorker.getRegistration())?.update());
  await page.getByText('Latchkey 9.9.9 is ready.').waitFor();
  await page.waitForTimeout(1000);
  expect(loads).toBe(1);
  expect(
    await page.evaluate(async () => (await navigator.serviceWorker.getRegistration())?.waiting?.state),
  ).toBe('installed');

  await page.getByRole('button', { name: 'Update' }).click();
  await page.waitForFunction(async () => (await navigator.serviceWorker.getRegistration())?.waiting === null);
  await expect.poll(() => loads, { timeout: 60_000 }).toBe(2);
  expect(await page.getByText('is ready.').count()).toBe(0);
  await context.close();
});

it('other headers of the same pages are a newer version, and each kept page gets them', async () => {
  asks = [];
  load();
  const context = await browser.newContext({ viewport: { width: 390, height: 844 } });
  const page = await context.newPage();
  let loads = 0;
  page.on('load', () => (loads += 1));
  await page.goto(origin);
  await page.waitForFunction(() => navigator.serviceWorker.controller !== null);
  const kept = () =>
    page.evaluate(async () => {
      const answer = await fetch('/passwords');
      return answer.headers.get('content-security-policy') ?? '';
    });
  expect(await kept()).toContain("connect-src 'self';");

  asks = ['https://v4.relay.example:7443'];
  load();
  await page.evaluate(async () => (await navigator.serviceWorker.getRegistration())?.update());
  await page.getByRole('button', { name: 'Update' }).click();
  // Nothing is asked meanwhile: a worker that is asked all the time does not give way to the next.
  await expect.poll(() => loads, { timeout: 60_000 }).toBe(2);
  expect(await kept()).toContain("connect-src 'self' https://v4.relay.example:7443;");
  await context.close();
});
