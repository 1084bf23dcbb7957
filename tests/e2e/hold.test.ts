import type { Browser, Page } from 'playwright';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { launch } from './browser.ts';
import { openGallery, show } from './gallery/gallery.ts';

let browser: Browser;
let page: Page;
beforeAll(async () => {
  browser = await launch();
  ({ page } = await openGallery(browser, { viewport: { width: 390, height: 844 } }));
});
afterAll(() => browser.close());

const asked = () => page.evaluate(() => window.asked);
const headline = () => page.locator('h1').textContent();

async function overDial(): Promise<{ x: number; y: number }> {
  const box = await page.locator('.dial-btn').boundingBox();
  if (box === null) throw new Error('no dial');
  return { x: box.x + box.width / 2, y: box.y + box.height / 2 };
}

describe('the hold', () => {
  it('arms at thumb down and leaves when the thumb lifts after a full ring', async () => {
    await show(page, 'doors-closed');
    const { x, y } = await overDial();
    await page.mouse.move(x, y);
    await page.mouse.down();
    expect(await asked()).toEqual(['arm']);
    await page.waitForTimeout(400);
    expect(await headline()).toBe('Holding');
    expect(await asked()).toEqual(['arm']);
    await page.waitForTimeout(700);
    expect(await page.locator('.lede').textContent()).toContain('Let go to open');
    await page.mouse.up();
    expect(await asked()).toEqual(['arm', 'release']);
    await page.waitForTimeout(50);
    expect(await headline()).toBe('Sealing');
  });

  it('sends nothing when let go early', async () => {
    await show(page, 'doors-closed');
    const { x, y } = await overDial();
    await page.mouse.move(x, y);
    await page.mouse.down();
    await page.waitForTimeout(600);
    await page.mouse.up();
    await page.waitForTimeout(600);
    expect(await asked()).toEqual(['arm', 'cancel']);
    expect(await headline()).toBe('Closed');
  });

  it('sends nothing when the finger slides off, however long it was held', async () => {
    await show(page, 'doors-closed');
    const { x, y } = await overDial();
    await page.mouse.move(x, y);
    await page.mouse.down();
    await page.waitForTimeout(1100);
    await page.mouse.move(x, y + 300);
    await page.mouse.up();
    expect(await asked()).toEqual(['arm', 'cancel']);
  });

  it('ends without asking when the page is left', async () => {
    await show(page, 'doors-closed');
    const { x, y } = await overDial();
    await page.mouse.move(x, y);
    await page.mouse.down();
    await page.evaluate(() => {
      Object.defineProperty(document, 'hidden', { value: true, configurable: true });
      document.dispatchEvent(new Event('visibilitychange'));
    });
    await page.mouse.up();
    await page.evaluate(() =>
      Object.defineProperty(document, 'hidden', { value: false, configurable: true }),
    );
    expect(await asked()).toEqual(['arm', 'cancel']);
  });

  for (const key of ['Space', 'Enter']) {
    it(`holds with ${key}, and lets go early with it`, async () => {
      await show(page, 'doors-closed');
      await page.locator('.dial-btn').focus();
      await page.keyboard.down(key);
      await page.keyboard.down(key);
      await page.waitForTimeout(300);
      await page.keyboard.up(key);
      expect(await asked()).toEqual(['arm', 'cancel']);
      await page.keyboard.down(key);
      await page.waitForTimeout(1100);
      await page.keyboard.up(key);
      expect(await asked()).toEqual(['arm', 'cancel', 'arm', 'release']);
    });
  }

  it('opens with two taps where that is chosen, and forgets the first after 5 s', async () => {
    await show(page, 'doors-closed-twice');
    const dial = page.locator('.dial-btn');
    await dial.click();
    expect(await asked()).toEqual(['arm']);
    await page.locator('.hint', { hasText: 'Tap again to open' }).waitFor();
    await dial.click();
    expect(await asked()).toEqual(['arm', 'release']);

    await show(page, 'doors-closed-twice');
    await dial.click();
    await page.waitForTimeout(5300);
    expect(await asked()).toEqual(['arm', 'cancel']);
    await dial.click();
    expect(await asked()).toEqual(['arm', 'cancel', 'arm']);
    await page.keyboard.press('Escape');
    expect(await asked()).toEqual(['arm', 'cancel', 'arm', 'cancel']);
  });

  it('asks for a confirmation where a screen reader activates it', async () => {
    await show(page, 'doors-closed');
    const dial = page.locator('.dial-btn');
    await dial.focus();
    // A click without a pointer or a key before it: what assistive technology sends.
    await dial.evaluate((element: HTMLElement) => element.click());
    const dialog = page.getByRole('dialog', { name: 'Open for 5 minutes?' });
    await dialog.waitFor();
    expect(await asked()).toEqual([]);
    expect(await dialog.evaluate((element) => element.contains(document.activeElement))).toBe(true);
    await page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'detached' });
    expect(await dial.evaluate((element) => element === document.activeElement)).toBe(true);
    expect(await asked()).toEqual([]);

    await dial.evaluate((element: HTMLElement) => element.click());
    await dialog.getByRole('button', { name: 'Open', exact: true }).click();
    expect(await asked()).toEqual(['release']);
  });

  it('does nothing when an open door’s dial is pressed', async () => {
    await show(page, 'doors-open-proof');
    const box = await page.locator('.stage .dial').boundingBox();
    await page.mouse.move((box?.x ?? 0) + 100, (box?.y ?? 0) + 100);
    await page.mouse.down();
    await page.waitForTimeout(1100);
    await page.mouse.up();
    expect(await asked()).toEqual([]);
  });

  it('fills the ring under reduced motion too: it is progress', async () => {
    const still = await openGallery(browser, {
      viewport: { width: 390, height: 844 },
      reducedMotion: 'reduce',
    });
    await show(still.page, 'doors-closed');
    await still.page.locator('.dial-btn').focus();
    await still.page.keyboard.down('Space');
    await still.page.waitForTimeout(500);
    const half = await still.page.locator('.ticks.on').getAttribute('d');
    expect(half?.split('M').length).toBeGreaterThan(15);
    expect(
      await still.page.locator('.turning').evaluate((element) => getComputedStyle(element).transform),
    ).toMatch(/^(?:none|matrix\(1, 0, 0, 1, 0, 0\))$/);
    await still.page.keyboard.up('Space');
    await still.page.context().close();
  });
});

