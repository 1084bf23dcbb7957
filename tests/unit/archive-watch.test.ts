import { readdirSync } from 'node:fs';
import { GlacierClient, InitiateJobCommand } from '@aws-sdk/client-glacier';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { day, hour, minute } from '../double/clock.ts';
import { startDouble, type Double } from '../double/double.ts';
import { policyActions } from '../support/archive-policy.ts';
import { startArchives, type ArchiveHouse } from '../support/archive-house.ts';
import { scratchFolder } from './scratch.ts';

let double: Double;
let folder: string;
let house: ArchiveHouse;

beforeEach(async () => {
  double = await startDouble();
  // no more rights than the documentation gives
  double.credentials[0] = {
    accessKeyId: 'AKIALEAST',
    secretAccessKey: 'a secret of AWS',
    allow: policyActions(),
  };
  for (const [name, value] of Object.entries(double.environment())) vi.stubEnv(name, value);
  for (const name of ['AWS_PROFILE', 'AWS_REGION', 'AWS_SESSION_TOKEN']) vi.stubEnv(name, undefined);
  folder = scratchFolder();
});
afterEach(async () => {
  await house.stop();
  await double.close();
  vi.unstubAllEnvs();
});

function threeVaults(archives = 3): void {
  for (const [region, name] of [
    ['us-west-2', 'photos'],
    ['us-west-2', 'mail'],
    ['eu-west-1', 'papers'],
  ] as const) {
    const vault = double.vault(region, name);
    for (let n = 0; n < archives; n++)
      vault.put(`${name} ${n}`, { size: 1000 + n, treeHash: 'ab'.repeat(32) });
  }
  double.clock.advance(2 * day);
}

const names = (): string[] => house.catalogue.kept.rows.map(({ row }) => row.description || row.id).sort();

describe('from asking to the list', () => {
  test('three vaults in two regions: asked once, waited for, fetched, named; nothing asked twice', async () => {
    threeVaults();
    house = startArchives(double, folder);
    await house.watch.look();
    expect(house.catalogue.kept.vaults.map(({ name, counted }) => [name, counted?.archives]).sort()).toEqual([
      ['mail', 3],
      ['papers', 3],
      ['photos', 3],
    ]);
    expect(await house.watch.ask(undefined, 'phone')).toBe(3);
    expect(await house.watch.ask(undefined, 'phone')).toBe(3);
    expect(double.count('InitiateJob')).toBe(3);
    await house.pass(3 * hour);
    expect(house.ready).toEqual([]);
    await house.pass(2 * hour);
    expect(house.ready.map(({ imported }) => imported.rows)).toEqual([3, 3, 3]);
    expect(names()).toHaveLength(9);
    expect(names().slice(3, 6)).toEqual(['papers 0', 'papers 1', 'papers 2']);
    // as of AWS's count, never of the question
    expect(house.ready.find(({ vault }) => vault.name === 'mail')?.imported.inventoryAt).toBe(
      double.vault('us-west-2', 'mail').inventory()?.date,
    );
    // an output under 24 h is there
    expect(await house.watch.ask(undefined, 'phone')).toBe(3);
    expect(double.count('InitiateJob')).toBe(3);
    expect(double.count('GetJobOutput')).toBe(3);
    expect(readdirSync(join(folder, 'archives', 'vaults'))).toEqual([]);
    double.clock.advance(day);
    await house.watch.ask(undefined, 'phone');
    expect(double.count('InitiateJob')).toBe(6);
  });

  test('looks grow rarer with a job’s age: 5 hours in steps of a minute are at most 40 questions', async () => {
    threeVaults();
    house = startArchives(double, folder);
    const [photos] = (await house.catalogue.vaults()).filter(({ name }) => name === 'photos');
    expect(photos).toBeUndefined();
    await house.watch.ask('photos', null);
    const before = double.count('ListJobs');
    await house.pass(5 * hour, minute);
    expect(house.ready).toHaveLength(1);
    expect(double.count('ListJobs') - before).toBeLessThan(40);
    expect(double.count('GetJobOutput')).toBe(1);
  });

  test('what somebody else has asked for is waited for, not asked again; the list of a part is none', async () => {
    threeVaults();
    const vault = double.vault('us-west-2', 'photos');
    house = startArchives(double, folder);
    await house.watch.ask('photos', null);
    const other = vault.jobs[0];
    await house.stop();
    // another home, without our disk
    house = startArchives(double, `${folder}2`);
    await house.watch.ask('photos', 'phone');
    expect(vault.jobs).toEqual([other]);
    await house.pass(5 * hour);
    expect(house.ready).toHaveLength(1);
    const part = { Type: 'inventory-retrieval', InventoryRetrievalParameters: { Limit: '1' } };
    double.credentials.push({ accessKeyId: 'AKIAOTHER', secretAccessKey: 'other' });
    const sdk = new GlacierClient({
      region: 'us-west-2',
      credentials: { accessKeyId: 'AKIAOTHER', secretAccessKey: 'other' },
    });
    await sdk.send(new InitiateJobCommand({ accountId: '-', vaultName: 'mail', jobParameters: part }));
    await house.watch.ask('mail', 'phone');
    expect(double.vault('us-west-2', 'mail').jobs).toHaveLength(2);
  });

  test('a vault that AWS never counted has no list: refused, and no job is left waiting', async () => {
    double.vault('us-west-2', 'new').put('x', { size: 1, treeHash: 'ab'.repeat(32) });
    house = startArchives(double, folder);
    await expect(house.watch.ask('new', null)).rejects.toMatchObject({ code: 'archives-missing' });
    expect((await house.catalogue.jobs()).map(({ status }) => status)).toEqual(['failed']);
    await expect(house.watch.ask('nowhere', null)).rejects.toMatchObject({ code: 'archives-missing' });
    expect(double.count('InitiateJob')).toBe(1);
  });
});

