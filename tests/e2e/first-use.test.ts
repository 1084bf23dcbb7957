import { chmod, mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { cli } from '../support/built.ts';
import { createLab, type Lab } from '../lab/net.ts';
import type { Space } from '../lab/space.ts';
import { until } from '../support/until.ts';
import { collectReports, hold, shows } from './doors-page.ts';
import { launchAt } from './lab-browser.ts';

/**
 * First use as a stranger does it: what `npm start` runs, the link that it prints, and nothing else. The first door
 * is a proxy door to a line of text, so that an answer is the proof.
 */

interface Way {
  readonly name: string;
  /** The link, in the words of the terminal. */
  readonly printed: RegExp;
  readonly device: (lab: Lab) => Space;
  /** Home in the command that the page shows, and where the door answers. */
  readonly home: (lab: Lab) => string;
}

const ways: Way[] = [
  {
    name: 'the link for the phone',
    printed: /On the phone[^]*?:\s+(https:\/\/[\d.]+:7443\/pair#\S+)/,
    device: (lab) => lab.phone,
    home: (lab) => lab.home.address4,
  },
  {
    name: 'the link for this machine',
    printed: /On this machine[^]*?:\s+(http:\/\/localhost:7444\/pair#\S+)/,
    device: (lab) => lab.home,
    // Chromium's localhost; another program's may be 127.0.0.1, which this opening does not let in
    home: () => '::1',
  },
];

const most = 8;

describe.each(ways)('$name', (way) => {
  let lab: Lab;
  let state: string;
  let printed = '';

  beforeAll(async () => {
    lab = await createLab({ firewall: 'none' });
    // relay and home agent give root up, and pass through these
    await chmod(lab.directory, 0o711);
    const folder = await mkdtemp(join(lab.directory, 'first-'));
    await chmod(folder, 0o711);
    state = join(folder, 'state');
    const up = lab.home.spawn(process.execPath, [cli, 'up', '--host', lab.home.address4], {
      env: { LATCHKEY_DIR: state, PORT: '7443' },
    });
    for (const stream of [up.stdout, up.stderr])
      stream.on('data', (text: Buffer) => (printed += text.toString()));
    await until(() => {
      if (up.exitCode !== null) throw new Error(printed);
      return way.printed.test(printed);
    }, 20_000);
  });
  afterAll(() => lab?.destroy());

  test(`to an open door that answers, in at most ${most} taps and without typing`, async () => {
    // Trusting the home's authority is the phone's own business, in its settings; it comes before the count.
    const browser = await launchAt(lab, way.device(lab), join(state, 'relay/ca.crt'));
    const context = await browser.newContext({
      viewport: { width: 390, height: 844 },
      hasTouch: true,
      isMobile: true,
    });
    // counted where they arrive, whatever made them
    const taps: string[] = [];
    let typed = 0;
    await context.exposeBinding('tapped', (_source, what: string) => void taps.push(what));
    await context.exposeBinding('typed', () => void typed++);
    await context.addInitScript(() => {
      const page = window as unknown as { tapped(what: string): void; typed(): void };
      window.addEventListener(
        'pointerdown',
        ({ target }) => {
          const on = target instanceof Element ? target.closest('a, button') : null;
          page.tapped(on?.getAttribute('aria-label') ?? on?.textContent ?? 'nothing');
        },
        true,
      );
      for (const kind of ['keydown', 'input']) window.addEventListener(kind, () => page.typed(), true);
    });
    const page = await context.newPage();
    const reports = collectReports(page);
    const script = `exec 3<>/dev/tcp/${way.home(lab)}/2222 && timeout 5 cat <&3`;
    const answer = async (): Promise<string> =>
      (await way.device(lab).run('bash', ['-c', script], { anyStatus: true })).stdout;

    expect(await answer()).toBe('');
    await page.goto(way.printed.exec(printed)?.[1] ?? '');
    await page.getByRole('button', { name: /^Ask / }).tap();
    await shows(page, /^Closed$/);
    await hold(page);
    await shows(page, /^Open$/);
    const command = await page.locator('.cmd code').first().innerText();
    expect(command.replaceAll('\u00a0', ' ')).toBe(`nc ${way.home(lab)} 2222`);
    expect(await answer()).toContain('this door is open for you');

    await until(() => taps.length >= 2);
    console.log(`first use, ${way.name}: ${taps.length} taps (${taps.join(' | ')})`);
    expect(taps.length).toBeLessThanOrEqual(most);
    expect(typed).toBe(0);
    expect(page.url()).not.toContain('#');
    expect(reports).toEqual([]);
    await browser.close();
  });
});
