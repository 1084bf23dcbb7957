import type { Browser, BrowserContextOptions } from 'playwright';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { launch } from './browser.ts';
import { axe, readAxe, sideways } from './gallery/gallery.ts';
import { startHouse, type House } from './house.ts';
import { takeOffline } from './offline.ts';
import { four, kind, rows, visitorOf, which } from './passwords-page.ts';

// Passwords under a person’s hands, on the real pages with their real headers; what leaves them: passwords.test.ts.

let house: House;
let browser: Browser;
const reports: string[][] = [];

beforeAll(async () => {
  [house, browser] = await Promise.all([startHouse(), launch()]);
}, 240_000);
afterAll(async () => {
  await browser?.close();
  await house?.stop();
});

const visitor = (options?: BrowserContextOptions) => visitorOf(browser, reports, options);

describe('choosing and copying', () => {
  it('works with the keyboard alone', async () => {
    const { context, page } = await visitor({ permissions: ['clipboard-read', 'clipboard-write'] });
    await page.goto(`${house.origin}/passwords`);
    await four(page);
    const focused = () =>
      page.evaluate(
        () => document.activeElement?.getAttribute('aria-label') ?? document.activeElement?.textContent,
      );
    const tabTo = async (name: RegExp) => {
      for (let presses = 0; presses < 15; presses += 1) {
        await page.keyboard.press('Tab');
        if (name.test((await focused()) ?? '')) return;
      }
      throw new Error(`no Tab leads to ${name}`);
    };
    await tabTo(/^Words$/);
    await page.keyboard.press('ArrowRight');
    const shown = await four(page);
    expect(shown[0]).toMatch(/^\w{4}(?:-\w{4}){4}$/);
    await tabTo(/with a hyphen between$/);
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('ArrowDown');
    expect(await page.locator('.pw:has(:checked) .mono').textContent()).toBe(shown[2]);
    await tabTo(/^Length$/);
    await page.keyboard.press('ControlOrMeta+a');
    await page.keyboard.type('12');
    await tabTo(/^Length$/);
    expect(await page.getByRole('slider').getAttribute('aria-valuetext')).toBe('12 characters');
    await page.keyboard.press('ArrowLeft');
    expect(await page.getByRole('spinbutton').inputValue()).toBe('11');
    await tabTo(/^Characters/);
    await page.keyboard.press('Enter');
    const drawer = page.getByRole('dialog', { name: 'Which characters' });
    await drawer.waitFor();
    await tabTo(/^No look-alikes$/);
    await page.keyboard.press('ArrowUp');
    await tabTo(/^The site’s passwordrules$/);
    await page.keyboard.type('required: digit; allowed: digit; maxlength: 9');
    await page.keyboard.press('Escape');
    await drawer.waitFor({ state: 'detached' });
    expect(await focused()).toMatch(/^Characters/);
    const [first] = await four(page);
    expect(first).toMatch(/^\d{9}$/);
    await tabTo(/^Copy$/);
    await page.keyboard.press('Enter');
    await page.getByText('Copied. Clears').waitFor();
    expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(first);
    await tabTo(/^Four more$/);
    await page.keyboard.press('Space');
    expect(await four(page)).not.toContain(first);
    await page.getByText('Four new candidates.').waitFor({ state: 'attached' });
    await context.close();
  });

  it('clears the clipboard after 60 s, and leaves alone what was copied since', async () => {
    const { context, page } = await visitor({ permissions: ['clipboard-read', 'clipboard-write'] });
    await page.clock.install();
    await page.goto(`${house.origin}/passwords`);
    const shown = await four(page);
    const clipboard = () => page.evaluate(() => navigator.clipboard.readText());
    await rows(page).nth(1).click();
    await page.getByRole('button', { name: 'Copy' }).click();
    await page.getByText('Copied. Clears after 60 s').waitFor();
    expect(await clipboard()).toBe(shown[1]);
    await page.clock.runFor(59_000);
    expect(await clipboard()).toBe(shown[1]);
    // Leaving the screen changes nothing about it.
    await page.getByRole('link', { name: 'Back' }).click();
    await page.clock.runFor(1500);
    await expect.poll(clipboard).toBe('');
    await page.goto(`${house.origin}/passwords`);
    await four(page);
    await page.getByRole('button', { name: 'Copy' }).click();
    await page.getByText('Copied. Clears after 60 s').waitFor();
    await page.evaluate(() => navigator.clipboard.writeText('something else'));
    await page.clock.runFor(61_000);
    await page.getByText('Copied.').waitFor({ state: 'detached' });
    expect(await clipboard()).toBe('something else');
    await context.close();
  });

  it('says that it stays where the browser does not let it be cleared, and that it was not copied', async () => {
    const { context, page } = await visitor({ permissions: ['clipboard-read', 'clipboard-write'] });
    // As Firefox and Safari have it.
    await page.addInitScript(() => {
      navigator.permissions.query = () => Promise.reject(new TypeError('no such permission'));
    });
    await page.goto(`${house.origin}/passwords`);
    await four(page);
    await page.getByRole('button', { name: 'Copy' }).click();
    await page.getByText('Copied. It stays until you copy something else.').waitFor();
    await page.evaluate(() => {
      navigator.clipboard.writeText = () => Promise.reject(new DOMException('no', 'NotAllowedError'));
    });
    await page.getByRole('button', { name: /^Cop/ }).click();
    await page.getByText('This browser does not let it be copied.').waitFor();
    await context.close();
  });

  it('reads a site’s rules, or says at which character they end and why', async () => {
    const { context, page } = await visitor();
    await page.goto(`${house.origin}/passwords`);
    await kind(page, 'Characters');
    const drawer = await which(page);
    await drawer.getByRole('radio', { name: 'A site’s rules' }).check({ force: true });
    const field = drawer.getByRole('textbox', { name: 'The site’s passwordrules' });
    const verdict = drawer.getByRole('status');
    for (const [text, words] of [
      ['minlength: ten', 'At character 12, “ten”: a whole number is expected here.'],
      ['required: lower; forbidden: digit', 'At character 18, “forbidden:”: rules are: required'],
      ['required: [abc', 'this class has no closing ]'],
      ['minlength: 20; maxlength: 8', 'this makes maxlength smaller than minlength'],
      ['maxlength: 2; required: [a]; required: [b]; required: [c]', 'Nothing is made so: no password of 2'],
    ] as const) {
      await field.fill(text);
      await expect.poll(() => verdict.textContent(), { message: text }).toContain(words);
      expect(await field.getAttribute('aria-invalid')).toBe('true');
    }
    await field.fill('minlength: 10; maxlength: 14; required: upper; allowed: [-_]');
    await expect.poll(() => verdict.textContent()).toBe('Understood: 10 to 14 characters.');
    await page.keyboard.press('Escape');
    for (const password of await four(page)) expect(password).toMatch(/^(?=.*[A-Z])[A-Z_-]{14}$/);
    expect(await page.getByRole('slider').getAttribute('min')).toBe('10');
    await context.close();
  });

  it('remembers how they were made, and no site’s rules', async () => {
    const { context, page } = await visitor();
    await page.goto(`${house.origin}/passwords`);
    await kind(page, 'Characters');
    await page.getByRole('spinbutton').fill('24');
    const drawer = await which(page);
    await drawer.getByRole('radio', { name: 'A site’s rules' }).check({ force: true });
    await drawer.getByRole('textbox').fill('maxlength: 7');
    await drawer.getByRole('button', { name: 'Done' }).click();
    expect((await four(page))[0]).toHaveLength(7);
    await page.reload();
    expect((await four(page))[0]).toMatch(/^\w{4}(?:-\w{4}){5}$/);
    await context.close();
  });
});

