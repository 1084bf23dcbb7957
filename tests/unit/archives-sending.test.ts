import { spawn } from 'node:child_process';
import { randomFillSync } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import type { Server } from 'node:net';
import path from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { listenControl } from '../../server/agent/control.ts';
import { Sending } from '../../server/agent/archives/sending.ts';
import type { SendingReport } from '../../server/agent/archives/sending-report.ts';
import { keepingIn } from '../../server/archives/restore/prices.ts';
import { openCatalogue } from '../../server/archives/open.ts';
import { startDouble, type Double } from '../double/double.ts';
import { stagedRun } from '../support/staged-run.ts';
import { startHouse, type House, type PairedDevice } from '../support/house.ts';
import { until } from '../support/until.ts';
import { cli } from '../support/built.ts';

// What is being sent, from the command that sends it to a device that looks, and a pause the other way.

const mebibyte = 1024 * 1024;
let house: House;
let double: Double;
let control: Server;

beforeEach(async () => {
  house = await startHouse({ file: { allow: ['restore'] } });
  mkdirSync(path.join(house.directory, 'agent'), { mode: 0o700 });
  control = await listenControl(path.join(house.directory, 'agent/control.sock'), house.agent, () =>
    Promise.resolve(),
  );
  double = await startDouble();
  double.vault('eu-west-1', 'home');
});
afterEach(async () => {
  await new Promise((resolve) => control.close(resolve));
  await house.stop();
  await double.close();
});

function startUpload(...more: string[]) {
  const child = spawn(
    process.execPath,
    [cli, 'archives', 'upload', '--vault', 'home', '--region', 'eu-west-1', ...more],
    {
      env: {
        ...{ PATH: '/usr/bin:/bin', HOME: house.directory, LATCHKEY_DIR: house.directory },
        ...double.environment(),
      } as unknown as NodeJS.ProcessEnv,
    },
  );
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (text: Buffer) => (stdout += text.toString()));
  child.stderr.on('data', (text: Buffer) => (stderr += text.toString()));
  const ended = new Promise<{ code: number | null; stdout: string; stderr: string }>((resolve) =>
    child.once('close', (code) => resolve({ code, stdout, stderr })),
  );
  return { child, ended };
}

function stage(sizes: readonly number[]): void {
  const staging = path.join(house.directory, 'staging');
  stagedRun({
    complete: path.join(staging, 'complete'),
    journals: path.join(house.directory, 'journal'),
    contents: sizes.map((size) => randomFillSync(Buffer.alloc(size))),
  });
  writeFileSync(path.join(house.directory, 'stage.toml'), `staging = "${staging}"\ndirectories = ["/etc"]\n`);
}

const view = async ({ client }: PairedDevice) => (await client.archives.sending()).value.sending;

