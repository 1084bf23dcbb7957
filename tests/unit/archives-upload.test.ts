import { spawn } from 'node:child_process';
import { randomFillSync } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { vaultOf } from '../../lib/archive.ts';
import { LatchkeyError } from '../../lib/errors.ts';
import type { Catalogue } from '../../server/archives/catalogue.ts';
import { Journal, journalFile, readRuns } from '../../server/archives/journal.ts';
import { knownOf } from '../../server/archives/known.ts';
import { openCatalogue } from '../../server/archives/open.ts';
import { leafBytes, TreeHash } from '../../server/archives/tree-hash.ts';
import { upload, type PlannedPiece, type UploadOptions } from '../../server/archives/upload.ts';
import type { UploadTarget } from '../../server/archives/upload-target.ts';
import { bucketTarget } from '../../server/archives/upload-bucket.ts';
import { vaultTarget } from '../../server/archives/upload-vault.ts';
import { count } from '../counts.ts';
import { policyActions } from '../support/archive-policy.ts';
import { startDouble, type Double } from '../double/double.ts';
import { runName as run, stagedRun } from '../support/staged-run.ts';
import { scratchFolder } from './scratch.ts';
import { built } from '../support/built.ts';

const script = built(new URL('archives-upload-process.ts', import.meta.url));
const before = { ...process.env };
let double: Double | undefined;
afterEach(async () => {
  process.env = { ...before };
  await double?.close();
  double = undefined;
});

async function newDouble(): Promise<Double> {
  double = await startDouble();
  Object.assign(process.env, double.environment());
  double.vault('eu-west-1', 'home');
  double.bucket('attic', 'eu-west-1');
  return double;
}

function staged(sizes: readonly number[]): { folder: string; files: Map<string, Buffer> } {
  const folder = scratchFolder();
  const files = stagedRun({
    complete: path.join(folder, 'complete'),
    journals: path.join(folder, 'journal'),
    contents: sizes.map((size) => randomFillSync(Buffer.alloc(size))),
  });
  return { folder, files };
}

const noPause = () => Promise.resolve();
const targets = {
  vault: () => vaultTarget('eu-west-1', 'home', noPause),
  bucket: () => bucketTarget('eu-west-1', 'attic', 'home/', 'DEEP_ARCHIVE', noPause),
};

async function send(folder: string, target: UploadTarget) {
  try {
    return await upload({
      ...{ runs: readRuns(path.join(folder, 'journal')), journals: path.join(folder, 'journal') },
      ...{ complete: path.join(folder, 'complete'), target },
    });
  } finally {
    target.stop();
  }
}

const treeHashOf = (bytes: Buffer) => new TreeHash().update(bytes).digest().toString('hex');

/** Every piece is there once, as it was, and the journal says where. */
function expectAllThere(kind: 'vault' | 'bucket', folder: string, files: Map<string, Buffer>): void {
  const [record] = readRuns(path.join(folder, 'journal'));
  const said = new Map([...record!.uploaded.values()].map((line) => [line.name, line]));
  expect([...said.keys()].sort()).toEqual([...files.keys()].sort());
  if (kind === 'vault') {
    const vault = double!.vault('eu-west-1', 'home');
    const there = [...vault.archives.values()];
    expect(there.map(({ description }) => description).sort()).toEqual(
      [...files.keys()].map((name) => `${run}/${name}`).sort(),
    );
    for (const archive of there) {
      const name = archive.description.slice(run.length + 1);
      expect(archive.treeHash).toBe(treeHashOf(files.get(name)!));
      expect(said.get(name)).toMatchObject({ archive: archive.id, vault: vault.arn });
    }
    expect(vault.uploads.size).toBe(0);
  } else {
    const objects = double!.bucket('attic').objects;
    expect([...objects.keys()].sort()).toEqual([...files.keys()].map((name) => `home/${run}/${name}`).sort());
  }
}

