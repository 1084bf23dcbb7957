import { createWriteStream, mkdtempSync, rmSync } from 'node:fs';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { performance } from 'node:perf_hooks';
import type { Browser, Page } from 'playwright';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { long } from '../counts.ts';
import { launch } from './browser.ts';
import { startHouse, type House } from './house.ts';
import { framesLine, scrollThrough } from './scroll.ts';

// A list of a million archives on a phone (20,000 in `npm test`): its first page, the thumb, the search.

const archives = long ? 1_000_000 : 20_000;
const count = archives.toLocaleString('en');
let directory: string;
let house: House;
let browser: Browser;
let page: Page;

/** AWS's inventory: one archive a minute, from 2012 on. */
async function writeInventory(file: string): Promise<void> {
  const out = createWriteStream(file);
  out.write(
    '{"VaultARN":"arn:aws:glacier:us-west-2:111122223333:vaults/photos","InventoryDate":"2026-11-01T00:00:00Z","ArchiveList":[',
  );
  const first = Date.UTC(2012, 0, 1);
  for (let i = 0; i < archives; i += 1) {
    const row = {
      ArchiveId: `id-${String(i).padStart(12, '0')}`.padEnd(138, 'x'),
      ArchiveDescription: `photos/${i % 97}/IMG_${String(i).padStart(7, '0')}.tar`,
      CreationDate: new Date(first + i * 60_000).toISOString(),
      Size: 1000 + i,
      SHA256TreeHash: i.toString(16).padStart(64, '0'),
    };
    if (!out.write(`${i === 0 ? '' : ','}${JSON.stringify(row)}`)) await once(out, 'drain');
  }
  out.end(']}');
  await once(out, 'finish');
}

beforeAll(async () => {
  directory = mkdtempSync(path.join(tmpdir(), 'latchkey-many-'));
  const file = path.join(directory, 'inventory.json');
  [house, browser] = await Promise.all([startHouse(), launch(), writeInventory(file)]);
  const imported = house.run('archives', 'import', file, '--json');
  await imported.until(new RegExp(`"inserted":${archives}\\b`));
  const context = await browser.newContext({
    viewport: { width: 390, height: 844 },
    hasTouch: true,
    isMobile: true,
  });
  page = await context.newPage();
  page.setDefaultTimeout(20_000);
  await page.goto(house.firstLink);
  await page.getByLabel('Name of this device').fill('Pixel');
  await page.getByRole('button', { name: 'Ask home' }).click();
  await page.locator('h1', { hasText: 'Closed' }).waitFor();
}, 600_000);
afterAll(async () => {
  await browser?.close();
  await house?.stop();
  rmSync(directory, { recursive: true, force: true });
});

const rows = () => page.locator('.arc-row:not(.ruler) .t');

it('the first page, with what there is of all', async () => {
  const took: string[] = [];
  for (let round = 0; round < 3; round += 1) {
    // a page that begins anew knows nothing of them
    await page.goto(house.origin);
    await page.locator('h1:not(.dim)', { hasText: 'Closed' }).waitFor();
    const before = performance.now();
    await page.getByRole('link', { name: 'Archives' }).click();
    await rows().first().waitFor();
    took.push((performance.now() - before).toFixed(0));
  }
  process.stdout.write(`${count} archives: first page after ${took.join(', ')} ms\n`);
  await page.getByText(`${count} archives`).first().waitFor();
  // newest first
  expect(await rows().first().textContent()).toContain(`IMG_${String(archives - 1).padStart(7, '0')}`);
});

it('as far as a thumb gets, no more is drawn than what is looked at', async () => {
  const pane = page.locator('main.screen');
  const frames = await pane.evaluate(scrollThrough);
  process.stdout.write(`${count} archives: scrolled, ${framesLine(frames)}\n`);
  // Page after page, each behind the one before.
  const number = async () => Number(/IMG_(\d+)/.exec((await rows().first().textContent()) ?? '')?.[1]);
  const until = archives - 2000;
  for (let tries = 0; (await number()) > until; tries += 1) {
    expect(tries).toBeLessThan(400);
    await pane.evaluate((element) => (element.scrollTop = element.scrollHeight));
    await page.waitForTimeout(50);
  }
  expect(await page.locator('.arc-row').count()).toBeLessThan(80);
});

it('one of them all is found as it is typed', async () => {
  await page.locator('main.screen').evaluate((element) => (element.scrollTop = 0));
  await page.getByRole('button', { name: 'Search archives' }).click();
  const before = performance.now();
  await page.getByRole('searchbox').pressSequentially('IMG_0000123', { delay: 15 });
  await page.getByText('1 found').first().waitFor();
  process.stdout.write(
    `${count} archives: typed and found after ${(performance.now() - before).toFixed(0)} ms\n`,
  );
  expect(await rows().allTextContents()).toEqual(['photos/26/IMG_0000123.tar']);
});