test('a device sees how far the sending is and pauses it after the parts under way; it goes on by the same command', async () => {
  stage([130 * mebibyte, 5]);
  const phone = await house.device();
  expect(await view(phone)).toBeUndefined();
  await expect(phone.client.archives.pauseSending()).rejects.toThrow('archives-not-sending');

  double.answerAfter = 700; // a slow line
  const first = startUpload('--json');
  await until(async () => (await view(phone))?.rows[0]?.state === 'sending', 30_000);
  const seen = await view(phone);
  expect(seen).toMatchObject({
    ...{ target: 'home', kind: 'vault', alive: true, files: 2, leftOut: 0, from: 0, leastDays: 90 },
    ...{ bytes: 130 * mebibyte + 5, partBytes: 16 * mebibyte, monthly: 457 },
    rows: [
      { name: 'etc.tar.000000.xz', size: 130 * mebibyte, parts: 9, state: 'sending' },
      { name: 'etc.tar.000001.xz', size: 5, parts: 1, part: 0, state: 'waiting' },
    ],
  });
  const { revision } = house.agent.archives;
  await until(() => house.agent.archives.revision > revision);

  const result = await phone.client.archives.pauseSending();
  expect(result.value).toEqual({ type: 'restoreChanged' });
  expect((await view(phone))?.pausing).toBe(true);
  await phone.client.archives.pauseSending();
  const { code, stderr, stdout } = await first.ended;
  expect([code, stderr]).toEqual([1, expect.stringContaining('archives-paused: ')]);
  expect(stdout).toContain('"paused":true');
  const sent = double.count('UploadMultipartPart');
  expect(sent).toBeLessThan(10);
  expect(double.vault('eu-west-1', 'home').archives.size).toBe(0);
  expect(await view(phone)).toMatchObject({ alive: false });
  await expect(phone.client.archives.pauseSending()).rejects.toThrow('archives-not-sending');

  double.answerAfter = 0;
  expect((await startUpload().ended).code).toBe(0);
  expect(double.count('UploadMultipartPart')).toBe(10);
  expect(await view(phone)).toMatchObject({
    ...{ alive: false, sentBytes: 130 * mebibyte + 5 },
    rows: [
      { state: 'kept', part: 9 },
      { state: 'kept', part: 1 },
    ],
  });
  const catalogue = await openCatalogue(path.join(house.directory, 'agent/archives.db'));
  const { rows } = await catalogue.page({ limit: 10 });
  await catalogue.close();
  expect(rows.map(({ state }) => state)).toEqual(['uploaded', 'uploaded']);
});

test('a device without the permission pauses nothing', async () => {
  stage([70 * mebibyte]);
  const phone = await house.device();
  const { id } = house.agent.devices.all()[0]!;
  const row = house.agent.devices.require(id);
  await house.agent.devices.put({ ...row, allowed: '' }, house.agent.audit.draft({ kind: 'allowed' }));
  double.answerAfter = 500;
  const sending = startUpload();
  await until(async () => (await view(phone))?.alive === true, 30_000);
  await expect(phone.client.archives.pauseSending()).rejects.toThrow('refused-permission');
  expect((await view(phone))?.pausing).toBeUndefined();
  expect((await sending.ended).code).toBe(0);
  expect(double.vault('eu-west-1', 'home').archives.size).toBe(1);
});

test('without a home agent that runs, and when it goes meanwhile, the sending just goes on', async () => {
  stage([70 * mebibyte]);
  double.answerAfter = 500;
  const phone = await house.device();
  const sending = startUpload();
  await until(async () => (await view(phone))?.alive === true, 30_000);
  await new Promise((resolve) => control.close(resolve));
  await house.restartAgent();
  expect((await sending.ended).code).toBe(0);
  expect(double.vault('eu-west-1', 'home').archives.size).toBe(1);
});

test('a command that has gone silent is not alive, and one that never hears of a pause is not said to pause', async () => {
  let now = 0;
  const sending = new Sending({
    clock: { now: () => now, wall: () => now },
    changed: () => undefined,
    keeping: keepingIn('/nowhere'),
  });
  const report: SendingReport = {
    ...{ verb: 'sending', begun: 1, target: 'home', kind: 'vault', storageClass: 'DEEP_ARCHIVE', files: 1 },
    ...{
      bytes: 2 ** 40,
      sentBytes: 0,
      leftOut: 0,
      partBytes: 1,
      rows: [],
      from: 0,
      pausing: false,
      ended: false,
    },
  };
  expect(sending.hear(report)).toEqual({ pause: false });
  expect(sending.view()).toMatchObject({ alive: true, monthly: 1_013_760, leastDays: 180 });
  vi.useFakeTimers();
  const asked = sending.pause();
  asked.catch(() => undefined);
  expect(sending.hear(report)).toEqual({ pause: true });
  // another command has begun: it does not pause, and the first never said that it does
  expect(sending.hear({ ...report, begun: 2 })).toEqual({ pause: false });
  vi.advanceTimersByTime(5_000);
  vi.useRealTimers();
  await expect(asked).rejects.toThrow('archives-not-sending');
  now = 11_000;
  expect(sending.view()?.alive).toBe(false);
  await expect(sending.pause()).rejects.toThrow('archives-not-sending');
  sending.stop();
});
