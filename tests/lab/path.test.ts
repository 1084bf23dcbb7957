import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startHousehold, type Household } from './household.ts';
import { createLab, type Lab } from './net.ts';
import { inOrder, linksOf, testPath, type DoorRow, type OpenRow } from './path-lab.ts';
import { reaches, sshLogin, startSshd, type Sshd } from './sshd.ts';

testPath('gate');

describe('kill -9 of relay, home agent and helper, all at once', () => {
  let lab: Lab;
  let house: Household;
  beforeAll(async () => {
    lab = await createLab({ firewall: 'none' });
    await startSshd(lab);
    house = await startHousehold(lab, {
      doors: { cellar: `driver = "nftables"\nport = 22\nmode = "gate"\nhost = "${lab.home.address4}"\n` },
    });
  });
  afterAll(async () => {
    await house?.helper?.client.stop();
    await lab?.destroy();
  });
  const kill = (): Promise<unknown> =>
    Promise.all([house.killRelay(), house.killAgent(), house.helper?.kill('SIGKILL')]);
  const start = async (): Promise<void> => {
    await house.helper?.start();
    await house.startRelay();
    await house.startAgent();
  };

  test('an nftables door stays open to its time, the kernel closes it, and what comes back says each rightly', async () => {
    const device = await house.device(lab.phone);
    await device.pair(4);
    const passes = (): Promise<boolean> => reaches(lab.phone, lab.home.address4, 22);
    const row = async (): Promise<DoorRow | undefined> =>
      (await device.json<DoorRow[]>(['doors'])).find((door) => door.name === 'cellar');
    const { remainingMs = 0 } = await device.json<OpenRow>(['open', 'cellar', '--for', '20s']);
    const end = performance.now() + remainingMs;
    await kill();
    expect(await passes()).toBe(true);
    await start();
    const shown = await row();
    expect(shown?.state).toBe('open');
    // its own clock went on: what is left now, not what was asked
    expect(Math.abs((shown?.remainingMs ?? 0) - (end - performance.now()))).toBeLessThan(2500);
    await kill();
    await sleep(Math.max(0, end - performance.now() + 600));
    expect(await passes()).toBe(false);
    await start();
    expect(await row()).toMatchObject({ state: 'closed' });
  });
});

describe('proxy, without root', () => {
  let lab: Lab;
  let sshd: Sshd;
  let house: Household;
  beforeAll(async () => {
    lab = await createLab({ firewall: 'none' });
    sshd = await startSshd(lab);
    house = await startHousehold(lab, {
      as: ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'],
      agent: `[[door]]\nname = "ssh"\ndriver = "proxy"\nlisten = 2222\ntarget = "127.0.0.1:22"\n`,
    });
  });
  afterAll(() => lab?.destroy());

  test.each([4, 6] as const)('IPv%s: opens, logs in, keeps the stranger out, closes', async (family) => {
    const device = await house.device(lab.phone, `phone${family}`);
    await device.pair(family);
    const address = family === 4 ? lab.home.address4 : lab.home.address6;
    const through = { ...sshd, port: 2222 };
    expect(await reaches(lab.phone, address, 2222)).toBe(false);
    const began = Date.now();
    const opened = await device.json<OpenRow>(['open', 'ssh', '--for', '30s']);
    expect(opened.state).toBe('open');
    expect(linksOf(opened).slice(2, 5)).toEqual(['rule done', 'service done', 'packet waiting']);
    expect((await sshLogin(lab.phone, through, address)).code).toBe(0);
    expect((await sshLogin(lab.stranger, through, address)).code).not.toBe(0);
    const [row] = await device.json<DoorRow[]>(['doors']);
    // without a helper nobody reads sshd's log: the accepted connection is the last that can be seen
    expect(linksOf(row)).toEqual(['rule done', 'service done', 'packet done', 'session unknown untold']);
    inOrder(row?.proof?.slice(0, -1) ?? [], began);
    const closed = await device.json<DoorRow>(['close', 'ssh']);
    expect(closed.state).toBe('closed');
    expect(await reaches(lab.phone, address, 2222)).toBe(false);
  });

  test('kill -9 of the home agent closes it at once, and the restarted one says so', async () => {
    const device = await house.device(lab.phone, 'phone');
    await device.pair(4);
    await device.json<OpenRow>(['open', 'ssh', '--for', '60s']);
    expect(await reaches(lab.phone, lab.home.address4, 2222)).toBe(true);
    await house.killAgent();
    expect(await reaches(lab.phone, lab.home.address4, 2222)).toBe(false);
    await house.startAgent();
    const doors = await device.json<DoorRow[]>(['doors']);
    expect(doors[0]).toMatchObject({ name: 'ssh', state: 'closed' });
    await sshd.stop();
    const opened = await device.json<OpenRow>(['open', 'ssh', '--wait', '1s']);
    expect(linksOf(opened).slice(-3)).toEqual([
      'service missing silent',
      'packet missing no-packet',
      'session unknown untold',
    ]);
  });
});
