import { readFileSync } from 'node:fs';
import { createConnection } from 'node:net';
import { launch } from './browser.ts';
const link = /http:\/\/localhost:8644\/pair#\S+/.exec(readFileSync('/tmp/lkui.log', 'utf8'))![0];
const b = await launch();
const c = await b.newContext({
  viewport: { width: 390, height: 844 },
  deviceScaleFactor: 1,
  hasTouch: true,
  isMobile: true,
});
const p = await c.newPage();
const t0 = Date.now();
const log = (...a: unknown[]) => console.log(((Date.now() - t0) / 1000).toFixed(1), ...a);
p.on('console', (m) => log('console', m.type(), m.text()));
p.on('pageerror', (e) => log('pageerror', e.message));
let n = 0;
const snap = async (name: string) => {
  await p.screenshot({ path: `/tmp/p/live-${String(++n).padStart(2, '0')}-${name}.png` });
  log(
    name,
    await p.locator('h1').first().textContent(),
    '|',
    await p
      .locator('.lede')
      .first()
      .textContent()
      .catch(() => ''),
  );
};
await p.goto('http://localhost:8644/');
await p.waitForTimeout(1500);
await snap('first');
await p.goto(link);
await p.waitForTimeout(1500);
await snap('pair');
log('url', p.url(), await p.evaluate(() => history.length));
await p.getByRole('button', { name: 'Ask home' }).click();
await p.waitForTimeout(2000);
await snap('paired');
log('url', p.url());
await p.waitForTimeout(1500);
await snap('doors');
const box = (await p.locator('.dial-btn').boundingBox())!;
await p.mouse.move(box.x + 100, box.y + 100);
await p.mouse.down();
await p.waitForTimeout(500);
await snap('holding');
await p.waitForTimeout(700);
await p.mouse.up();
await p.waitForTimeout(60);
await snap('released');
await p.waitForTimeout(700);
await snap('open');
await p
  .locator('.proof')
  .click()
  .catch((e) => log(e.message));
await p.waitForTimeout(400);
await snap('drawer');
await p.keyboard.press('Escape');
const greet = await new Promise<string>((r) => {
  const s = createConnection(2222, '127.0.0.1');
  s.on('data', (d) => {
    r(String(d));
  });
  s.on('error', (e) => r(e.message));
  setTimeout(() => {
    r('none');
  }, 2000);
});
log('greeter', greet.trim());
await p.waitForTimeout(1200);
await snap('connected');
await p.getByRole('link', { name: 'Activity' }).first().click();
await p.waitForTimeout(1200);
await snap('activity');
await p.goto('http://localhost:8644/settings');
await p.waitForTimeout(2500);
await snap('settings');
await p.goto('http://localhost:8644/devices');
await p.waitForTimeout(2500);
await snap('devices');
await p.goto('http://localhost:8644/');
await p.waitForTimeout(2500);
await snap('doors-again');
await p
  .getByRole('button', { name: 'Close now' })
  .click()
  .catch((e) => log(e.message));
await p.waitForTimeout(1500);
await snap('closed');
log(
  await p.evaluate(async () => {
    const r = await navigator.serviceWorker.getRegistration();
    return [r?.active?.state, !!navigator.serviceWorker.controller, await caches.keys()];
  }),
);
await c.storageState({ path: '/tmp/lkui.state.json', indexedDB: true }).catch((e) => log(e.message));
await b.close();
