import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Browser, Page } from 'playwright';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { long } from '../counts.ts';
import { launch } from './browser.ts';
import { axe, cutWords, openGallery, show, sideways, smallTargets } from './gallery/gallery.ts';

const folder = path.join(fileURLToPath(new URL('.', import.meta.url)), 'pictures');

const sizes = [
  { prefix: '', suffix: '', width: 390, height: 844, scale: 2, themes: ['light', 'dark'] },
  { prefix: 'desktop-', suffix: '', width: 1440, height: 900, scale: 1, themes: ['light', 'dark'] },
  { prefix: 'tablet-', suffix: '', width: 834, height: 1112, scale: 1, themes: ['light'] },
  { prefix: '', suffix: '-320', width: 320, height: 640, scale: 2, themes: ['light'] },
  { prefix: '', suffix: '-landscape', width: 844, height: 390, scale: 1, themes: ['light'] },
] as const;

/** For people to look at: a third of the time, and nothing is asserted of it. LATCHKEY_PICTURES=1, or `npm run long`. */
const isPictured = long || process.env['LATCHKEY_PICTURES'] === '1';

async function picture(page: Page, name: string): Promise<void> {
  if (isPictured) await page.screenshot({ path: path.join(folder, `${name}.png`) });
}

let browser: Browser;
beforeAll(async () => {
  mkdirSync(folder, { recursive: true });
  browser = await launch();
});
afterAll(() => browser.close());

describe('every state of every screen', () => {
  for (const { prefix, suffix, width, height, scale, themes } of sizes) {
    it(`${prefix}${width} x ${height}${suffix}: axe finds nothing, nothing is cut, moves or is reported`, async () => {
      const { page, complaints } = await openGallery(browser, {
        viewport: { width, height },
        deviceScaleFactor: scale,
        reducedMotion: 'reduce',
      });
      const names = await page.evaluate(() => window.names);
      const wrong: string[] = [];
      for (const name of names) {
        for (const colorScheme of themes) {
          await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
          await show(page, name);
          if (await page.evaluate(() => document.getAnimations().length > 0))
            wrong.push(`${name} ${colorScheme}: it moves, where motion is reduced`);
          await picture(page, `${prefix}${name}${suffix}-${colorScheme}`);
          const found = [
            ...(await axe(page)),
            ...(await sideways(page)),
            ...(await cutWords(page)),
            ...(await smallTargets(page)),
          ];
          wrong.push(...found.map((line) => `${name} ${colorScheme}: ${line}`));
        }
      }
      await page.context().close();
      expect(wrong.join('\n')).toBe('');
      expect(complaints.join('\n')).toBe('');
    });
  }

  it('text at 200 %: nothing is cut, the dial stays in the first view', async () => {
    const large = await launch({ largeText: true });
    try {
      const { page } = await openGallery(large, {
        viewport: { width: 390, height: 844 },
        deviceScaleFactor: 2,
        reducedMotion: 'reduce',
      });
      const wrong: string[] = [];
      for (const name of await page.evaluate(() => window.names)) {
        await show(page, name);
        await picture(page, `${name}-200-light`);
        const found = [...(await axe(page)), ...(await sideways(page)), ...(await cutWords(page))];
        wrong.push(...found.map((line) => `${name}: ${line}`));
        const dial = await page
          .locator('.stage .dial')
          .first()
          .boundingBox({ timeout: 50 })
          .catch(() => null);
        if (dial !== null && dial.y + dial.height > 844)
          wrong.push(`${name}: the dial ends at ${dial.y + dial.height}`);
      }
      expect(wrong.join('\n')).toBe('');
    } finally {
      await large.close();
    }
  });

  it('the dial keeps its place from closed to connected', async () => {
    for (const viewport of [
      { width: 390, height: 844 },
      { width: 320, height: 640 },
      { width: 834, height: 1112 },
      { width: 1440, height: 900 },
    ]) {
      const { page } = await openGallery(browser, { viewport, reducedMotion: 'reduce' });
      const places = new Set<string>();
      for (const name of [
        'doors-closed',
        'doors-sealing',
        'doors-knocking',
        'doors-open-proof',
        'doors-open-vouched',
        'doors-unchecked',
        'doors-connected-proof',
        'doors-connected-up',
        'doors-closing',
        'doors-close-unconfirmed',
        'doors-failed',
        'doors-stale',
        'doors-asking',
      ]) {
        await show(page, name);
        const box = await page.locator('.stage .dial').boundingBox();
        places.add(`${box?.x},${box?.y},${box?.width}`);
      }
      await page.context().close();
      expect([...places], `${viewport.width} px`).toHaveLength(1);
    }
  });
});