test.each(['vault', 'bucket'] as const)(
  'pieces go into a %s, each once, and again means nothing',
  async (kind) => {
    const aws = await newDouble();
    const { folder, files } = staged([33 * leafBytes + 17, 1_000_000, 5]);
    expect(await send(folder, await targets[kind]())).toMatchObject({ pieces: 3, before: 0 });
    expectAllThere(kind, folder, files);
    const calls = aws.calls.length;
    expect(await send(folder, await targets[kind]())).toMatchObject({ pieces: 0, before: 3, bytes: 0 });
    expect(aws.calls.length).toBe(calls);
  },
);

test.each(['vault', 'bucket'] as const)(
  'answers that are lost, throttling and faults of AWS make no second archive in a %s',
  async (kind) => {
    const aws = await newDouble();
    const { folder, files } = staged([17 * leafBytes, 3]);
    for (const operation of [
      'InitiateMultipartUpload',
      'CreateMultipartUpload',
      'UploadMultipartPart',
      'UploadPart',
      'CompleteMultipartUpload',
    ])
      for (const harm of ['lose-answer', 'throttle', 'fail'] as const) aws.faults.order({ operation, harm });
    await send(folder, await targets[kind]());
    expectAllThere(kind, folder, files);
  },
);

test.each(['vault', 'bucket'] as const)(
  'killed at any moment, the upload to a %s goes on: nothing twice, nothing lost',
  async (kind) => {
    const aws = await newDouble();
    const { folder, files } = staged([50 * leafBytes, 2_000_000, 700_000, 9]);
    aws.answerAfter = 25; // time to die in, after something is done and before anybody hears of it
    const kills = count(5, 20);
    for (let turn = 0; turn < kills; turn++) {
      const child = spawn(process.execPath, [script, folder, kind], { stdio: 'ignore' });
      const ended = new Promise((resolve) => child.once('close', resolve));
      const calls = aws.calls.length;
      const die = 1 + ((turn * 7) % 5);
      while (child.exitCode === null && aws.calls.length < calls + die)
        await new Promise((next) => setTimeout(next, 2));
      child.kill('SIGKILL');
      await ended;
    }
    aws.answerAfter = 0;
    await send(folder, await targets[kind]());
    expectAllThere(kind, folder, files);
    const sent = aws.count(kind === 'vault' ? 'UploadMultipartPart' : 'UploadPart');
    expect(sent).toBeGreaterThanOrEqual(7);
    expect(sent).toBeLessThanOrEqual(7 + 3 * kills); // what was under way when it died
  },
);

test('a piece that is not what was staged is not sent', async () => {
  const aws = await newDouble();
  const { folder, files } = staged([3 * leafBytes]);
  const [name, bytes] = [...files][0]!;
  bytes[2 * leafBytes + 5]! ^= 1;
  writeFileSync(path.join(folder, 'complete', run, name), bytes);
  await expect(send(folder, await targets.vault())).rejects.toThrow(/archives-changed.*MiB 3/);
  writeFileSync(path.join(folder, 'complete', run, name), 'short');
  await expect(send(folder, await targets.vault())).rejects.toThrow(/archives-changed.*size/);
  expect(aws.count('UploadMultipartPart')).toBe(0);
  expect(aws.vault('eu-west-1', 'home').archives.size).toBe(0);
  expect(readRuns(path.join(folder, 'journal'))[0]!.uploaded.size).toBe(0);
});

test('an upload that AWS has forgotten begins anew', async () => {
  const aws = await newDouble();
  const { folder, files } = staged([1000]);
  const [name] = [...files.keys()];
  const journal = new Journal(journalFile(path.join(folder, 'journal'), run));
  journal.append({ type: 'uploading', name: name!, target: 'vault:eu-west-1:home', uploadId: 'gone' });
  journal.close();
  await send(folder, await targets.vault());
  expectAllThere('vault', folder, files);
  expect(aws.count('InitiateMultipartUpload')).toBe(1);
});

