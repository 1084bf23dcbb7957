import type { Page } from 'playwright';
import { until } from '../support/until.ts';

/** What a person reads and does on Doors. */

/** A dim headline says what was last known, and claims nothing. */
export const headline = (page: Page): Promise<string> =>
  page
    .locator('h1:visible')
    .first()
    .evaluate((title: HTMLElement) => (title.matches('.dim') ? 'last known: ' : '') + title.innerText, null, {
      timeout: 5000,
    })
    .catch(() => '');

export async function shows(page: Page, pattern: RegExp, timeoutMs = 15_000): Promise<void> {
  try {
    await until(async () => pattern.test(await headline(page)), timeoutMs);
  } catch {
    throw new Error(
      `the headline is "${await headline(page)}", not ${String(pattern)}: ${await page.locator('main:visible').innerText()}`,
    );
  }
}

/** Thumb down on the dial, the hold's 900 ms, thumb up. */
export async function hold(page: Page, ms = 1100): Promise<void> {
  const box = await page.locator('.dial-btn').boundingBox();
  if (box === null) throw new Error('there is no dial');
  await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
  await page.mouse.down();
  await page.waitForTimeout(ms);
  await page.mouse.up();
}

/** From a pairing link to the doors, where the home asks no question. */
export async function pairWith(page: Page, link: string): Promise<void> {
  await page.goto(link);
  await page.getByRole('button', { name: /^Ask / }).click();
  await page.waitForURL((url) => url.pathname === '/', { timeout: 20_000 });
  await shows(page, /^Closed$/);
}

/** Nothing may break the page's own rules, on any page, ever. */
export function collectReports(page: Page): string[] {
  const reports: string[] = [];
  page.on('console', (message) => {
    if (/Content Security Policy|TrustedScript|TrustedHTML/i.test(message.text()))
      reports.push(message.text());
  });
  page.on('pageerror', (error) => reports.push(String(error)));
  return reports;
}
