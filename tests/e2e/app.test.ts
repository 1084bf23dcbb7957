import { connect } from 'node:net';
import type { Browser, BrowserContext, Page } from 'playwright';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { launch } from './browser.ts';
import { axe, readAxe } from './gallery/gallery.ts';
import { startHouse, type House } from './house.ts';
import { takeOffline } from './offline.ts';

// The real relay, home agent and helper, and the real pages with their real headers.

let house: House;
let browser: Browser;
/** What any page of any context complained about: CSP and Trusted Types reports, errors. */
const complaints: string[] = [];

beforeAll(async () => {
  [house, browser] = await Promise.all([startHouse(), launch()]);
}, 240_000);
afterAll(async () => {
  await browser?.close();
  await house?.stop();
});

async function phone(): Promise<{ context: BrowserContext; page: Page }> {
  const context = await browser.newContext({
    viewport: { width: 390, height: 844 },
    hasTouch: true,
    isMobile: true,
    reducedMotion: 'reduce',
  });
  await context.addInitScript(() => {
    document.addEventListener('securitypolicyviolation', (event) => {
      console.error(`policy: ${event.violatedDirective} ${event.blockedURI} ${event.sample}`);
    });
  });
  context.on('page', (page) => {
    page.on('console', (message) => {
      // Being offline and a page that is not there are part of the tests, and the browser says so.
      if (
        message.type() === 'error' &&
        !/net::ERR_|WebSocket connection|status of 404/.test(message.text())
      ) {
        complaints.push(message.text());
      }
    });
    page.on('pageerror', (error) => complaints.push(error.message));
  });
  return { context, page: await context.newPage() };
}

// a dim one says what was last known
const headline = (page: Page) => page.locator('h1:not(.dim)');

async function holdDial(page: Page): Promise<void> {
  const box = await page.locator('.dial-btn').boundingBox();
  if (box === null) throw new Error('no dial to hold');
  await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
  await page.mouse.down();
  await page.locator('.lede', { hasText: 'Let go to open' }).waitFor();
  await page.mouse.up();
}

async function heading(page: Page, words: string): Promise<void> {
  await headline(page).filter({ hasText: words }).waitFor({ timeout: 15_000 });
}

