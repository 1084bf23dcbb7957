import Database from 'better-sqlite3';
import { createHash, randomBytes } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { hour, minute } from '../double/clock.ts';
import { startDouble, type Double } from '../double/double.ts';
import { startHouse, type House, type PairedDevice } from '../support/house.ts';
import { headlineSize } from '../../lib/restore.ts';
import { permit } from '../../server/agent/permitting.ts';
import { until } from '../support/until.ts';

// Getting archives back for devices: over the real relay, with the real home agent, against AWS's double.

const content = randomBytes(2 * 1024 * 1024 + 5);
let double: Double;
let house: House;
let phone: PairedDevice;

beforeEach(async () => {
  double = await startDouble();
  for (const [name, value] of Object.entries(double.environment())) vi.stubEnv(name, value);
  double.vault('us-west-2', 'photos').put('2019.tar', content);
  double.clock.advance(24 * hour);
  house = await startHouse({
    file: { archives: [{ name: 'glacier', type: 'glacier', keys: { regions: ['us-west-2'] } }] },
    options: { clock: { now: () => performance.now(), wall: () => double.clock.now() } },
  });
  phone = await house.device();
  await house.agent.archives.asking.askAtHome(undefined);
  double.clock.advance(4 * hour + minute);
  await house.agent.archives.watch?.tick();
});
afterEach(async () => {
  await house.stop();
  await double.close();
  vi.unstubAllEnvs();
});

/** Retrievals that AWS was asked for: the list was one question of its own. */
const asked = (): number => double.count('InitiateJob') - 1;
const folder = (): string => join(house.directory, 'restored');
const files = (): string[] =>
  existsSync(folder())
    ? readdirSync(folder(), { withFileTypes: true }).flatMap((one) => (one.isFile() ? [one.name] : []))
    : [];
const restoreNow = async () => (await phone.client.archives.restores({ from: 0, limit: 24 })).value;

async function planned() {
  const { archives } = phone.client;
  const [vault] = (await archives.totals()).value.vaults;
  const { plan } = (await archives.plan({ vault: vault?.vault ?? '' })).value;
  expect(plan).not.toHaveProperty('again');
  const choice = plan.choices.find(({ tier }) => tier === 'Bulk');
  const cost = (choice?.retrieval ?? 0) + plan.transfer + plan.copies + plan.requests;
  return { plan: plan.plan, tier: 'Bulk', typed: '2.1 MB', cost } as const;
}

async function over(): Promise<void> {
  for (let i = 0; i < 40 && (await restoreNow()).restore?.status !== 'done'; i++) {
    double.clock.advance(30 * minute);
    await (await house.agent.archives.restoring.restores())?.drain();
  }
}

test('without the permission, with a wrong size, for another plan: refused, written down, and nothing is asked', async () => {
  await expect(planned()).rejects.toMatchObject({ code: 'refused-permission' });
  await permit('phone', 'restore', true, house.agent);
  const order = { ...(await planned()), typed: '2.10 MB' };
  const { archives } = phone.client;
  for (const [change, code] of [
    [{ typed: '2.10 GB' }, 'refused-size'],
    [{ typed: '' }, 'refused-size'],
    [{ plan: 'A'.repeat(22) }, 'refused-plan'],
    [{ tier: 'Expedited', typed: '9 MB' }, 'refused-size'],
  ] as const)
    await expect(archives.start({ ...order, ...change })).rejects.toMatchObject({ code });
  await permit('phone', 'restore', false, house.agent);
  await expect(archives.start(order)).rejects.toMatchObject({ code: 'refused-permission' });
  await expect(archives.pause('A'.repeat(22))).rejects.toMatchObject({ code: 'refused-permission' });
  expect(await restoreNow()).toEqual({ type: 'restores', rows: [], from: 0 });
  expect(asked()).toBe(0);
  expect(files()).toEqual([]);
  const refusals = (await house.agent.audit.read(Number.MAX_SAFE_INTEGER, 50)).filter(
    ({ kind, code }) => kind === 'refused' && code === 'refused-permission',
  );
  expect(refusals.map(({ device }) => device)).toEqual(['phone', 'phone', 'phone']);
});

