import { mkdirSync } from 'node:fs';
import type { Server } from 'node:net';
import { join } from 'node:path';
import { Command } from 'commander';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { listenControl } from '../../server/agent/control.ts';
import { register as registerAllow } from '../../server/cli/allow.ts';
import { register as registerDevice } from '../../server/cli/device.ts';
import { register as registerDevices } from '../../server/cli/devices.ts';
import { startHouse, type House } from '../support/house.ts';
import { ban, TestBans } from '../support/test-bans.ts';
import { until } from '../support/until.ts';

// What a device may do, given and taken at home, and the commands of bans in the terminal.

const host = new TestBans();
let house: House;
let control: Server;

beforeEach(async () => {
  house = await startHouse({ file: { allow: ['unban'] }, options: { bans: host } });
  vi.stubEnv('LATCHKEY_DIR', house.directory);
  vi.stubEnv('LATCHKEY_DEVICE_DIR', join(house.directory, 'device'));
  const folder = join(house.directory, 'agent');
  mkdirSync(folder);
  control = await listenControl(join(folder, 'control.sock'), house.agent, () => Promise.resolve());
});
afterEach(async () => {
  vi.unstubAllEnvs();
  process.exitCode = undefined;
  await new Promise((resolve) => control.close(resolve));
  await house.stop();
});

async function run(...words: string[]): Promise<string> {
  const written: string[] = [];
  const take = (text: unknown): boolean => written.push(String(text)) > 0;
  const spies = [
    vi.spyOn(process.stdout, 'write').mockImplementation(take),
    vi.spyOn(process.stderr, 'write').mockImplementation(() => true),
  ];
  try {
    const program = new Command('latchkey').exitOverride();
    for (const register of [registerAllow, registerDevice, registerDevices]) register(program);
    await program.parseAsync(['node', 'latchkey', ...words]);
    return written.join('');
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
}

test('given by the file at pairing, shown, taken, and gone at the next request', async () => {
  await until(() => house.log.some((line) => line.includes('reached')));
  const [link = ''] = (await house.agent.pairing.make(false, 5)).links;
  await run('device', 'pair', link, '--yes', '--name', 'terminal');
  expect(JSON.parse(await run('devices', '--json'))).toMatchObject([
    { name: 'terminal', allowed: ['unban'] },
  ]);
  expect(await run('devices')).toContain('may unban');
  expect(await run('device', 'devices')).toContain('may unban');

  host.put(
    ban({ value: '198.18.0.1' }),
    ban({ value: '198.18.1.1' }),
    ban({ value: '198.18.2.1', jail: 'recidive' }),
  );
  await until(() => house.agent.bans.list.size === 3);
  const listed = JSON.parse(
    await run('device', 'bans', '--jail', 'sshd', '--limit', '1', '--json'),
  ) as object;
  expect(listed).toMatchObject({ total: 2, bans: [{ value: '198.18.1.1' }], own: [{ hits: [] }] });
  expect(await run('device', 'bans', '--search', '198.18.2')).toMatch(
    /^198\.18\.2\.1 .*recidive.*\n1 banned/,
  );
  expect(JSON.parse(await run('device', 'unban', '198.18.0.1', '--json'))).toMatchObject({
    lifted: [{ value: '198.18.0.1' }],
    left: [],
  });
  expect(await run('device', 'activity', '--limit', '1')).toContain('unbanned');

  expect(await run('deny', 'terminal', 'unban')).toBe(
    '"terminal" may not lift bans of other addresses than its own.\n',
  );
  host.verbs.length = 0;
  await expect(run('device', 'unban', '198.18.1.1')).rejects.toMatchObject({ code: 'refused-permission' });
  expect(host.verbs).toEqual([]);
  expect(host.list.size).toBe(2);
  expect(JSON.parse(await run('allow', 'terminal', 'restore', '--json'))).toMatchObject({
    allowed: ['restore'],
  });
  await expect(run('allow', 'terminal', 'everything')).rejects.toMatchObject({ code: 'config-usage' });
  await expect(run('allow', 'nobody', 'unban')).rejects.toMatchObject({ code: 'config-missing' });
  await run('allow', 'terminal', 'unban');
  // Still banned afterwards: said, with a status for scripts.
  host.afterUnban = () => host.put(ban({ value: '198.18.1.1', since: Date.now() + 5000 }));
  expect(JSON.parse(await run('device', 'unban', '198.18.1.1', '--json'))).toMatchObject({
    code: 'tool-still-banned',
  });
  expect(process.exitCode).toBe(1);
  const events = (await house.agent.audit.read(Number.MAX_SAFE_INTEGER, 50)).filter(
    ({ kind }) => kind === 'allowed',
  );
  expect(events).toHaveLength(3);

  host.seen = {
    reads: true,
    hours: [{ hour: Math.floor(Date.now() / 3_600_000) * 3_600_000, kind: 'failed', count: 7, addresses: 2 }],
    recent: [{ at: Date.now(), kind: 'zombie', address: '198.18.0.1', text: 'Bye\u001b[2J Bye' }],
  };
  const seen = await run('device', 'attacks');
  expect(seen).toContain('7  logins refused, from 2 addresses');
  expect(seen).toContain('Bye·[2J Bye');
  expect(JSON.parse(await run('device', 'attacks', '--json'))).toMatchObject({
    reads: true,
    hours: [{ count: 7 }],
  });

  // Rights that are taken, and the device with them, stay taken over a restart.
  const [row] = house.agent.devices.all();
  await house.restartAgent();
  expect(house.agent.devices.get(row?.id ?? '')?.allowed).toBe('unban restore');
});
