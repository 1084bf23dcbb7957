import { openSync, readdirSync, readFileSync, readSync, closeSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { until } from '../support/until.ts';
import { startFail2ban, type Fail2ban } from './fail2ban.ts';
import { startHousehold, type Household, type TerminalDevice } from './household.ts';
import { createLab, type Lab } from './net.ts';
import type { Space } from './space.ts';
import { sshGuess, sshLogin, startSshd, type Sshd } from './sshd.ts';

// The whole way of a ban: real sshd, real fail2ban reading its log, helper, home agent, relay, terminal.

let lab: Lab;
let sshd: Sshd;
let fail2ban: Fail2ban;
let house: Household;
let device: TerminalDevice;
const planted = { jail: 'planted-jail', address: '198.18.77.7' };

beforeAll(async () => {
  lab = await createLab({ firewall: 'none' });
  // 2200 has no door before it: there strangers come in.
  sshd = await startSshd(lab, {
    config: [
      'Port 2200',
      'MaxStartups 100',
      'Match all',
      'PasswordAuthentication yes',
      'PermitRootLogin yes',
    ],
  });
  const jail = (name: string): string =>
    `[${name}]\nenabled = true\nfilter = sshd\nport = 22,2200\nmaxretry = 5\nlogpath = `;
  const other = join(lab.directory, 'other.log');
  await writeFile(other, '');
  fail2ban = await startFail2ban(lab, {
    jails: `${jail('sshd')}${sshd.log}\n${jail(planted.jail)}${other}\n`,
  });
  house = await startHousehold(lab, {
    sshLog: sshd.log,
    doors: { cellar: `driver = "nftables"\nport = 22\nmode = "gate"\nhost = "${lab.home.address4}"\n` },
    bans: { fail2ban: fail2ban.source },
  });
  device = await house.device(lab.phone);
  await device.pair(4);
});
afterAll(async () => {
  await house?.helper?.client.stop();
  await fail2ban?.stop();
  await lab?.destroy();
});

interface Bans {
  readonly total: number;
  readonly bans: readonly { readonly jail: string; readonly value: string }[];
  readonly own: readonly { readonly address: string; readonly hits: readonly { readonly jail: string }[] }[];
}
const bans = (): Promise<Bans> => device.json<Bans>(['bans']);

/** The guesser's connection may be cut by the ban itself: again until it is banned. */
async function untilBanned(from: Space, port: number, isBanned: (said: Bans) => boolean): Promise<void> {
  for (let tries = 0; tries < 6; tries++) {
    await sshGuess(from, lab.home.address4, 3, { user: 'admin', port });
    if (isBanned(await bans())) return;
  }
  await until(async () => isBanned(await bans()));
}

test('the stranger is banned by its own attack, and the device sees it', async () => {
  await untilBanned(lab.stranger, 2200, ({ bans: list }) =>
    list.some(({ value }) => value === lab.stranger.address4),
  );
  expect((await sshLogin(lab.stranger, { ...sshd, port: 2200 }, lab.home.address4)).code).not.toBe(0);
});

test('the phone is banned while its door is open; it lifts that itself, opens and logs in', async () => {
  const own = lab.phone.address4;
  await device.json(['open', 'cellar', '--for', '5m']);
  expect((await sshLogin(lab.phone, sshd, lab.home.address4)).code).toBe(0);
  await untilBanned(lab.phone, 22, (said) =>
    said.own.some(({ address, hits }) => address === own && hits.length > 0),
  );
  expect((await sshLogin(lab.phone, sshd, lab.home.address4)).code).not.toBe(0);
  // A stranger's ban is not this device's to lift.
  const refused = await device.run(['unban', lab.stranger.address4], { anyStatus: true });
  expect([refused.code, refused.stderr]).toEqual([1, expect.stringContaining('refused-permission')]);
  expect((await bans()).bans.some(({ value }) => value === lab.stranger.address4)).toBe(true);
  const lifted = await device.json<{ lifted: unknown[]; left: unknown[] }>(['unban', own]);
  expect(lifted).toMatchObject({ lifted: [{ jail: 'sshd', value: own }], left: [] });
  await device.json(['open', 'cellar', '--for', '5m']);
  expect((await sshLogin(lab.phone, sshd, lab.home.address4)).code).toBe(0);
  const events = await device.json<{ kind: string; jail?: string; address?: string }[]>([
    'activity',
    '--limit',
    '20',
  ]);
  expect(events.filter(({ kind }) => kind === 'banned' || kind === 'unbanned')).toMatchObject([
    { kind: 'unbanned', jail: 'sshd', address: own },
    { kind: 'banned', jail: 'sshd', address: own },
  ]);
});

test('the relay’s memory holds no jail, and no banned address that never came to it', async () => {
  await fail2ban.ban(planted.jail, planted.address);
  await until(async () => (await bans()).bans.some(({ value }) => value === planted.address));
  await device.json(['activity']);
  const pid = readdirSync('/proc').find((name) => {
    if (!/^\d+$/.test(name)) return false;
    try {
      const words = readFileSync(`/proc/${name}/cmdline`, 'utf8').split('\0');
      return (
        words[0]?.includes('node') === true &&
        words.includes('relay') &&
        words.some((word) => word.startsWith(lab.directory))
      );
    } catch {
      return false;
    }
  });
  if (pid === undefined) throw new Error('no relay');
  // The scan sees what is there: who came to it.
  expect(memoryHolds(pid, [lab.phone.address4])).toEqual([lab.phone.address4]);
  expect(memoryHolds(pid, [planted.jail, planted.address])).toEqual([]);
});

/** Which of the words lie in what the process can write: as bytes, and as two bytes a letter. */
function memoryHolds(pid: string, words: readonly string[]): string[] {
  const found = new Set<string>();
  const memory = openSync(`/proc/${pid}/mem`, 'r');
  try {
    for (const line of readFileSync(`/proc/${pid}/maps`, 'utf8').split('\n')) {
      const [, from = '', to = ''] = /^([0-9a-f]+)-([0-9a-f]+) rw/.exec(line) ?? [];
      if (from === '') continue;
      const end = parseInt(to, 16);
      for (let at = parseInt(from, 16); at < end; at += 4 << 20) {
        const bytes = Buffer.alloc(Math.min((4 << 20) + 256, end - at));
        try {
          const read = readSync(memory, bytes, 0, bytes.length, at);
          const part = bytes.subarray(0, read);
          for (const word of words)
            if (part.includes(word, 0, 'latin1') || part.includes(word, 0, 'utf16le')) found.add(word);
        } catch {
          // a hole
        }
      }
    }
  } finally {
    closeSync(memory);
  }
  return [...found];
}
