import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import type { AxeResults } from 'axe-core';
import type { Browser, BrowserContextOptions, Page } from 'playwright';
import { galleryOrigin, serveGallery } from './bundle.ts';

const axeSource = readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
let served: ReturnType<typeof serveGallery> | undefined;

/** An empty gallery in a context of its own, and what the browser complained about: each line is a failure. */
export async function openGallery(
  browser: Browser,
  options: BrowserContextOptions,
): Promise<{ readonly page: Page; readonly complaints: string[] }> {
  served ??= serveGallery();
  const context = await browser.newContext(options);
  await (
    await served
  )(context);
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(error.message));
  await page.goto(galleryOrigin);
  await readAxe(page);
  return { page, complaints };
}

/** Gives a page axe; the protocol's own evaluation is not subject to the page's policy. */
export async function readAxe(page: Page): Promise<void> {
  await page.evaluate(await axeSource);
}

/** Draws a picture and waits until its fonts are there and React has settled. */
export async function show(page: Page, name: string): Promise<void> {
  await page.evaluate(async (picture) => {
    window.show(picture);
    await document.fonts.ready;
    await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
    // Passive effects run after the paint.
    await new Promise((resolve) => setTimeout(resolve, 30));
  }, name);
}

/** axe's findings as short lines; none is what we want. */
export async function axe(page: Page): Promise<string[]> {
  const results = await page.evaluate(async () => {
    const { axe: run } = window as unknown as { axe: { run: (options: object) => Promise<AxeResults> } };
    return run.run({
      runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'],
      resultTypes: ['violations'],
    });
  });
  return results.violations.flatMap((violation) =>
    violation.nodes.map((node) => `${violation.id}: ${node.html.slice(0, 160)} ${node.failureSummary ?? ''}`),
  );
}

/** Controls that a thumb could miss: under 44 px in a direction. */
export async function smallTargets(page: Page): Promise<string[]> {
  return page.evaluate(() =>
    [...document.querySelectorAll<HTMLElement>('button, a[href], input, textarea, summary')]
      .filter((element) => element.checkVisibility({ visibilityProperty: true, opacityProperty: false }))
      .flatMap((element) => {
        // A radio button fills its label; a switch has a larger target than what is drawn.
        const target = element.closest('label') ?? element;
        const { width, height } = target.getBoundingClientRect();
        const drawn = getComputedStyle(element, '::before');
        const grown = element.matches('.tog') ? 2 * Math.abs(Number.parseFloat(drawn.top)) : 0;
        const small = width < 44 || height + grown < 43.5;
        // A link within a sentence is as high as its line.
        const inline = getComputedStyle(element).display === 'inline';
        return small && width > 1 && !inline && !element.matches('.quiet-link')
          ? [`${Math.round(width)}x${Math.round(height)} ${element.outerHTML.slice(0, 90)}`]
          : [];
      }),
  );
}

/** What is wider than its screen. The row of filters may be: it shows a cut edge. */
export async function sideways(page: Page): Promise<string[]> {
  return page.evaluate(() =>
    [...document.querySelectorAll<HTMLElement>('html, body, .app, .screen, .drawer, .stage, .rail, .side')]
      .filter((element) => element.scrollWidth > element.clientWidth + 1 && element.clientWidth > 0)
      .map(
        (element) =>
          `${element.className || element.tagName}: ${element.scrollWidth} > ${element.clientWidth}`,
      ),
  );
}

/** Words that are cut off inside their own box. */
export async function cutWords(page: Page): Promise<string[]> {
  return page.evaluate(() =>
    [...document.querySelectorAll<HTMLElement>('h1, h2, p, button, dd, dt, .t, .s, .clock, code, .hint')]
      .filter((element) => element.checkVisibility() && element.clientWidth > 1)
      .filter((element) => element.scrollWidth > element.clientWidth + 2)
      .filter((element) => !element.matches('.vh, .dial-btn') && element.closest('.vh') === null)
      .map((element) => `${element.className || element.tagName}: ${element.textContent.slice(0, 60)}`),
  );
}
