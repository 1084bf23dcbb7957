import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startFail2ban, type Fail2ban } from '../lab/fail2ban.ts';
import { startHousehold, type Household } from '../lab/household.ts';
import { createLab, type Lab } from '../lab/net.ts';
import { sshGuess, sshLogin, startSshd, type Sshd } from '../lab/sshd.ts';
import { until } from '../support/until.ts';
import { axe, readAxe } from './gallery/gallery.ts';
import { collectReports, headline, hold, pairWith, shows } from './doors-page.ts';
import { launchAt } from './lab-browser.ts';
import { framesLine, scrollThrough } from './scroll.ts';

/** Bans from a person's thumb: the real fail2ban over the real sshd's log, and a hosts.deny of 100,000 lines. */

const listed = 100_000;

let lab: Lab;
let sshd: Sshd;
let fail2ban: Fail2ban;
let house: Household;
let browser: Browser;
let page: Page;
let reports: string[];
let deny: string;

beforeAll(async () => {
  lab = await createLab({ firewall: 'none' });
  sshd = await startSshd(lab, { config: ['Match all', 'PasswordAuthentication yes', 'PermitRootLogin yes'] });
  fail2ban = await startFail2ban(lab, {
    jails: `[sshd]\nenabled = true\nport = 22\nlogpath = ${sshd.log}\nmaxretry = 5\n`,
  });
  deny = join(lab.directory, 'hosts.deny');
  // From the beginning: a long list beside fail2ban keeps nobody waiting.
  const lines = Array.from(
    { length: listed },
    (_, i) => `sshd: 10.${i >> 16}.${(i >> 8) & 255}.${i & 255}\n`,
  );
  await writeFile(deny, lines.join(''));
  house = await startHousehold(lab, {
    sshLog: sshd.log,
    doors: { cellar: `driver = "nftables"\nport = 22\nmode = "gate"\nhost = "${lab.home.address4}"\n` },
    bans: { fail2ban: fail2ban.source, list: `source = "hostsdeny"\nfile = "${deny}"\n` },
  });
  browser = await launchAt(lab, lab.phone, house.authority);
  const context = await browser.newContext({
    viewport: { width: 390, height: 844 },
    hasTouch: true,
    isMobile: true,
  });
  page = await context.newPage();
  reports = collectReports(page);
  await pairWith(page, await house.link(4));
});
afterAll(async () => {
  await browser?.close();
  await house?.helper?.client.stop();
  await fail2ban?.stop();
  await lab?.destroy();
});

const rows = () => page.locator('.ban-rows [data-row] button');
const words = () => page.locator('main:visible').innerText();

test('banned by five wrong logins while its door is open; one tap unbans and opens, and ssh logs in', async () => {
  await hold(page);
  await shows(page, /^Open/);
  await sshGuess(lab.phone, lab.home.address4, 5);
  await fail2ban.logged(new RegExp(`Ban ${lab.phone.address4}`));
  const began = performance.now();
  await shows(page, /^You’re banned/);
  console.log(`from fail2ban's log line to the screen: ${Math.round(performance.now() - began)} ms`);
  expect((await sshLogin(lab.phone, sshd, lab.home.address4)).code).not.toBe(0);
  const said = await words();
  for (const word of [lab.phone.address4, 'sshd', '5 failed logins', 'root']) expect(said).toContain(word);
  expect(await page.locator('[role=alert]').allInnerTexts()).toContain(
    `You are banned from here, ${lab.phone.address4}.`,
  );
  await readAxe(page);
  expect(await axe(page)).toEqual([]);

  await page.getByRole('button', { name: /^Unban and open for 5 min$/ }).click();
  await shows(page, /^Open/);
  expect(await fail2ban.client('get', 'sshd', 'banip')).not.toContain(lab.phone.address4);
  expect((await sshLogin(lab.phone, sshd, lab.home.address4)).stdout).toContain('in');
  await shows(page, /^(Open|Connected)/);
});

test('banned again within 10 minutes says so, by the keyboard alone it is lifted', async () => {
  await sshGuess(lab.phone, lab.home.address4, 5);
  await shows(page, /^Banned again/);
  expect(await words()).toMatch(/Failed password for root/);
  await page.getByRole('button', { name: /^Unban and open/ }).focus();
  await page.keyboard.press('Enter');
  await shows(page, /^(Open|Connected)/);
  await page.getByRole('button', { name: /^Close now/ }).click();
  await shows(page, /^(Closed|Connected)/);
});

test('100,000 bans: what is looked at is there, whatever is scrolled past; found and shown', async () => {
  await page.getByRole('link', { name: 'Bans' }).filter({ visible: true }).click();
  await shows(page, /^100,000 banned/, 60_000);
  await until(async () => (await rows().count()) > 5);
  const pane = page.locator('main.screen');
  const frames = await pane.evaluate(scrollThrough);
  console.log(`scrolling through them: ${framesLine(frames)}`);
  await pane.evaluate((element) => (element.scrollTop = element.scrollHeight / 2));
  await until(async () => /^10\./.test(await rows().nth(10).innerText({ timeout: 1000 })));
  expect(await page.locator('[data-row]').count()).toBeLessThan(60);
  expect(await page.locator('[data-row]').first().getAttribute('aria-setsize')).toBe(String(listed));

  // the keyboard goes on where the focus is, past what was drawn
  await rows().nth(10).focus();
  const before = await page.evaluate(() => Number(document.activeElement?.parentElement?.dataset['row']));
  for (let i = 0; i < 40; i += 1) await page.keyboard.press('ArrowDown');
  await until(
    async () =>
      (await page.evaluate(() => Number(document.activeElement?.parentElement?.dataset['row']))) ===
      before + 40,
  );

  await pane.evaluate((element) => (element.scrollTop = 0));
  await page.getByRole('searchbox').fill('10.1.5.77');
  await until(async () => (await rows().first().innerText({ timeout: 1000 })).startsWith('10.1.5.77\n'));
  await readAxe(page);
  expect(await axe(page)).toEqual([]);
  await rows().first().click();
  expect(await page.getByRole('dialog').innerText()).toContain('10.1.5.77');
  // this device has no permission for the bans of others, and is told so
  expect(await page.getByRole('dialog').innerText()).toMatch(/may not lift bans of others/);
  await page.keyboard.press('Escape');
  expect(await headline(page)).toBe('100,000 banned');
  expect(reports).toEqual([]);
});
