import type { Page } from 'playwright';

/**
 * Takes the network from a page and from what it goes to, until the answer is called. Chromium tells the page that is
 * there, but not the next one where that gets a process of its own: each is told anew, as a phone would.
 */
export async function takeOffline(page: Page): Promise<() => Promise<void>> {
  const context = page.context();
  const session = await context.newCDPSession(page);
  const tell = (offline: boolean) =>
    session.send('Network.emulateNetworkConditions', {
      offline,
      latency: 0,
      downloadThroughput: -1,
      uploadThroughput: -1,
    });
  // a page that is gone already needs to hear nothing
  const again = () => void tell(true).catch(() => undefined);
  await context.setOffline(true);
  page.on('framenavigated', again);
  return async () => {
    page.off('framenavigated', again);
    await tell(false);
    await session.detach();
    await context.setOffline(false);
  };
}
