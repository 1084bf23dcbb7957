import type { Browser, BrowserContext, BrowserContextOptions, Page } from 'playwright';
import { collectReports } from './doors-page.ts';

/** What a person reads and does on Passwords. */

export const rows = (page: Page) => page.locator('.pw');

/** The four, once they are made. */
export async function four(page: Page): Promise<string[]> {
  await page.waitForFunction(() => {
    const rows = [...document.querySelectorAll('.pw')];
    const there = rows.filter(
      (row) =>
        row.querySelector('input:not(:disabled)') !== null &&
        row.querySelector('.mono')?.textContent.trim() !== '',
    );
    return there.length === 4;
  });
  return page.locator('.pw .mono').allTextContents();
}

export async function fourMore(page: Page): Promise<string[]> {
  await page.getByRole('button', { name: 'Four more' }).click();
  return four(page);
}

export async function kind(page: Page, name: 'Words' | 'Characters' | 'Digits'): Promise<string[]> {
  await page.getByRole('radio', { name, exact: true }).check({ force: true });
  return four(page);
}

/** The drawer of sets and rules, opened from its row. */
export async function which(page: Page) {
  await page.getByRole('button', { name: /^Characters/ }).click();
  return page.getByRole('dialog', { name: 'Which characters' });
}

/** Everything that the origin keeps in this browser, as one text: storage, databases, caches, history. */
export async function kept(page: Page): Promise<string> {
  return page.evaluate(async () => {
    const parts: string[] = [
      document.title,
      location.href,
      JSON.stringify(history.state),
      JSON.stringify(localStorage),
      JSON.stringify(sessionStorage),
      document.cookie,
      window.name,
    ];
    const settled = <Result>(asked: IDBRequest<Result>) =>
      new Promise<Result>((resolve, reject) => {
        asked.onsuccess = () => resolve(asked.result);
        asked.onerror = () => reject(asked.error ?? new Error('refused'));
      });
    for (const { name } of await indexedDB.databases()) {
      const database = await settled(indexedDB.open(name ?? ''));
      for (const store of database.objectStoreNames) {
        const objects = database.transaction(store).objectStore(store);
        parts.push(store, JSON.stringify(await settled(objects.getAll())));
        parts.push(JSON.stringify(await settled(objects.getAllKeys())));
      }
      database.close();
    }
    for (const name of await caches.keys()) {
      const cache = await caches.open(name);
      for (const request of await cache.keys()) {
        parts.push(request.url, (await (await cache.match(request))?.text()) ?? '');
      }
    }
    return parts.join('\n');
  });
}

/** A phone with nothing kept. What breaks the pages’ own rules is added to `reports`, on every page that it opens. */
export async function visitorOf(
  browser: Browser,
  reports: string[][],
  options: BrowserContextOptions = {},
): Promise<{ context: BrowserContext; page: Page; open: () => Promise<Page> }> {
  const context = await browser.newContext({
    viewport: { width: 390, height: 844 },
    hasTouch: true,
    isMobile: true,
    reducedMotion: 'reduce',
    ...options,
  });
  const open = async () => {
    const page = await context.newPage();
    reports.push(collectReports(page));
    return page;
  };
  return { context, page: await open(), open };
}

/** Every kind, every set and a site's rules, four more of each. All that was shown. */
export async function useEverything(page: Page): Promise<string[]> {
  const seen: string[] = [];
  for (const name of ['Words', 'Digits', 'Characters'] as const) {
    seen.push(...(await kind(page, name)), ...(await fourMore(page)));
    await page.getByRole('slider').press('ArrowRight');
    seen.push(...(await four(page)));
  }
  for (const set of ['All 83', 'A site’s rules']) {
    const drawer = await which(page);
    await drawer.getByRole('radio', { name: set }).check({ force: true });
    if (set === 'A site’s rules')
      await drawer.getByRole('textbox').fill('minlength: 18; required: lower; required: [%&*]');
    await drawer.getByRole('button', { name: 'Done' }).click();
    seen.push(...(await four(page)), ...(await fourMore(page)));
  }
  return seen;
}