describe('what goes wrong on the way', () => {
  test('an answer that was lost: the job is found in AWS’s list, and not asked again', async () => {
    threeVaults();
    house = startArchives(double, folder);
    double.faults.order({ operation: 'InitiateJob', harm: 'lose-answer' });
    await house.watch.ask('photos', null);
    expect((await house.catalogue.jobs())[0]).toMatchObject({ status: 'asking', jobId: null });
    await house.pass(5 * hour);
    expect(house.ready).toHaveLength(1);
    expect(double.count('InitiateJob')).toBe(1);
  });

  test('a fault of AWS before it had heard: asked again after a look, once', async () => {
    threeVaults();
    house = startArchives(double, folder);
    double.faults.order({ operation: 'InitiateJob', harm: 'fail' });
    await house.watch.ask('photos', null);
    await house.watch.tick();
    expect(double.count('InitiateJob')).toBe(1);
    await house.pass(6 * hour);
    expect(house.ready).toHaveLength(1);
    expect(double.count('InitiateJob')).toBe(2);
    expect(double.vault('us-west-2', 'photos').jobs).toHaveLength(1);
  });

  test('throttling goes by its code: HTTP 400 of vaults and 503 of S3 are asked again, other 400s are not', async () => {
    threeVaults();
    double.bucket('cold').put('k', Buffer.from('k'), 'GLACIER');
    house = startArchives(double, folder);
    double.faults.order(
      { operation: 'ListVaults', harm: 'throttle', times: 3 },
      { operation: 'InitiateJob', harm: 'throttle', times: 2 },
      { operation: 'GetJobOutput', harm: 'throttle', times: 4 },
      { operation: 'ListObjectsV2', harm: 'throttle', times: 2 },
    );
    await house.watch.look();
    await house.watch.ask('photos', null);
    await house.pass(5 * hour);
    expect(house.ready).toHaveLength(1);
    expect(double.vault('us-west-2', 'photos').jobs).toHaveLength(1);
    expect(names()).toContain('k');
    double.faults.order({ operation: 'InitiateJob', harm: 'policy' });
    await expect(house.watch.ask('mail', null)).rejects.toMatchObject({ code: 'archives-policy' });
    expect(double.count('InitiateJob', 'mail')).toBe(1);
    expect(double.vault('us-west-2', 'mail').jobs).toEqual([]);
  });

  test('broken, short and throttled downloads go on where the file ends', async () => {
    threeVaults(200);
    house = startArchives(double, folder);
    await house.watch.ask('photos', null);
    double.clock.advance(4 * hour + minute);
    double.faults.order(
      { operation: 'GetJobOutput', harm: { dropAfter: 10_000 } },
      { operation: 'GetJobOutput', harm: 'fail' },
      { operation: 'GetJobOutput', harm: { truncateTo: 5_000 } },
      { operation: 'GetJobOutput', harm: { dropAfter: 0 } },
    );
    await house.watch.tick();
    expect(house.ready[0]?.imported).toMatchObject({ rows: 200, inserted: 200 });
    const firsts = double.calls
      .filter(({ operation }) => operation === 'GetJobOutput')
      .map(({ range }) => Number(/=(\d+)/.exec(range ?? '')?.[1]));
    expect(firsts).toEqual([...firsts].sort((a, b) => a - b));
    // what was on its way when a line broke may be lost; an answer that is short is here
    expect(firsts.at(-1)).toBeGreaterThanOrEqual(5000);
  });

  test('an output damaged on the way is not taken in: it is fetched anew, and the list is right', async () => {
    threeVaults(50);
    house = startArchives(double, folder);
    await house.watch.ask('photos', null);
    double.clock.advance(4 * hour + minute);
    double.faults.order({ operation: 'GetJobOutput', harm: { flipAt: 0 } });
    await house.watch.tick();
    expect(house.ready).toEqual([]);
    expect(names()).toEqual([]);
    expect(house.watch.problems()).toMatchObject([{ source: 'vaults', code: 'archives-malformed' }]);
    await house.pass(hour);
    expect(house.ready[0]?.imported.rows).toBe(50);
    expect(house.watch.problems()).toEqual([]);
    expect(double.count('InitiateJob')).toBe(1);
  });

  test('not fetched within its day: said so, and asked again only when a person asks', async () => {
    threeVaults();
    house = startArchives(double, folder);
    await house.watch.ask('photos', null);
    double.clock.advance(30 * hour);
    await house.watch.tick();
    expect((await house.catalogue.jobs())[0]).toMatchObject({ status: 'failed' });
    await house.pass(3 * hour);
    expect(double.count('InitiateJob')).toBe(1);
    await house.watch.ask('photos', null);
    await house.pass(5 * hour);
    expect(house.ready).toHaveLength(1);
  });
});

