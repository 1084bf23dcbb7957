import { spawn } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { match } from '../../server/archives/match.ts';
import { readRun, readRuns } from '../../server/archives/journal.ts';
import { parseStageConfig, readStageConfig, sampleConfig } from '../../server/archives/stage-config.ts';
import { stage, type StageOptions } from '../../server/archives/stage.ts';
import { Cutter } from '../../server/archives/stage-piece.ts';
import { hashFile } from '../../server/archives/tree-hash.ts';
import { start } from '../../server/run.ts';
import { count } from '../counts.ts';
import { folder, gpgHome, pictureOf, rowsAsCatalogue, sh, someTree } from './archive-tools.ts';
import { built } from '../support/built.ts';

const gpg = gpgHome();
const tree = someTree();
const picture = pictureOf(tree);
const ageKey = path.join(folder(), 'age.key');
const ageRecipient = sh(`age-keygen -o ${ageKey} 2>/dev/null; age-keygen -y ${ageKey}`, folder()).trim();
const nothing = rowsAsCatalogue([]);

interface Given {
  readonly text?: string;
  readonly directories?: readonly string[];
  readonly staging?: string;
}

function prepare({ text = '', directories = [tree], staging = folder() }: Given = {}) {
  const file = path.join(folder(), 'stage.toml');
  const list = directories.map((each) => JSON.stringify(each)).join(', ');
  writeFileSync(file, `staging = "${staging}"\npiece_mb = 1\nlevel = 1\ndirectories = [${list}]\n${text}`);
  const config = readStageConfig(file);
  return {
    file,
    staging,
    options: { config, journals: path.join(folder(), 'journal'), env: gpg.env } satisfies StageOptions,
  };
}

/** Back by the printed line, as root, in an empty folder: the tree lies there under its own path. */
async function putBack(directory: string, options: StageOptions, name = tree): Promise<string> {
  const { groups } = await match({ directory, catalogue: nothing, runs: readRuns(options.journals) });
  const group = groups.find((each) => each.name.endsWith(name));
  expect(group?.missing).toEqual([]);
  const target = folder();
  sh(group!.line!.replace('"$HOME/age.key"', ageKey), target, gpg.env);
  return target;
}

test.each([
  ['xz', ''],
  ['zstd and gpg', `compress = "zstd"\nencrypt = "gpg"\nrecipients = ["${gpg.recipient}"]`],
  ['xz and age', `encrypt = "age"\nrecipients = ["${ageRecipient}"]`],
  ['neither', 'compress = "none"'],
])('staged with %s, shuffled and put back by the printed line: the same tree', async (_how, text) => {
  const { options } = prepare({ text });
  const seen: number[] = [];
  const made = await stage({ ...options, onProgress: ({ bytes, ofBytes }) => seen.push(bytes / ofBytes!) });
  const names = readdirSync(made.folder).sort();
  expect(names.length).toBe(made.pieces);
  expect(names.length).toBeGreaterThan(1);
  expect(seen.at(-1)).toBeGreaterThan(0.99);
  expect(seen.at(-1)).toBeLessThan(1.01);
  const record = readRuns(options.journals)[0]!;
  expect(record.done).toBe(true);
  for (const name of names) {
    const { treeHash, size } = await hashFile(path.join(made.folder, name));
    expect(record.pieces.get(name)).toMatchObject({ treeHash, size });
  }
  for (const [at, name] of names.entries())
    renameSync(path.join(made.folder, name), path.join(made.folder, `x ${(at * 5 + 2) % names.length}`));
  expect(pictureOf(path.join(await putBack(made.folder, options), tree))).toBe(picture);
});

test('what a program wrote before it ended is not lost, however late it is read', async () => {
  // Node drops what nobody has begun to read when a child ends
  const child = await start('seq', ['1', '1000']);
  const cutter = new Cutter(child.stdout as AsyncIterable<Buffer>);
  await new Promise((next) => setTimeout(next, 200));
  let text = '';
  while (await cutter.hasMore()) for await (const bytes of cutter.take(100)) text += bytes.toString();
  expect(text).toBe(Array.from({ length: 1000 }, (_, at) => `${at + 1}\n`).join(''));
});

