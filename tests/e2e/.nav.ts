import { launch } from './browser.ts';
const b = await launch();
const c = await b.newContext({ viewport: { width: 390, height: 844 } });
const p = await c.newPage();
await p.goto('http://localhost:8644/');
await p.waitForTimeout(4000);
p.on('request', (r) =>
  console.log(r.method(), r.url().replace('http://localhost:8644', ''), r.resourceType()),
);
p.on('console', (m) => console.log('console', m.text()));
await c.setOffline(true);
await p.locator('.to-settings').click();
await p.waitForTimeout(1500);
console.log(await p.locator('h1').textContent(), p.url());
await p.locator('.head a').first().click();
await p.waitForTimeout(1500);
console.log(await p.locator('h1').textContent(), p.url());
await p.getByRole('link', { name: 'Paste a link' }).click();
await p.waitForTimeout(1500);
console.log(
  await p.locator('h1').textContent(),
  p.url(),
  await p.evaluate(() => performance.getEntriesByType('navigation').length),
);
await b.close();