describe('before there is a home, and beside one', () => {
  it('is offered on the first screen, and in the rail of a wide one', async () => {
    const { context, page } = await visitor();
    await page.goto(house.origin);
    await page.getByRole('link', { name: /Passwords work now/ }).click();
    await four(page);
    expect(new URL(page.url()).pathname).toBe('/passwords');
    await expect.poll(() => page.locator('.tabs').count()).toBe(0);
    await context.close();
    const wide = await visitor({ viewport: { width: 1440, height: 900 }, isMobile: false, hasTouch: false });
    await wide.page.goto(house.origin);
    const rail = wide.page.getByRole('navigation', { name: 'Main' }).getByRole('link');
    await expect.poll(() => rail.allTextContents()).toEqual(['Passwords']);
    await rail.click();
    await four(wide.page);
    await wide.page.getByRole('link', { name: 'No home yet' }).click();
    await wide.page.getByRole('heading', { name: 'No home yet' }).waitFor();
    await wide.context.close();
  });

  it('has a shortcut of its own on the home screen', async () => {
    const manifest = (await (await fetch(`${house.origin}/manifest.webmanifest`)).json()) as {
      shortcuts: { name: string; url: string }[];
    };
    expect(manifest.shortcuts).toContainEqual(
      expect.objectContaining({ name: 'Passwords', url: '/passwords' }),
    );
  });

  it('waits for no database: four are there while storage hangs', async () => {
    const { context, page } = await visitor();
    await page.addInitScript(() => {
      localStorage.setItem('latchkey-paired', 'yes');
      const { open } = IDBFactory.prototype;
      IDBFactory.prototype.open = function (this: IDBFactory, ...args) {
        return Object.assign(open.apply(this, args), { addEventListener: () => undefined });
      };
    });
    await page.goto(`${house.origin}/passwords`);
    await four(page);
    expect(await rows(page).first().isVisible()).toBe(true);
    expect(await page.locator('.tabs a').allTextContents()).toEqual([
      'Doors',
      'Bans',
      'Activity',
      'Passwords',
      'Archives',
    ]);
    expect(await page.locator('.tabs').isVisible()).toBe(true);
    await context.close();
  });

  it('axe finds nothing, in both themes, with and without a home, and nothing is wider than its screen', async () => {
    const { context, page } = await visitor();
    const look = async (state: string) => {
      for (const colorScheme of ['light', 'dark'] as const) {
        await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
        await page.goto(`${house.origin}/passwords`);
        await four(page);
        await readAxe(page);
        expect([...(await axe(page)), ...(await sideways(page))], `${state} ${colorScheme}`).toEqual([]);
        expect(await page.evaluate(() => document.getAnimations().length)).toBe(0);
      }
    };
    await look('no home');
    await page.goto(house.firstLink);
    await page.getByRole('button', { name: 'Ask home' }).click();
    await page.getByRole('heading', { name: 'Closed' }).waitFor();
    await page.getByRole('link', { name: 'Passwords' }).click();
    await four(page);
    expect(await page.getByRole('button', { name: /^Home: / }).getAttribute('aria-label')).toContain(
      'Made on this phone, never sent',
    );
    await look('a home');
    await takeOffline(page);
    await page.goto(house.origin);
    await page.getByRole('link', { name: 'Passwords still work.' }).click();
    await four(page);
    await context.close();
  });

  it('and the pages’ own rules were never broken', () => {
    expect(reports.length).toBeGreaterThan(5);
    expect(reports.flat()).toEqual([]);
  });
});