test('one flipped byte is found: which piece, and which MiB of it; a cut piece is named, too', async () => {
  const source = folder();
  sh('head -c 5M /dev/urandom > noise', source);
  const { options } = prepare({ text: 'compress = "none"', directories: [source] });
  const config = { ...options.config, pieceBytes: 3 * 1024 * 1024 };
  const made = await stage({ ...options, config });
  const [first = '', second = ''] = readdirSync(made.folder).sort();
  const bytes = readFileSync(path.join(made.folder, first));
  bytes[2 * 1024 * 1024 + 77]! ^= 4;
  rmSync(path.join(made.folder, first));
  writeFileSync(path.join(made.folder, 'whatever'), bytes);
  writeFileSync(
    path.join(made.folder, 'half'),
    readFileSync(path.join(made.folder, second)).subarray(0, 1_200_000),
  );
  const { files, groups } = await match({
    directory: made.folder,
    catalogue: nothing,
    runs: readRuns(options.journals),
  });
  const damageOf = (name: string) => files.find(({ file }) => file.toString() === name)?.damage;
  expect(damageOf('whatever')).toMatchObject({ kind: 'changed', piece: first, chunks: [2], of: 3 });
  expect(damageOf('half')).toMatchObject({ kind: 'cut', piece: second });
  expect(groups.every(({ line }) => line === null)).toBe(true);
  expect(groups.flatMap(({ missing }) => missing)).toEqual([first]);
});

test('a dump is staged as it comes; one that fails leaves no tree, and says why', async () => {
  const dump = (script: string) =>
    `[[dump]]\nname = "pg"\ncommand = ["/bin/sh", "-c", ${JSON.stringify(script)}]\nuser = "nobody"`;
  const { options } = prepare({ text: dump('id -un; seq 1 300000'), directories: [] });
  const made = await stage(options);
  const target = await putBack(made.folder, options, 'pg');
  expect(sh('head -n 1 dump-pg.dump; sed 1d dump-pg.dump | cmp - <(seq 1 300000)', target)).toBe('nobody\n');

  const failing = prepare({ text: dump('echo half; echo no such database >&2; exit 3'), directories: [] });
  await expect(stage(failing.options)).rejects.toThrow(/tool-failed.*exit 3: no such database/);
  expect(readdirSync(path.join(failing.staging, 'complete'))).toEqual([]);
  const record = readRuns(failing.options.journals)[0]!;
  expect([record.trees.size, record.done]).toEqual([0, false]);
});

test('a program that others could change is no dump, and a configuration of others is not read', () => {
  const script = path.join(folder(), 'dump.sh');
  writeFileSync(script, '#!/bin/sh\n');
  chmodSync(script, 0o777);
  const text = (command: string) => `staging = "/x"\n[[dump]]\nname = "a"\ncommand = ${command}`;
  expect(() => parseStageConfig(text(`["${script}"]`))).toThrow('config-unsafe');
  expect(() => parseStageConfig(text(`["/bin/sh", "${script}"]`))).toThrow('config-unsafe');
  expect(() => parseStageConfig(text('["sh"]'))).toThrow('absolute path');
  expect(() => parseStageConfig('staging = "/x"\ndirectories = ["/a/../b"]')).toThrow('config-invalid');
  expect(() => parseStageConfig('staging = "/x"\ndirectories = ["/a"]\nencrypt = "gpg"')).toThrow(
    'recipients',
  );
  expect(() => parseStageConfig('staging = "/x"\ndirectories = ["/a"]\nencrpt = "gpg"')).toThrow('encrpt');
  const file = path.join(folder(), 'stage.toml');
  writeFileSync(file, sampleConfig);
  expect(readStageConfig(file).directories).toContain('/lib32');
  chmodSync(file, 0o666);
  expect(() => readStageConfig(file)).toThrow('config-unsafe');
});

test('no room: it is said before anything begins, and nothing is there', async () => {
  const staging = folder();
  sh(`mount -t tmpfs -o size=60m,mode=700 none ${staging}`, '/');
  try {
    const { options } = prepare({ staging });
    await expect(stage(options)).rejects.toThrow(/archives-space/);
    expect(readdirSync(path.join(staging, 'inflight'))).toEqual([]);
    expect(readRuns(options.journals)).toEqual([]);
  } finally {
    sh(`umount ${staging}`, '/');
  }
});

test('excluded is what the configuration says, and the staging folder itself', async () => {
  const source = someTree();
  mkdirSync(path.join(source, 'stage'));
  writeFileSync(path.join(source, 'stage/secret'), '');
  const text = `exclude = ["${source}/home/a", "*.tmp"]\ncompress = "none"`;
  writeFileSync(path.join(source, 'etc/x.tmp'), '');
  const { options } = prepare({ text, directories: [source], staging: path.join(source, 'stage') });
  const made = await stage(options);
  const back = path.join(await putBack(made.folder, options, source), source);
  expect(readdirSync(back).sort()).toEqual(['empty', 'etc', 'home', 'odd names']);
  expect(readdirSync(path.join(back, 'home'))).not.toContain('a');
  expect(readdirSync(path.join(back, 'etc'))).not.toContain('x.tmp');
});

