import type { Browser, BrowserContext, Page } from 'playwright';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { setName } from '../../server/doors/nft-elements.ts';
import { startHousehold, type Household } from '../lab/household.ts';
import { createLab, type Lab } from '../lab/net.ts';
import { until } from '../support/until.ts';
import { hold, pairWith, shows } from './doors-page.ts';
import { launchAt } from './lab-browser.ts';

/** A page that was away while its door closed at home: what it shows from the first frame on, and in the end. */

interface Frame {
  readonly headline: string;
  /** Drawn as last known, beside words that say home is being asked. */
  readonly dim: boolean;
  readonly lede: string;
}

let lab: Lab;
let house: Household;
let browser: Browser;
let context: BrowserContext;

beforeAll(async () => {
  lab = await createLab({ firewall: 'none' });
  house = await startHousehold(lab, {
    doors: {
      cellar:
        'driver = "nftables"\nport = 22\nmode = "gate"\ndefault = "5s"\nlongest = "5s"\nper_minute = 100\n',
    },
  });
  browser = await launchAt(lab, lab.phone, house.authority);
});
afterEach(async () => {
  await context?.close();
});
afterAll(async () => {
  await browser?.close();
  await house?.helper?.client.stop();
  await lab?.destroy();
});

async function phone(): Promise<Page> {
  context = await browser.newContext({
    viewport: { width: 390, height: 844 },
    hasTouch: true,
    isMobile: true,
  });
  return context.newPage();
}

interface Watching {
  frames: Frame[];
}

/** Every frame's words, each change once. */
async function watchFrames(page: Page): Promise<void> {
  await page.evaluate(() => {
    const watching = window as unknown as Watching;
    watching.frames = [];
    const look = (): void => {
      const title = document.querySelector('h1');
      const frame = {
        headline: title?.textContent ?? '',
        dim: title?.classList.contains('dim') === true,
        lede: document.querySelector('.lede')?.textContent ?? '',
      };
      const last = watching.frames.at(-1);
      if (last?.headline !== frame.headline || last.dim !== frame.dim || last.lede !== frame.lede)
        watching.frames.push(frame);
      requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
  });
}

const framesOf = (page: Page): Promise<Frame[]> =>
  page.evaluate(() => (window as unknown as Watching).frames);

/** Never a word that home did not say since; last known is dim, beside *Asking*. In the end it is true by itself. */
async function endsInTruth(page: Page): Promise<void> {
  await shows(page, /^Closed$/, 40_000);
  await page.waitForTimeout(100);
  const frames = await framesOf(page);
  const told = JSON.stringify(frames, null, 1);
  for (const { headline, dim, lede } of frames) {
    expect(headline, told).toMatch(/^(Open|This phone is offline|No answer|Closed)$/);
    if (headline === 'Open') expect([dim, lede], told).toEqual([true, 'Asking attic.']);
  }
  expect(frames.at(-1)?.headline, told).toBe('Closed');
}

/** The rule is there, then it is not: the system says so, not the page. */
async function ruleAtHome(): Promise<boolean> {
  const set = setName('cellar', 4);
  const { stdout } = await lab.home.run('nft', ['list', 'set', 'inet', 'latchkey', set]);
  return stdout.includes(lab.phone.address4);
}

async function closedAtHome(): Promise<void> {
  expect(await ruleAtHome()).toBe(true);
  await until(async () => !(await ruleAtHome()), 10_000);
}

/** As a browser tells a page that it is no longer, or again, looked at. */
function visible(page: Page, state: 'hidden' | 'visible'): Promise<void> {
  return page.evaluate((value) => {
    Object.defineProperty(document, 'visibilityState', { value, configurable: true });
    Object.defineProperty(document, 'hidden', { value: value === 'hidden', configurable: true });
    document.dispatchEvent(new Event('visibilitychange'));
    // what counts is what is drawn from here on
    (window as unknown as Watching).frames = [];
  }, state);
}

// Nothing is tried twice: a false word is one, however seldom it shows.
describe('a door closes at home while the page is away', { retry: 0 }, () => {
  test('frozen in the background', async () => {
    const page = await phone();
    await pairWith(page, await house.link(4));
    await hold(page);
    await shows(page, /^Open$/);
    await watchFrames(page);
    const devtools = await context.newCDPSession(page);
    await visible(page, 'hidden');
    await devtools.send('Page.setWebLifecycleState', { state: 'frozen' });
    await closedAtHome();
    await devtools.send('Page.setWebLifecycleState', { state: 'active' });
    await visible(page, 'visible');
    await endsInTruth(page);
  });

  test('the machine asleep for an hour, and a while without network after it', async () => {
    const page = await phone();
    await page.clock.install();
    await pairWith(page, await house.link(4));
    await hold(page);
    await shows(page, /^Open$/);
    await watchFrames(page);
    // asleep: no timer, no frame, no network
    await page.clock.pauseAt(await page.evaluate(() => Date.now() + 50));
    await lab.phone.run('ip', ['link', 'set', 'eth0', 'down']);
    await closedAtHome();
    // What was on the screen stays until a timer runs; each runs once in here.
    await page.clock.fastForward('01:00:00');
    await page.evaluate(() => void ((window as unknown as Watching).frames = []));
    await page.clock.resume();
    await page.waitForTimeout(3000);
    expect((await framesOf(page)).length).toBeGreaterThan(0);
    await lab.phone.run('ip', ['link', 'set', 'eth0', 'up']);
    await lab.phone.run('ip', ['route', 'replace', 'default', 'via', '203.0.113.1']);
    await endsInTruth(page);
  });
});