test('started, it goes on over a restart of the home agent, asks once, and is told when it is back', async () => {
  await permit('phone', 'restore', true, house.agent);
  const { restore } = (await phone.client.archives.start({ ...(await planned()), typed: '2.10mb' })).value;
  await until(() => asked() === 1);
  await house.restartAgent();
  await until(async () => (await restoreNow().catch(() => undefined))?.restore?.restore === restore);
  await phone.client.archives.pause(restore);
  await phone.client.archives.goOn(restore);
  await over();
  expect(await restoreNow()).toMatchObject({
    restore: { restore, status: 'done', back: 1, startedBy: 'phone' },
    rows: [{ state: 'back', vaultName: 'photos', name: '2019.tar' }],
  });
  expect(asked()).toBe(1);
  expect(files()).toEqual(['2019.tar']);
  const hash = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
  expect(hash(readFileSync(join(folder(), '2019.tar')))).toBe(hash(content));
  const kinds = (await house.agent.audit.read(Number.MAX_SAFE_INTEGER, 50)).map(({ kind }) => kind);
  expect(kinds.filter((kind) => kind.startsWith('restor'))).toEqual(['restored', 'restore-started']);
  // what came back can be had again, and the plan says that it did
  const { archives } = phone.client;
  const [vault] = (await archives.totals()).value.vaults;
  const { plan } = (await archives.plan({ vault: vault?.vault ?? '' })).value;
  expect(plan).toMatchObject({ archives: 1, again: 1, leftOut: 0 });
});

test('torn between the restore and its outcome: the next life finds that it was begun, and begins none', async () => {
  await permit('phone', 'restore', true, house.agent);
  const order = { ...(await planned()), typed: '2.10 MB' };
  vi.spyOn(house.agent.requests, 'settle').mockRejectedValueOnce(new Error('killed'));
  await expect(phone.client.archives.start(order)).rejects.toThrow();
  expect(house.agent.requests.unsettled()).toHaveLength(1);
  await house.restartAgent();
  await house.reached();
  await until(() => house.agent.requests.unsettled().length === 0);
  const { restore } = (await restoreNow()).restore ?? {};
  expect(house.agent.requests.outcomeOf(phone.record.device, restore ?? '', 'restore')).toEqual({ ok: true });
  await expect(phone.client.archives.start(order)).rejects.toMatchObject({
    code: expect.stringMatching(/refused-plan|archives-restoring/) as string,
  });
  await over();
  expect(asked()).toBe(1);
  expect(files()).toEqual(['2019.tar']);
});

test('a mapping of Synology that comes back names the archives of the other vault', async () => {
  await permit('phone', 'restore', true, house.agent);
  const nas = double.vault('us-west-2', 'nas');
  const { id } = nas.put('an id of Synology', Buffer.from('photo'));
  const file = join(house.directory, 'made.db');
  const db = new Database(file);
  db.exec('create table file_info_tb (shareName text, basePath text, archiveID text)');
  db.prepare('insert into file_info_tb values (?, ?, ?)').run('photo', '/2019/Säntis.jpg', id);
  db.close();
  double.vault('us-west-2', 'nas_mapping').put('mapping', readFileSync(file));
  double.clock.advance(24 * hour);
  await house.agent.archives.asking.askAtHome(undefined);
  double.clock.advance(4 * hour + minute);
  await house.agent.archives.watch?.tick();
  const { archives } = phone.client;
  const named = async () => (await archives.list({ search: 'santis', limit: 10 })).value.rows;
  expect(await named()).toEqual([]);
  const vaults = (await archives.totals()).value.vaults;
  const of = vaults.find(({ name }) => name === 'nas_mapping')?.vault ?? '';
  const { plan } = (await archives.plan({ vault: of })).value;
  const cost = (plan.choices[0]?.retrieval ?? 0) + plan.transfer + plan.copies + plan.requests;
  await archives.start({ plan: plan.plan, tier: 'Bulk', typed: headlineSize(plan.bytes), cost });
  await over();
  await until(async () => (await named()).length === 1);
  expect(await named()).toMatchObject([{ id, name: expect.stringContaining('Säntis.jpg') as string }]);
});
