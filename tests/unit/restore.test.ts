import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { day, hour } from '../double/clock.ts';
import { startDouble, type Double } from '../double/double.ts';
import { policyActions } from '../support/archive-policy.ts';
import { content, restoreHouse, sha256, type RestoreHouse } from './restore-house.ts';

// Getting archives back, against the double: vaults and the classes of S3.

const mebibyte = 1024 * 1024;
let double: Double;
let house: RestoreHouse;

beforeEach(async () => {
  double = await startDouble();
  // no more rights than the documentation gives
  double.credentials[0] = {
    accessKeyId: 'AKIALEAST',
    secretAccessKey: 'a secret of AWS',
    allow: [...policyActions(), ...policyActions('restoring')],
  };
  for (const [name, value] of Object.entries(double.environment())) vi.stubEnv(name, value);
  for (const name of ['AWS_PROFILE', 'AWS_REGION', 'AWS_SESSION_TOKEN']) vi.stubEnv(name, undefined);
});
afterEach(async () => {
  await house.close();
  await double.close();
  vi.unstubAllEnvs();
});

/** Archives of the vault `photos`; resolves with what plans name. */
async function photos(...archives: readonly (readonly [name: string, bytes: Buffer])[]) {
  const vault = double.vault('us-west-2', 'photos');
  const put = archives.map(([name, bytes]) => ({ vault: vault.arn, id: vault.put(name, bytes).id }));
  double.clock.advance(2 * day);
  house = await restoreHouse(double);
  await house.know();
  return put;
}

/** Questions for archives; the vault's list is one of its own. */
const asked = (): number => double.vault('us-west-2', 'photos').jobs.length - 1;

describe('a vault', () => {
  test('one archive is asked for once, waited for, compared, and written under its name', async () => {
    const bytes = content(20 * mebibyte + 17, 'a');
    const [archive] = await photos(['2019.tar.xz', bytes]);
    await house.begin({ archives: [archive!] });
    await house.restores.drain();
    expect(asked()).toBe(1);
    const [row] = (await house.restores.view()).rows;
    expect(row).toMatchObject({
      name: '2019.tar.xz',
      vaultName: 'photos',
      state: 'asked',
      parts: 1,
      down: 0,
    });
    await house.pass(7 * hour, hour);
    expect(double.count('GetJobOutput', 'photos')).toBe(1);
    await house.over();
    expect(house.files()).toEqual({ '2019.tar.xz': sha256(bytes) });
    expect(asked()).toBe(1);
    expect(double.count('GetJobOutput', 'photos')).toBe(1 + 2);
    const { restore, rows } = await house.restores.view();
    expect(restore).toMatchObject({
      status: 'done',
      archives: 1,
      back: 1,
      failed: 0,
      backBytes: bytes.length,
    });
    expect(rows).toMatchObject([{ state: 'back', down: bytes.length }]);
    expect(readdirSync(join(house.folder, '.latchkey'))).toEqual([]);
  });
});
