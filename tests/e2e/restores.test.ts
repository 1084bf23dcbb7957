import { createHash, randomBytes } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { Browser, Page } from 'playwright';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { permit } from '../../server/agent/permitting.ts';
import { minute } from '../double/clock.ts';
import { until } from '../support/until.ts';
import { startArchiveHome, type ArchiveHome } from './archive-home.ts';
import { launch } from './browser.ts';
import { collectReports, headline, pairWith, shows } from './doors-page.ts';
import { axe, readAxe } from './gallery/gallery.ts';

/** Getting an archive back by a person's thumb: the real home agent, AWS's double, hours that pass at once. */

// three MiB and a bit: a tree of hashes with an odd leaf
const content = randomBytes(3 * 1024 * 1024 + 17);

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

let home: ArchiveHome;
let browser: Browser;
let page: Page;
let reports: string[];

beforeAll(async () => {
  home = await startArchiveHome((double) => {
    double.vault('us-west-2', 'photos').put('Photos 2020, raw', content);
  });
  await home.know();
  browser = await launch();
  const context = await browser.newContext({
    viewport: { width: 390, height: 844 },
    hasTouch: true,
    isMobile: true,
  });
  page = await context.newPage();
  reports = collectReports(page);
  await pairWith(page, await home.link());
}, 240_000);
afterAll(async () => {
  await browser?.close();
  await home?.stop();
});

const words = () => page.locator('main:visible').innerText();
const button = (name: string | RegExp) => page.getByRole('button', { name });
const says = async (pattern: RegExp) => until(async () => pattern.test(await words()), 40_000);
/** Retrievals that AWS was asked for: the list was one question of its own. */
const asked = () => home.double.count('InitiateJob') - 1;

async function openArchive(): Promise<void> {
  await page.getByRole('link', { name: 'Archives' }).click();
  await shows(page, /kept$/);
  await button(/Photos 2020, raw/)
    .first()
    .click();
  await shows(page, /^Photos 2020, raw$/);
}

test('a device without the permission is offered nothing, and cannot ask by other means', async () => {
  await openArchive();
  await says(/may not ask archives back/);
  expect(await words()).toMatch(/latchkey\sallow\sLinux\srestore/);
  expect(await button('Get it back').count()).toBe(0);
  expect(await button('Choose more with it').count()).toBe(0);
  await readAxe(page);
  expect(await axe(page)).toEqual([]);

  const { client } = await home.house.device('laptop');
  const [vault] = (await client.archives.totals()).value.vaults;
  const refused = { code: 'refused-permission' };
  await expect(client.archives.plan({ vault: vault?.vault ?? '' })).rejects.toMatchObject(refused);
  await expect(
    client.archives.start({ plan: 'A'.repeat(22), tier: 'Bulk', typed: '3.15 MB', cost: 0 }),
  ).rejects.toMatchObject(refused);
  expect((await client.archives.restores({ from: 0, limit: 1 })).value.restore).toBeUndefined();
  expect(existsSync(home.folder)).toBe(false);
  expect(asked()).toBe(0);
});

test('what is being sent: how far it is, and a pause that the command at home hears', async () => {
  const { sending } = home.house.agent.archives;
  const report = {
    verb: 'sending',
    begun: 1,
    target: 'photos',
    kind: 'vault',
    storageClass: 'VAULT',
    files: 2,
    bytes: 400_000_000,
    sentBytes: 200_000_000,
    leftOut: 1,
    partBytes: 64 * 1024 * 1024,
    rate: 4_000_000,
    rows: [
      { name: 'one <b>.tar', size: 200_000_000, parts: 3, part: 3, state: 'kept' },
      { name: 'two.tar', size: 200_000_000, parts: 3, part: 2, state: 'sending' },
    ],
    from: 0,
    pausing: false,
    ended: false,
  } satisfies Parameters<typeof sending.hear>[0];
  sending.hear(report);
  await page.getByRole('link', { name: 'Archives' }).click();
  await shows(page, /kept$/);
  await button(/200 MB of 400 MB sent/).click();
  await shows(page, /^200 MB sent$/);
  expect(await words()).toMatch(/At 4.0 MB\/s/);
  expect(await words()).toContain('one <b>.tar');
  expect(await page.locator('.green').allInnerTexts()).toEqual(['Kept, hash checked']);
  await readAxe(page);
  expect(await axe(page)).toEqual([]);
  // without the permission nothing can be stopped, either
  expect(await button('Pause after this part').count()).toBe(0);

  await permit('Linux', 'restore', true, home.house.agent);
  await page.reload();
  await shows(page, /^200 MB sent$/);
  sending.hear(report);
  await button('Pause after this part').click();
  await until(() => sending.hear(report).pause, 10_000);
  sending.hear({ ...report, pausing: true });
  await says(/Stops after this part/);
  expect(await button('Pause after this part').count()).toBe(0);
  // the tab leads out of it
  await page.getByRole('link', { name: 'Archives' }).click();
  await shows(page, /kept$/);
  expect(asked()).toBe(0);
  expect(reports).toEqual([]);
});

test('from the phone: the plan, its size typed, asked once, hours later back and its hash checked', async () => {
  await openArchive();
  await says(/From \$\d+\.\d\d and 5 to 12 h/);
  await button('Get it back').click();
  const drawer = page.getByRole('dialog');
  await drawer.getByText('AWS will bill about').waitFor();
  const start = drawer.getByRole('button', { name: /^Start/ });
  const field = drawer.getByLabel('Type 3.15 MB to start');
  await field.fill('3.15 GB');
  expect(await start.isDisabled()).toBe(true);
  await field.press('Enter');
  await readAxe(page);
  expect(await axe(page)).toEqual([]);
  expect(asked()).toBe(0);

  await field.fill('3.15mb');
  await start.click();
  await shows(page, /^0 B back$/);
  await until(() => asked() === 1);
  expect(await words()).toMatch(/of 3.15 MB, day 1 of about 1/);
  expect(await axe(page)).toEqual([]);
  // the way back is the list, with the way here on it
  await page.goBack();
  await shows(page, /kept$/);
  await button(/0 B of 3.15 MB back/).click();
  await shows(page, /^0 B back$/);

  await until(async () => {
    await home.pass(30 * minute);
    return (await headline(page)) === '3.15 MB back';
  }, 60_000);
  await says(/Back, hash checked/);
  // the restore's end is written behind its last archive's
  await says(/All of it, checked/);
  expect(await page.locator('.green').allInnerTexts()).toContain('Back, hash checked');
  expect(asked()).toBe(1);
  const files = readdirSync(home.folder, { withFileTypes: true }).filter((file) => file.isFile());
  expect(files).toHaveLength(1);
  expect(sha256(readFileSync(path.join(home.folder, files[0]?.name ?? '')))).toBe(sha256(content));
  expect(reports).toEqual([]);
});