describe('sources', () => {
  test('more than ten vaults; a region that nobody opted into is passed over', async () => {
    for (let n = 10; n < 33; n++) double.vault('eu-west-1', `v${n}`);
    const keys = { regions: ['eu-west-1', 'me-south-1'] };
    house = startArchives(double, folder, [{ name: 'vaults', type: 'glacier', keys }]);
    await house.watch.look();
    expect(await house.catalogue.vaults()).toHaveLength(23);
    expect(house.watch.problems()).toEqual([]);
  });

  test('S3: archive classes alone, with their restore state; what is gone goes, and a bucket without any is none', async () => {
    const cold = double.bucket('cold', 'eu-central-1');
    for (const [key, of] of [
      ['a', 'GLACIER'],
      ['b', 'DEEP_ARCHIVE'],
      ['c', 'GLACIER_IR'],
      ['d', 'STANDARD'],
    ] as const)
      cold.put(key, Buffer.from(key), of);
    double.bucket('warm').put('w', Buffer.from('w'), 'STANDARD');
    const a = cold.objects.get('a');
    if (a !== undefined)
      a.restore = { tier: 'Bulk', readyAt: double.clock.now() - 1, expiresAt: double.clock.now() + day };
    house = startArchives(double, folder);
    await house.watch.look();
    expect((await house.catalogue.vaults()).map(({ name, region }) => [name, region])).toEqual([
      ['cold', 'eu-central-1'],
    ]);
    const rows = house.catalogue.kept.rows.map(({ row }) => [row.id, row.storageClass, row.state, row.until]);
    expect(rows).toEqual([
      ['a', 'GLACIER', 'ready', double.clock.now() + day],
      ['b', 'DEEP_ARCHIVE', undefined, undefined],
      ['c', 'GLACIER_IR', undefined, undefined],
    ]);
    cold.objects.delete('b');
    double.clock.advance(minute);
    await house.watch.look();
    expect(names()).toEqual(['a', 'c']);
  });

  test('keys that AWS does not know: a problem with its code, tried again, and nothing of the keys in a line', async () => {
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'another secret');
    threeVaults();
    house = startArchives(double, folder);
    await house.watch.look();
    expect(house.watch.problems().map(({ source, code }) => [source, code])).toEqual([
      ['vaults', 'archives-credentials'],
      ['buckets', 'archives-credentials'],
    ]);
    await expect(house.watch.ask(undefined, null)).rejects.toMatchObject({ code: 'archives-credentials' });
    expect(double.count('InitiateJob')).toBe(0);
    const said = house.lines.join('\n');
    expect(said).toContain('SignatureDoesNotMatch');
    for (const secret of ['AKIALEAST', 'another secret']) expect(said).not.toContain(secret);
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'a secret of AWS');
  });

  test('no right: denied, by its code', async () => {
    double.credentials[0] = {
      accessKeyId: 'AKIALEAST',
      secretAccessKey: 'a secret of AWS',
      allow: ['glacier:ListVaults'],
    };
    threeVaults();
    house = startArchives(double, folder);
    await expect(house.watch.ask('photos', null)).rejects.toMatchObject({ code: 'archives-denied' });
    expect(double.vault('us-west-2', 'photos').jobs).toEqual([]);
  });

  test('a clock half an hour off mends itself', async () => {
    double.skew = 31 * minute;
    threeVaults();
    house = startArchives(double, folder);
    await house.watch.look();
    expect(house.watch.problems()).toEqual([]);
    expect(await house.catalogue.vaults()).toHaveLength(3);
  });
});
