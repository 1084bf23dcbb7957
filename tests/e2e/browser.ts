import { chromium, type Browser, type LaunchOptions } from 'playwright';

/** Debian's Chromium without anything that would talk to the network by itself. */
export const quiet = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

export function launch(options: LaunchOptions & { readonly largeText?: boolean } = {}): Promise<Browser> {
  const { largeText = false, args = [], ...rest } = options;
  return chromium.launch({
    executablePath: process.env['CHROMIUM'] ?? '/usr/bin/chromium',
    ...rest,
    // The browser's own text size at 200 %, as a person sets it.
    args: [...quiet, ...args, ...(largeText ? ['--blink-settings=defaultFontSize=32'] : [])],
  });
}