describe('the keyboard alone, on a desktop', () => {
  it('opens with O, then Enter; C closes; a field keeps its letters', async () => {
    const desk = await openGallery(browser, { viewport: { width: 1440, height: 900 } });
    const acts = () => desk.page.evaluate(() => window.asked);
    await show(desk.page, 'doors-closed');
    await desk.page.keyboard.press('o');
    expect(await acts()).toEqual(['arm']);
    await desk.page.keyboard.press('Enter');
    expect(await acts()).toEqual(['arm', 'release']);

    await show(desk.page, 'doors-open-proof');
    await desk.page.keyboard.press('c');
    expect(await acts()).toEqual(['close']);

    await show(desk.page, 'pair-empty');
    await desk.page.locator('textarea').focus();
    await desk.page.keyboard.type('co');
    expect(await acts()).toEqual([]);
    await desk.page.context().close();
  });

  it('reaches everything on the way in order: dial, length, close', async () => {
    await show(page, 'doors-closed');
    const reached: string[] = [];
    for (let i = 0; i < 7; i += 1) {
      await page.keyboard.press('Tab');
      reached.push(
        await page.evaluate(
          () =>
            document.activeElement?.getAttribute('aria-label') ?? document.activeElement?.textContent ?? '',
        ),
      );
    }
    expect(reached).toEqual([
      'Home: attic. Answered 2 s ago. Switch home',
      'Settings',
      'Open the SSH door of attic for 5 minutes. Press and hold.',
      '5 minutes',
      'Doors',
      'Bans',
      'Activity',
    ]);
  });
});

describe('what is said aloud', () => {
  it('the clock is silent and the live regions are there from the start', async () => {
    await show(page, 'doors-open-proof');
    expect(await page.locator('.stage [role=timer]').getAttribute('aria-live')).toBe('off');
    expect(await page.locator('.door-screen > [role=status]').count()).toBe(1);
    expect(await page.locator('.door-screen > [role=alert]').count()).toBe(1);
  });
});

describe('a drawer', () => {
  it('keeps the focus, makes the rest inert, closes on Escape and on the scrim', async () => {
    await show(page, 'doors-open-proof');
    const row = page.locator('.proof');
    await row.click();
    const dialog = page.getByRole('dialog', { name: 'How we know' });
    await dialog.waitFor();
    for (let i = 0; i < 8; i += 1) {
      await page.keyboard.press('Tab');
      const outside = await page.evaluate(() => {
        const at = document.activeElement;
        return at !== null && at !== document.body && at.closest('dialog') === null;
      });
      expect(outside).toBe(false);
    }
    await page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'detached' });
    expect(await row.evaluate((element) => element === document.activeElement)).toBe(true);
    await row.click();
    await page.mouse.click(195, 20);
    await dialog.waitFor({ state: 'detached' });
  });
});
