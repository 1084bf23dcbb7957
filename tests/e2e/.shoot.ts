// tsx /tmp/shoot.ts WxH scale theme out-suffix name...
import { serveGallery, galleryOrigin } from '/work/main/tests/e2e/gallery/bundle.ts';
import { launch } from '/work/main/tests/e2e/browser.ts';
const [size, scale, theme, ...names] = process.argv.slice(2);
const [w, h] = size!.split('x').map(Number);
const large = process.env.LARGE === '1';
const b = await launch({ largeText: large });
const attach = await serveGallery();
const c = await b.newContext({ viewport: { width: w!, height: h! }, deviceScaleFactor: Number(scale), colorScheme: theme as 'light', reducedMotion: 'reduce' });
await attach(c);
for (const n of names) {
  const p = await c.newPage();
  p.on('console', (m) => { if (m.type() === 'error' || m.type()==='warning') console.log(n, m.text()); });
  p.on('pageerror', (e) => console.log(n, 'ERR', e.message));
  await p.goto(`${galleryOrigin}/#${n}`);
  if (process.env.STATUSBAR) await p.evaluate(() => document.documentElement.style.setProperty('--safe-top', '44px'));
  await p.evaluate(() => document.fonts.ready);
  await p.waitForTimeout(150);
  await p.screenshot({ path: `/tmp/p/${n}-${w}${large ? '-large' : ''}-${theme}.png` });
  await p.close();
}
await b.close();
