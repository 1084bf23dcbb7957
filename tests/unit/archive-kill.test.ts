import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openCatalogue } from '../../server/archives/open.ts';
import { count } from '../counts.ts';
import { day, hour, minute } from '../double/clock.ts';
import { startDouble, type Double } from '../double/double.ts';
import { policyActions } from '../support/archive-policy.ts';
import { until } from '../support/until.ts';
import { scratchFolder } from './scratch.ts';
import { built } from '../support/built.ts';

// kill -9 of the archives' part of a home, at random moments of asking, waiting, fetching and taking in.

const script = built(new URL('archive-watch-process.ts', import.meta.url));
const archives = 5000;

let double: Double;
let folder: string;
let child: ChildProcess | undefined;

beforeEach(async () => {
  double = await startDouble();
  double.credentials[0] = {
    accessKeyId: 'AKIALEAST',
    secretAccessKey: 'a secret of AWS',
    allow: policyActions(),
  };
  folder = scratchFolder();
});
afterEach(async () => {
  await kill();
  await double.close();
});

async function kill(): Promise<void> {
  const dying = child;
  child = undefined;
  if (dying === undefined || dying.exitCode !== null || dying.signalCode !== null) return;
  const gone = once(dying, 'exit');
  dying.kill('SIGKILL');
  await gone;
}

/** Starts it; resolves with what it has said so far, once it is up. */
async function start(...args: string[]): Promise<() => string> {
  writeFileSync(join(folder, 'clock'), String(double.clock.now()));
  const started = spawn(process.execPath, [script, folder, ...args], {
    stdio: ['ignore', 'pipe', 'ignore'],
    env: { ...process.env, HOME: folder, ...double.environment() },
  });
  child = started;
  let text = '';
  started.stdout?.on('data', (bytes: Buffer) => (text += bytes.toString()));
  await until(() => text.includes('up\n') || started.exitCode !== null, 60_000);
  expect(started.exitCode).toBeNull();
  return () => text;
}

const calls = (operation: string): Double['calls'] =>
  double.calls.filter((call) => call.operation === operation);
const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

test('three vaults in two regions and a bucket, through kills: nothing asked twice, nothing fetched twice, nothing lost', async () => {
  for (const [region, name] of [
    ['us-west-2', 'photos'],
    ['us-west-2', 'mail'],
    ['eu-west-1', 'papers'],
  ] as const) {
    const vault = double.vault(region, name);
    for (let n = 0; n < archives; n++) vault.put(`${name} ${n}`, { size: n + 1, treeHash: 'ab'.repeat(32) });
  }
  double.bucket('cold', 'eu-west-1').put('2019.tar', Buffer.from('x'), 'DEEP_ARCHIVE');
  double.clock.advance(2 * day);

  // while it asks: AWS answers slowly, so that some answers find nobody
  double.answerAfter = 100;
  const known = (): number =>
    double.vault('us-west-2', 'photos').jobs.length +
    double.vault('us-west-2', 'mail').jobs.length +
    double.vault('eu-west-1', 'papers').jobs.length;
  for (let n = 0; n < count(1, 10); n++) {
    const before = known();
    await start('ask');
    // first in the worst moment: AWS has taken it, and nobody has heard
    if (n === 0) await until(() => known() > before, 60_000);
    else await sleep(Math.random() * 700);
    await kill();
    double.clock.advance(2 * minute);
  }
  double.answerAfter = 0;
  const asking = await start('ask');
  await until(() => asking().includes('asked\n'), 60_000);
  await until(() => calls('InitiateJob').length >= 3, 60_000);
  await kill();
  double.clock.advance(4 * hour + 10 * minute);

  // while it fetches and takes in: a range breaks off after some bytes
  for (let n = 0; n < count(1, 10); n++) {
    double.faults.order({
      operation: 'GetJobOutput',
      harm: { dropAfter: Math.floor(Math.random() * 900_000) },
    });
    const before = calls('GetJobOutput').length;
    await start();
    await until(() => calls('GetJobOutput').length > before, 60_000).catch(() => undefined);
    await sleep(Math.random() * 400);
    await kill();
    double.clock.advance(minute);
  }
  const last = await start();
  await until(() => last().includes('done\n'), 80_000);
  await kill();

  const asked = calls('InitiateJob').filter(({ status }) => status === 202);
  expect(asked.map(({ place }) => place).sort()).toEqual(['mail', 'papers', 'photos']);
  // each byte came once, but for what was on its way when it died
  for (const name of ['photos', 'mail', 'papers']) {
    const firsts = calls('GetJobOutput')
      .filter(({ place }) => place === name)
      .map(({ range }) => Number(/=(\d+)/.exec(range ?? '')?.[1]));
    expect(firsts).toEqual([...firsts].sort((a, b) => a - b));
  }
  const catalogue = await openCatalogue(join(folder, 'archives.db'));
  const vaults = await catalogue.vaults();
  expect(vaults.map(({ name, archives: held }) => [name, held])).toEqual([
    ['cold', 1],
    ['mail', archives],
    ['papers', archives],
    ['photos', archives],
  ]);
  const found = await catalogue.page({ limit: 5, search: 'papers 4321' });
  expect(found.rows.map(({ name, size }) => [name, size])).toEqual([['papers 4321', 4322]]);
  await catalogue.close();
  expect(readdirSync(join(folder, 'archives', 'vaults'))).toEqual([]);
});