test('old runs go after their time, the newest never, journals never; two at once are one too many', async () => {
  const { options, staging } = prepare({ text: 'compress = "none"', directories: [path.join(tree, 'etc')] });
  const at = Date.UTC(2026, 0, 1);
  const day = 86_400_000;
  const first = await stage({ ...options, now: () => at });
  const second = await stage({ ...options, now: () => at + 8 * day });
  expect(second.removed).toEqual([]); // when it began, the first was the newest
  const both = await Promise.allSettled([
    stage({ ...options, now: () => at + 9 * day }),
    stage({ ...options, now: () => at + 9 * day }),
  ]);
  expect(both.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  expect(both.flatMap((each) => (each.status === 'rejected' ? [String(each.reason)] : []))[0]).toContain(
    'archives-staging',
  );
  expect(existsSync(first.folder)).toBe(false);
  expect(readdirSync(path.join(staging, 'complete'))).toHaveLength(2);
  expect(readRuns(options.journals)).toHaveLength(3);
});

test('killed at any moment it leaves no half piece under a whole name, and goes on where a tree ended', async () => {
  const { options, file, staging } = prepare({
    text: '',
    directories: ['home', 'etc', 'odd names'].map((each) => path.join(tree, each)),
  });
  const script = built(new URL('stage-process.ts', import.meta.url));
  const inflight = path.join(staging, 'inflight');
  const begin = () =>
    spawn(process.execPath, [script, file, options.journals, gpg.env.GNUPGHOME], {
      stdio: 'pipe',
    });
  for (let turn = 0; turn < count(4, 20); turn++) {
    const child = begin();
    const ended = new Promise((resolve) => child.once('close', resolve));
    for (let ms = 0; ms < 10_000 && !existsSync(path.join(inflight)); ms += 5)
      await new Promise((next) => setTimeout(next, 5));
    await new Promise((next) => setTimeout(next, 300 + ((turn * 397) % 1500)));
    child.kill('SIGKILL');
    await ended;
    for (const run of readdirSync(inflight)) {
      const journal = readRun(readFileSync(path.join(options.journals, `${run}.jsonl`), 'utf8'), run);
      for (const name of readdirSync(path.join(inflight, run)).filter((each) => !each.endsWith('.part'))) {
        // named, so it is whole: only the journal's line for it may be a moment late
        sh(`xz -t ${name}`, path.join(inflight, run));
        if (journal?.pieces.has(name) === true)
          expect(await hashFile(path.join(inflight, run, name))).toEqual({
            size: journal.pieces.get(name)!.size,
            treeHash: journal.pieces.get(name)!.treeHash,
          });
      }
    }
  }
  // a torn line, as a power cut may leave it
  for (const name of readdirSync(options.journals))
    writeFileSync(path.join(options.journals, name), '{"type":"pie', { flag: 'a' });
  const made = await stage(options);
  expect(readdirSync(inflight)).toEqual([]);
  expect(readdirSync(made.folder).some((name) => name.endsWith('.part'))).toBe(false);
  const target = folder();
  for (const each of ['home', 'etc', 'odd names']) {
    const back = await putBack(made.folder, options, path.join(tree, each));
    sh(`mv "${path.join(back, tree, each)}" .`, target);
  }
  const rest = (text: string) => text.replaceAll(/^(?:empty)? d .*\n/gm, '');
  expect(rest(pictureOf(target))).toBe(rest(picture));
});

test('an interrupted run goes on: the trees that were whole are not read again', async () => {
  const parts = ['home', 'etc'].map((each) => path.join(tree, each));
  const { options, staging } = prepare({ directories: parts });
  const stop = ({ tree: at }: { tree: string }) => {
    if (at.endsWith('etc')) throw new Error('stopped');
  };
  await expect(stage({ ...options, onProgress: stop })).rejects.toThrow('stopped');
  const [run = ''] = readdirSync(path.join(staging, 'inflight'));
  const before = readdirSync(path.join(staging, 'inflight', run)).filter((name) => !name.endsWith('.part'));
  expect(before.length).toBeGreaterThan(0);
  const notes: string[] = [];
  const trees = new Set<string>();
  const made = await stage({
    ...options,
    onNote: (note) => notes.push(note),
    onProgress: ({ tree: at }) => trees.add(at),
  });
  expect([made.run, made.trees, notes.length]).toEqual([run, 2, 1]);
  expect([...trees].every((each) => each.endsWith('etc'))).toBe(true);
  expect(readdirSync(made.folder)).toEqual(expect.arrayContaining(before));
  for (const each of parts)
    expect(pictureOf(path.join(await putBack(made.folder, options, each), each))).toBe(pictureOf(each));

  // another configuration is another run: nothing of the first is taken over
  await expect(stage({ ...options, onProgress: stop })).rejects.toThrow('stopped');
  const other = { ...options, config: { ...options.config, level: 2 } };
  notes.length = 0;
  const fresh = await stage({ ...other, onNote: (note) => notes.push(note) });
  expect(notes[0]).toContain('is removed');
  expect(readdirSync(path.join(staging, 'inflight'))).toEqual([]);
  expect(fresh.trees).toBe(2);
});
