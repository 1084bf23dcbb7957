import type { Browser, BrowserContext } from 'playwright';
import { launchAt } from '../e2e/lab-browser.ts';
import { startHousehold } from '../lab/household.ts';
import { createLab, type Lab } from '../lab/net.ts';

/** A first visit to `/`: nothing cached, TLS to the real relay, the page until it is idle. */
export interface FirstVisits {
  /** KB of the answers to what the page itself asked for, headers included, as the browser counts them. */
  page(encoding?: 'gzip' | 'identity'): Promise<number>;
  /** KB that the phone's interface received until the page was idle and, with `worker`, all was kept for offline. */
  wire(worker: boolean): Promise<number>;
  done(): Promise<void>;
}

export async function firstVisits(): Promise<FirstVisits> {
  const lab = await createLab({ firewall: 'none' });
  try {
    const house = await startHousehold(lab);
    const browser = await launchAt(lab, lab.phone, house.authority);
    return {
      page: (encoding) => pageBytes(browser, house.relayUrl4, encoding),
      wire: (worker) => wireBytes(lab, browser, house.relayUrl4, worker),
      async done() {
        await browser.close();
        await lab.destroy();
      },
    };
  } catch (error) {
    await lab.destroy();
    throw error;
  }
}

async function inNewPhone<T>(
  browser: Browser,
  serviceWorkers: 'allow' | 'block',
  visit: (context: BrowserContext) => Promise<T>,
): Promise<T> {
  const context = await browser.newContext({ viewport: { width: 390, height: 844 }, serviceWorkers });
  try {
    return await visit(context);
  } finally {
    await context.close();
  }
}

function pageBytes(browser: Browser, url: string, encoding?: 'gzip' | 'identity'): Promise<number> {
  return inNewPhone(browser, 'block', async (context) => {
    if (encoding !== undefined) await context.setExtraHTTPHeaders({ 'accept-encoding': encoding });
    const page = await context.newPage();
    const devtools = await context.newCDPSession(page);
    let bytes = 0;
    devtools.on('Network.loadingFinished', ({ encodedDataLength }) => (bytes += encodedDataLength));
    await devtools.send('Network.enable');
    await page.goto(url, { waitUntil: 'networkidle' });
    return bytes / 1000;
  });
}

function wireBytes(lab: Lab, browser: Browser, url: string, worker: boolean): Promise<number> {
  const received = async (): Promise<number> =>
    Number((await lab.phone.run('cat', ['/sys/class/net/eth0/statistics/rx_bytes'])).stdout);
  return inNewPhone(browser, worker ? 'allow' : 'block', async (context) => {
    const before = await received();
    const page = await context.newPage();
    await page.goto(url, { waitUntil: 'networkidle' });
    // ready: everything that it keeps is there
    if (worker) await page.evaluate(() => navigator.serviceWorker.ready.then(() => undefined));
    return ((await received()) - before) / 1000;
  });
}