/** Another run of the same pieces, under other names. */
function stagedAgain(folder: string, files: ReadonlyMap<string, Buffer>, later: string): void {
  const text = readFileSync(journalFile(path.join(folder, 'journal'), run), 'utf8');
  const lines = text.split('\n').filter((line) => !/"type":"upload/.test(line));
  writeFileSync(
    journalFile(path.join(folder, 'journal'), later),
    lines.join('\n').replace(`"run":"${run}"`, `"run":"${later}"`),
  );
  mkdirSync(path.join(folder, 'complete', later));
  for (const [name, bytes] of files) writeFileSync(path.join(folder, 'complete', later, name), bytes);
}

async function sendKnowing(folder: string, catalogue: Catalogue, more: Partial<UploadOptions> = {}) {
  const target = await targets.vault();
  const planned: PlannedPiece[] = [];
  const notes: string[] = [];
  try {
    const done = await upload({
      ...{ runs: readRuns(path.join(folder, 'journal')), journals: path.join(folder, 'journal') },
      ...{ complete: path.join(folder, 'complete'), target, known: knownOf(catalogue) },
      onPlan: (pieces) => planned.push(...pieces),
      onNote: (note) => notes.push(note),
      ...more,
    });
    return { done, planned, notes };
  } finally {
    target.stop();
  }
}

test('what arrives stands in the list at once, on top of what AWS counted', async () => {
  const aws = await newDouble();
  const { folder, files } = staged([leafBytes + 1, 700]);
  const catalogue = await openCatalogue(path.join(folder, 'archives.db'));
  try {
    await sendKnowing(folder, catalogue);
    const { rows } = await catalogue.page({ limit: 10 });
    const vault = aws.vault('eu-west-1', 'home');
    expect(rows.map(({ name }) => name).sort()).toEqual([...files.keys()].map((name) => `${run}/${name}`));
    for (const row of rows)
      expect(row).toMatchObject({ state: 'uploaded', vault: vault.arn, vaultName: 'home' });
    expect(rows.map(({ id }) => id).sort()).toEqual([...vault.archives.keys()].sort());
    // a crash between the journal and the list: the next upload tells it, though nothing is left to send
    await catalogue.close();
    rmSync(path.join(folder, 'archives.db'));
    const later = await openCatalogue(path.join(folder, 'archives.db'));
    const calls = aws.calls.length;
    expect((await sendKnowing(folder, later)).done).toMatchObject({ pieces: 0, before: 2 });
    expect((await later.page({ limit: 10 })).rows).toEqual(rows);
    expect(aws.calls.length).toBe(calls);
    await later.close();
  } finally {
    await catalogue.close();
  }
});

test('what the vault has already is left out, and said; --again sends it; a part of a row is sent', async () => {
  const aws = await newDouble();
  const { folder, files } = staged([leafBytes + 1, 700]);
  const catalogue = await openCatalogue(path.join(folder, 'archives.db'));
  const vault = aws.vault('eu-west-1', 'home');
  try {
    await sendKnowing(folder, catalogue);
    stagedAgain(folder, files, '20260103T030405Z');
    const { done, planned } = await sendKnowing(folder, catalogue);
    expect(done).toMatchObject({ pieces: 0, before: 2, there: 2, paused: false });
    expect(planned.map(({ state }) => state)).toEqual(['there', 'there']);
    expect(vault.archives.size).toBe(2);
    expect((await sendKnowing(folder, catalogue)).planned).toEqual([]);
    expect((await sendKnowing(folder, catalogue, { again: true })).done).toMatchObject({ pieces: 2 });
    expect(vault.archives.size).toBe(4);

    // one of two pieces is gone from the list: names alone tell an order, so the row is sent whole
    const [first, second] = [...vault.archives.values()];
    await catalogue.deleted(vault.arn, [second!.id], Date.now());
    await catalogue.deleted(vault.arn, [...vault.archives.keys()].slice(2), Date.now());
    stagedAgain(folder, files, '20260104T030405Z');
    expect((await sendKnowing(folder, catalogue)).done).toMatchObject({ pieces: 2, there: 0 });
    expect(vault.archives.get(first!.id)?.deletedAt).toBeUndefined();
  } finally {
    await catalogue.close();
  }
});

test('its own name is enough where the journal is lost; another vault with the same bytes is not', async () => {
  const aws = await newDouble();
  const { folder } = staged([leafBytes + 1, 700]);
  const elsewhere = aws.vault('us-east-1', 'home');
  const catalogue = await openCatalogue(path.join(folder, 'archives.db'));
  const [record] = readRuns(path.join(folder, 'journal'));
  const [one, two] = [...record!.pieces.values()];
  const row = (piece: typeof one, id: string) => ({
    ...{ id, description: `${run}/${piece!.name}`, createdAt: 1, size: piece!.size },
    ...{ treeHash: piece!.treeHash, storageClass: 'VAULT' as const },
  });
  try {
    const { arn } = aws.vault('eu-west-1', 'home');
    await catalogue.putVaults([vaultOf(elsewhere.arn)!, vaultOf(arn)!]);
    await catalogue.putArchives(elsewhere.arn, [row(one, 'a'), row(two, 'b')], 5);
    await catalogue.putArchives(arn, [row(one, 'c')], 5);
    expect((await sendKnowing(folder, catalogue)).done).toMatchObject({ pieces: 1, there: 1 });
    expect(aws.count('InitiateMultipartUpload')).toBe(1);
    const lines = [...readRuns(path.join(folder, 'journal'))[0]!.uploaded.values()];
    expect(lines.find(({ name }) => name === one!.name)).toMatchObject({
      archive: 'c',
      vault: arn,
      there: true,
    });
  } finally {
    await catalogue.close();
  }
});

test('a list that cannot be asked, and a key that may not ask about the vault, keep nothing from being sent', async () => {
  const aws = await newDouble();
  const { folder, files } = staged([900]);
  const broken = () => Promise.reject(new LatchkeyError('archives-busy'));
  const known = { withBytes: broken, inventoryAt: broken, arrived: broken, close: broken };
  const { done, notes } = await sendKnowing(folder, undefined as never, { known });
  expect([done.pieces, notes.length, notes[0]]).toEqual([1, 1, expect.stringContaining('archives-busy')]);
  expectAllThere('vault', folder, files);

  const denied = staged([901]);
  const catalogue = await openCatalogue(path.join(denied.folder, 'archives.db'));
  const allow = policyActions('uploading').filter((action) => action !== 'glacier:DescribeVault');
  const credential = { accessKeyId: 'AKIADOUBLE0000000002', secretAccessKey: 'x'.repeat(40), allow };
  aws.credentials.push(credential);
  Object.assign(process.env, aws.environment(credential));
  const second = await sendKnowing(denied.folder, catalogue);
  await catalogue.close();
  expect([second.done.pieces, second.notes[0]]).toEqual([
    1,
    expect.stringContaining('glacier:DescribeVault'),
  ]);
});

test('a pause ends after the parts under way; the same call goes on, and no part goes twice', async () => {
  const aws = await newDouble();
  const { folder, files } = staged([90 * leafBytes, 10]);
  let pause = false;
  const catalogue = await openCatalogue(path.join(folder, 'archives.db'));
  try {
    const { done } = await sendKnowing(folder, catalogue, {
      onProgress: ({ parts }) => (pause ||= parts === 1),
      pause: () => pause,
    });
    expect(done).toMatchObject({ pieces: 0, paused: true });
    const sent = aws.count('UploadMultipartPart');
    expect(sent).toBeGreaterThanOrEqual(1);
    expect(sent).toBeLessThanOrEqual(4);
    expect(aws.vault('eu-west-1', 'home').archives.size).toBe(0);
    expect((await sendKnowing(folder, catalogue)).done).toMatchObject({ pieces: 2, paused: false });
    expectAllThere('vault', folder, files);
    expect(aws.count('UploadMultipartPart')).toBe(7);
    expect(aws.count('InitiateMultipartUpload')).toBe(2);
  } finally {
    await catalogue.close();
  }
});
