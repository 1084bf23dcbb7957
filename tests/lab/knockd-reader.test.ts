import { readFileSync, readdirSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readKnockdFile } from '../../lib/knockd/read.ts';
import type { KnockdDoor, ReadOther } from '../../lib/knockd/read.ts';
import { count } from '../counts.ts';
import { debugValues, doorsSaid } from '../support/knockd-debug.ts';
import { handMade, knockdFile } from '../support/knockd-files.ts';
import { corpus, mutate, random } from '../support/knockd-mutate.ts';
import { makeKnockdRoom, type KnockdRoom, type KnockdSaid } from './real-knockd.ts';

let room: KnockdRoom;
const oneTime: Record<string, string> = {
  full: '# used\n#7000,8000\n\n 7001,8001:udp\n7002\n',
  spoiled: 'not: a sequence\n7001,7002\n',
  spent: '#7000\n   \n#8000',
};

beforeAll(async () => {
  room = await makeKnockdRoom();
  for (const [name, text] of Object.entries(oneTime)) await writeFile(join(room.directory, name), text);
});
afterAll(() => room.destroy());

/** `DIR` in a file is the room's folder; what stands nowhere else does not exist. */
const inRoom = (text: string) => text.replaceAll('DIR', room.directory);
const other: ReadOther = (path) => {
  const name = path.startsWith(`${room.directory}/`) ? path.slice(room.directory.length + 1) : '';
  return Object.hasOwn(oneTime, name) ? (oneTime[name] ?? null) : null;
};

/** What reader and daemon each make of a file, in the same words. */
function compare(text: string, said: KnockdSaid): [ours: unknown, knockds: unknown] {
  const file = readKnockdFile(text, other);
  if (!said.accepted || !file.accepted) {
    const reason = /^(?:config: |error: |pcap_compile: )?(?:line (\d+): )?(.*)/.exec(said.stderr);
    const [, line, words = ''] = reason ?? [];
    // errno's and libpcap's words are not ours.
    const own = /^pcap_compile|No such file|: Is a directory/.test(said.stderr) ? file.error?.reason : words;
    return [
      { accepted: file.accepted, ...file.error },
      { accepted: said.accepted, line: line === undefined ? file.error?.line : Number(line), reason: own },
    ];
  }
  const theirs = doorsSaid(said.stdout);
  return [file.doors.map((door, i) => ours(door, theirs[i]?.values ?? {})), theirs];
}

function ours(door: KnockdDoor, theirs: Record<string, string>): unknown {
  const values: Record<string, string> = {};
  for (const [key, value] of Object.entries(debugValues(door))) {
    const isDefault = (key === 'seq_timeout' && value === '25') || (key === 'cmd_timeout' && value === '10');
    if (value !== undefined && !(isDefault && theirs[key] === undefined)) values[key] = value;
  }
  // knockd prints a flag for each mention, the last of which counts.
  const printed = theirs['tcp flags'];
  const flags = new Map(
    (printed ?? '').split(',').map((flag) => [flag.replace('!', ''), !flag.startsWith('!')]),
  );
  const same = [...door.tcpFlags].every(([flag, set]) => flags.get(flag.toUpperCase()) === set);
  if (door.tcpFlags.size > 0) values['tcp flags'] = same && printed !== undefined ? printed : 'others';
  return { name: door.name, values };
}

async function disagreements(files: readonly { name: string; text: string }[]): Promise<unknown[]> {
  const queue = [...files.entries()];
  const found: unknown[] = [];
  const work = async () => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      const [number, { name, text }] = next;
      const said = await room.read(Buffer.from(text, 'latin1'), `f${number}`);
      const [us, them] = compare(text, said);
      try {
        expect(us).toEqual(them);
      } catch {
        found.push({ name, text, ours: us, knockd: them, stderr: said.stderr });
      }
    }
  };
  await Promise.all(Array.from({ length: 4 }, work));
  return found;
}

test('every rule of the grammar: knockd accepts, rejects and understands the same', async () => {
  const fixtures = join(import.meta.dirname, '../fixtures/knockd');
  const recorded = ['accepted', 'rejected', '.'].flatMap((folder) =>
    readdirSync(join(fixtures, folder))
      .filter((name) => name.endsWith('.conf'))
      .map((name) => ({ name, text: readFileSync(join(fixtures, folder, name), 'latin1') })),
  );
  const files = [...recorded, ...handMade.map(([name, text]) => ({ name, text: inRoom(text) }))];
  expect(files.length).toBeGreaterThan(100);
  expect(await disagreements(files)).toEqual([]);
});

test('generated files: the same', { timeout: 600_000 }, async () => {
  const seed = Math.floor(Math.random() * 2 ** 31);
  console.log(`knockd files from seed ${seed}`);
  const texts = fc.sample(knockdFile, { seed, numRuns: count(100, 1500) });
  const files = texts.map((text, i) => ({ name: `seed ${seed}, file ${i}`, text }));
  // Not all of one kind.
  const accepted = texts.filter((text) => readKnockdFile(text).accepted).length;
  expect(accepted).toBeGreaterThan(texts.length / 5);
  expect(accepted).toBeLessThan(texts.length);
  expect(await disagreements(files)).toEqual([]);
});

test('mutated files: the same', { timeout: 600_000 }, async () => {
  const seed = Math.floor(Math.random() * 2 ** 31);
  console.log(`mutated knockd files from seed ${seed}`);
  const below = random(seed);
  const texts: string[] = [];
  while (texts.length < count(100, 3000)) {
    const text = mutate(corpus[below(corpus.length)] ?? '', below);
    // knockd would open what they name, and look names up.
    if (!/log|one_time|target/i.test(text)) texts.push(text);
  }
  const files = texts.map((text, i) => ({ name: `seed ${seed}, file ${i}`, text }));
  expect(texts.some((text) => readKnockdFile(text).accepted)).toBe(true);
  expect(await disagreements(files)).toEqual([]);
});
