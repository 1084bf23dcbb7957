import { launch } from './browser.ts';
const b = await launch();
const c = await b.newContext({ viewport: { width: 390, height: 844 } });
const p = await c.newPage();
const cdp = await c.newCDPSession(p);
const browserCdp = await b.newBrowserCDPSession();
let total = 0;
const rows: [string, number][] = [];
const urls = new Map<string, string>();
await cdp.send('Network.enable');
cdp.on('Network.requestWillBeSent', (e) => urls.set(e.requestId, e.request.url));
cdp.on('Network.loadingFinished', (e) => {
  total += e.encodedDataLength;
  rows.push([urls.get(e.requestId) ?? '?', e.encodedDataLength]);
});
let sw = 0;
let swCount = 0;
c.on('serviceworker', async (w) => {});
c.on('response', async (r) => {
  if (r.request().serviceWorker()) {
    const s = await r
      .request()
      .sizes()
      .catch(() => undefined);
    swCount++;
    const fromCache = r.fromServiceWorker();
    if (s) sw += s.responseBodySize + s.responseHeadersSize;
  }
});
await p.goto('http://localhost:8644/');
await p.waitForTimeout(5000);
rows.sort((a, b2) => b2[1] - a[1]);
for (const r of rows.slice(0, 30)) console.log(r[1], r[0].replace('http://localhost:8644', ''));
console.log('page', total, 'sw', sw, swCount);
await c.setOffline(true);
for (const u of ['/', '/activity', '/settings', '/devices', '/pair', '/nope', '/settings?x=1']) {
  const q = await c.newPage();
  const r = await q.goto('http://localhost:8644' + u).catch((e) => e.message.split('\n')[0]);
  console.log(
    u,
    typeof r === 'string' ? r : r?.status(),
    await q.title(),
    await q
      .locator('h1')
      .first()
      .textContent({ timeout: 3000 })
      .catch(() => '-'),
  );
  await q.close();
}
await b.close();
