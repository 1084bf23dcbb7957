import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  hashFile,
  isTreeHashAligned,
  leafBytes,
  TreeHash,
  treeHashOf,
  treeOf,
} from '../../server/archives/tree-hash.ts';
import { count } from '../counts.ts';
import { scratchFolder } from './scratch.ts';

const sha256 = (...parts: Uint8Array[]) =>
  parts.reduce((hash, part) => hash.update(part), createHash('sha256')).digest();

/** The guide's words, one level after another, over a whole array. */
function naive(bytes: Uint8Array): string {
  let level: Buffer[] = [];
  for (let at = 0; at === 0 || at < bytes.length; at += leafBytes)
    level.push(sha256(bytes.subarray(at, at + leafBytes)));
  while (level.length > 1)
    level = Array.from({ length: Math.ceil(level.length / 2) }, (_, at) =>
      at * 2 + 1 < level.length ? sha256(level[at * 2]!, level[at * 2 + 1]!) : level[at * 2]!,
    );
  return level[0]!.toString('hex');
}

/** Cheap bytes that differ from place to place, so that a swapped leaf is seen. */
function pattern(size: number, seed = 1): Buffer {
  const bytes = Buffer.alloc(size, seed);
  for (let at = 0; at + 4 <= size; at += 4096) bytes.writeUInt32LE((at * 2654435761 + seed) >>> 0, at);
  return bytes;
}

test.each([
  ['Hello World', 'a591a6d40bf420404a011733cfb7b190d62c65bf0bcda32b57b277d9ad9f146e'],
  ['a'.repeat(leafBytes), '9bc1b2a288b26af7257a36277ae3816a7d4f16e89c1e7e77d0a5c48bad62b360'],
  ['a'.repeat(2 * leafBytes), '560c2c9333c719cb00cfdffee3ba293db17f58743cdd1f7e4055373ae6300afa'],
  ['a'.repeat(3 * leafBytes), '70239f4f2ead7561f69d48b956b547edef52a1280a93c262c0b582190be7db17'],
  ['a'.repeat(3.5 * leafBytes), 'daede4eb580f914dacd5e0bdf7015c937fd615c1e6c6552d25cb04a8b7219828'],
  ['', 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'],
])('known answers that other clients agree on', (text, expected) => {
  expect(treeHashOf(Buffer.from(text))).toBe(expected);
});

test('any size in any pieces is what the naive way says, and its leaves and parts give it again', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 9 }),
      fc.constantFrom(-1, 0, 1, 17, 500_000),
      fc.array(fc.integer({ min: 1, max: 3 * leafBytes }), { minLength: 1, maxLength: 5 }),
      (mebibytes, more, cuts) => {
        const bytes = pattern(Math.max(0, mebibytes * leafBytes + more), mebibytes);
        const leaves: Buffer[] = [];
        const tree = new TreeHash((hash, index) => {
          expect(index).toBe(leaves.length);
          leaves.push(hash);
        });
        for (let at = 0, turn = 0; at < bytes.length; turn++) {
          const cut = cuts[turn % cuts.length]!;
          tree.update(bytes.subarray(at, at + cut));
          at += cut;
        }
        const expected = naive(bytes);
        expect(tree.digest().toString('hex')).toBe(expected);
        expect(treeOf(leaves).toString('hex')).toBe(expected);
        for (const size of [leafBytes, 2 * leafBytes, 4 * leafBytes]) {
          const parts: Buffer[] = [];
          for (let at = 0; at === 0 || at < bytes.length; at += size)
            parts.push(Buffer.from(treeHashOf(bytes.subarray(at, at + size)), 'hex'));
          expect(treeOf(parts).toString('hex')).toBe(expected);
        }
      },
    ),
    { numRuns: count(12, 300) },
  );
});

test('a file, and a range of it', async () => {
  const file = path.join(scratchFolder(), 'piece');
  const bytes = pattern(3 * leafBytes + 17);
  writeFileSync(file, bytes);
  const done: number[] = [];
  expect(await hashFile(file, { onProgress: (each) => done.push(each) })).toEqual({
    size: bytes.length,
    treeHash: naive(bytes),
  });
  expect(done.at(-1)).toBe(bytes.length);
  const range = await hashFile(file, { from: leafBytes, to: 3 * leafBytes });
  expect(range).toEqual({ size: 2 * leafBytes, treeHash: naive(bytes.subarray(leafBytes, 3 * leafBytes)) });
  await expect(hashFile(file, { signal: AbortSignal.abort(new Error('enough')) })).rejects.toThrow('enough');
});

test('a range is aligned just when it is all that lies under one node', () => {
  for (let leaves = 1; leaves <= 9; leaves++)
    for (const rest of [0, 100]) {
      const total = leaves * leafBytes - rest;
      // every node of the tree, as the leaves that it covers
      const nodes = new Set<string>();
      let level = Array.from({ length: leaves }, (_, at): [number, number] => [at, at + 1]);
      for (;;) {
        for (const [from, to] of level) nodes.add(`${from} ${to}`);
        if (level.length === 1) break;
        level = Array.from({ length: Math.ceil(level.length / 2) }, (_, at): [number, number] => [
          level[at * 2]![0],
          (level[at * 2 + 1] ?? level[at * 2]!)[1],
        ]);
      }
      for (let from = 0; from < leaves; from++)
        for (let to = from + 1; to <= leaves; to++) {
          const end = Math.min(to * leafBytes, total);
          expect([total, from, to, isTreeHashAligned(from * leafBytes, end, total)]).toEqual([
            total,
            from,
            to,
            nodes.has(`${from} ${to}`),
          ]);
          expect(isTreeHashAligned(from * leafBytes + 1, end, total)).toBe(false);
        }
    }
  expect(isTreeHashAligned(0, 0, leafBytes)).toBe(false);
});