function answers(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

describe('the phone: pair, hold, in', () => {
  let first: { context: BrowserContext; page: Page };

  it('first run: says so from the exported page itself, and works without a network afterwards', async () => {
    const visitor = await phone();
    const served = await (await fetch(house.origin)).text();
    expect(served).toContain('No home yet');
    await visitor.page.goto(house.origin);
    await heading(visitor.page, 'No home yet');
    await visitor.page.evaluate(() => navigator.serviceWorker.ready);
    await visitor.page.waitForFunction(() => navigator.serviceWorker.controller !== null);
    await visitor.context.setOffline(true);
    for (const [path, words] of [
      ['/', 'No home yet'],
      ['/pair', 'Paste the link'],
      ['/activity', 'Activity'],
      ['/settings?from=here', 'Settings'],
      ['/devices', 'Devices'],
      ['/checks', 'Checks'],
      ['/no/such/page', 'No such page'],
    ] as const) {
      const page = await visitor.context.newPage();
      await page.goto(house.origin + path);
      await heading(page, words);
      await page.close();
    }
    await visitor.context.close();
  });

  it('pairs by the link, which is in no history afterwards', async () => {
    first = await phone();
    await first.page.goto(house.firstLink);
    await first.page.getByText('A Latchkey link').waitFor();
    expect(first.page.url()).toBe(`${house.origin}/pair`);
    await first.page.getByLabel('Name of this device').fill('Pixel');
    await first.page.getByRole('button', { name: 'Ask home' }).click();
    await heading(first.page, 'Closed');
    await first.page.evaluate(() => void setTimeout(() => history.back()));
    await first.page.waitForTimeout(500);
    expect(first.page.url()).not.toContain('#');
    await first.page.goto(house.origin);
    await heading(first.page, 'Closed');
    expect(await first.page.evaluate(() => JSON.stringify(localStorage))).not.toContain('pair#');
  });

  it('a hold opens the door, and the screen says so only when home has read it back', async () => {
    const { page } = first;
    await holdDial(page);
    await heading(page, 'Open');
    expect(await page.locator('.stage [role=timer]').textContent()).toMatch(/^[45]:\d\d$/);
    const row = page.locator('.proof');
    expect(await row.textContent()).toContain('checked');
    await row.click();
    const chain = page.getByRole('dialog', { name: 'How we know' }).locator('li.set .t');
    const titles = async () =>
      (await chain.allTextContents()).map((title) => title.replace(/\d:\d\d/, 'some'));
    await expect
      .poll(titles)
      .toEqual(['Sealed', 'Relayed', 'Asked proxy', 'Listening, some left', 'Its target listens']);
    await page.keyboard.press('Escape');
    const command = (await page.locator('.cmd code').textContent()) ?? '';
    // the loopback address that the door opened for: which of the two, the browser chose
    const [, ssh, host = '', port = ssh] =
      /^(?:nc|ssh -p (\d+)) (::1|127\.0\.0\.1)(?: (\d+))?$/.exec(command.replaceAll('\u00a0', ' ')) ?? [];
    expect(await answers(host, Number(port))).toBe(true);
  });

  it('a reload finds the door open, and claims no link that nobody here saw', async () => {
    const { page } = first;
    await page.reload();
    await heading(page, 'Open');
    await page.locator('.proof').click();
    const chain = page.getByRole('dialog', { name: 'How we know' }).locator('li .t');
    const titles = await chain.allTextContents();
    expect(titles[0]).toMatch(/^Listening/);
    expect(titles.join()).not.toMatch(/Sealed|Relayed|Asked/);
    await page.keyboard.press('Escape');
  });

  it('adds five minutes, then closes when home says so', async () => {
    const { page } = first;
    await page.getByRole('button', { name: 'Add 5 min' }).click();
    await page
      .locator('.clock')
      .filter({ hasText: /^[89]:|^10:/ })
      .waitFor();
    await page.getByRole('button', { name: 'Close now' }).click();
    await heading(page, 'Closed');
  });

  it('does the main job with the keyboard alone', async () => {
    const { page } = first;
    await page.reload();
    await heading(page, 'Closed');
    await page.locator('.dial-btn').waitFor();
    for (let i = 0; i < 3; i += 1) await page.keyboard.press('Tab');
    await page.keyboard.down('Space');
    await page.locator('.lede', { hasText: 'Let go to open' }).waitFor();
    await page.keyboard.up('Space');
    await heading(page, 'Open');
    const closeNow = page.getByRole('button', { name: 'Close now' });
    for (let i = 0; i < 6; i += 1) {
      if (await closeNow.evaluate((element) => element === document.activeElement)) break;
      await page.keyboard.press('Tab');
    }
    await page.keyboard.press('Enter');
    await heading(page, 'Closed');
  });

  it('axe finds nothing on the live screens, in both themes', async () => {
    const { page } = first;
    for (const path of ['/', '/activity', '/settings', '/devices', '/pair', '/nope']) {
      for (const colorScheme of ['light', 'dark'] as const) {
        await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
        await page.goto(house.origin + path);
        await headline(page).first().waitFor();
        await page.waitForTimeout(500);
        await readAxe(page);
        expect(await axe(page), `${path} ${colorScheme}`).toEqual([]);
      }
    }
    await page.emulateMedia({ colorScheme: null });
  });

  it('lists what happened', async () => {
    const { page } = first;
    await page.goto(`${house.origin}/activity`);
    await heading(page, 'Today');
    await page.locator('.log .s', { hasText: 'Closed at' }).first().waitFor();
    expect(await page.locator('.dayline').getAttribute('aria-label')).toMatch(
      /^Today by the hour: doors? open/,
    );
    await page.getByRole('button', { name: 'All events' }).click();
    await heading(page, 'Activity');
    await page.getByText('Opened for 5 min').first().waitFor();
    const titles = await page.locator('.log .t').allTextContents();
    expect(titles.filter((title) => title === 'Opened for 5 min')).toHaveLength(2);
    expect(titles).toContain('New device: Pixel');
    expect(titles).toContain('Closed');
  });

  it('a setting holds over a reload, before the first paint', async () => {
    const { page } = first;
    await page.goto(`${house.origin}/settings`);
    await page.getByRole('radio', { name: 'Dark' }).check();
    await page.getByRole('radio', { name: 'Tap twice' }).check();
    await page.goto(house.origin, { waitUntil: 'commit' });
    await page.waitForFunction(() => document.documentElement.dataset['theme'] === 'dark');
    await heading(page, 'Closed');
    await page.getByText('Tap twice to open').waitFor();
    await page.goto(`${house.origin}/settings`);
    await page.getByRole('radio', { name: 'Hold' }).check();
    await page.getByRole('radio', { name: 'System' }).check();
  });

  it('beside the settings of a wide screen stands what home finds wrong with itself', async () => {
    const { page } = first;
    const phoneSize = page.viewportSize();
    await page.setViewportSize({ width: 1440, height: 900 });
    await page.goto(`${house.origin}/settings`);
    await page.locator('.side h2', { hasText: /^(\d+ to look at|Sound|Not all seen)$/ }).waitFor();
    await page.getByRole('button', { name: 'Check again' }).waitFor();
    if (phoneSize !== null) await page.setViewportSize(phoneSize);
    await page.locator('.side').waitFor({ state: 'hidden' });
  });

  it('a second device compares, waits for the yes at home, and is turned away once revoked', async () => {
    const asking = house.run('pair');
    const [, secret] = await asking.until(/\/pair#([\w-]+)/);
    const second = await phone();
    await second.page.goto(`${house.origin}/pair#${secret ?? ''}`);
    await second.page.getByLabel('Name of this device').fill('Laptop');
    await second.page.getByRole('button', { name: 'Ask home' }).click();
    await heading(second.page, 'Same key on both?');
    const shown = await second.page.locator('.code').getAttribute('aria-label');
    const [code] = await asking.until(/[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}/);
    expect(shown?.replace('Code: ', '').replaceAll(', ', '-').replaceAll(' ', '')).toBe(code);
    const match = second.page.getByRole('button', { name: 'They match' });
    // Asleep for 2 s: long enough to look at the terminal.
    expect(await match.getAttribute('aria-disabled')).toBe('true');
    await match.click();
    await heading(second.page, 'Say yes on');
    asking.say('y');
    await heading(second.page, 'Closed');
    await asking.stop();

    await holdDial(second.page);
    await heading(second.page, 'Open');

    const { page } = first;
    await page.goto(`${house.origin}/devices`);
    await heading(page, '2 devices');
    await page.getByRole('button', { name: /Laptop/ }).click();
    const drawer = page.getByRole('dialog', { name: 'Laptop' });
    await drawer.getByRole('button', { name: 'Revoke Laptop' }).click();
    await heading(page, '1 device');
    await drawer.waitFor({ state: 'detached' });
    await heading(second.page, 'Turned away');
    await second.context.close();
  });

  it('says which of the two is away: this phone, or home', async () => {
    const { page } = first;
    await page.goto(house.origin);
    await heading(page, 'Closed');
    // The browser's switch leaves a WebSocket that is open alone, so the page starts anew: from its cache.
    const back = await takeOffline(page);
    await page.reload();
    await heading(page, 'This phone is offline');
    expect(await page.locator('.dial-btn').count()).toBe(0);
    await back();
    await heading(page, 'Closed');
    await house.up.stop();
    await heading(page, 'No answer');
    await page.getByText('Last known').waitFor();
    // with its age, also for a page that never reached home
    await page.reload();
    await heading(page, 'No answer');
    await page.getByText('Last known').waitFor();
    expect(await page.locator('main:visible').innerText()).toMatch(/\d\d:\d\d, \d+ (s|min) ago/);
  });

  it('nothing was reported on the way', () => {
    expect(complaints).toEqual([]);
  });
});
