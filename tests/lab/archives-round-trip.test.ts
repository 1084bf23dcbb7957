import { mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { hour, minute, VirtualClock } from '../double/clock.ts';
import { startDouble } from '../double/double.ts';
import { count, long } from '../counts.ts';
import { ArchiveHome } from './archive-home.ts';
import { folder, pictureOf, sh, someTree } from './archive-tools.ts';

// Everything is sent, everything at home is lost, everything comes back. Each step is killed with SIGKILL at random
// moments, and AWS is asked for nothing twice.

interface Kills {
  readonly stage: number;
  readonly upload: number;
  /** Of the home agent: before AWS has anything ready, and after. */
  readonly asking: number;
  readonly fetching: number;
}
/** 4, and 20. */
const kills: Kills = {
  stage: count(1, 3),
  upload: count(1, 5),
  asking: count(1, 5),
  fetching: count(1, 7),
};
/** A random moment of what takes about so long, ms. */
const moment = (ms: number): number => 50 + Math.random() * ms;

function treeOfSize(): string {
  const tree = someTree();
  // half of it is noise, half of it is not
  if (long)
    sh(
      'head -c 1G /dev/urandom > home/large-noise; head -c 1G < <(yes "a line of a log, over and over") > home/log',
      tree,
    );
  return tree;
}

/** Until it succeeds; the first few times it is killed somewhere on the way. */
async function through(
  home: ArchiveHome,
  args: readonly string[],
  times: number,
  ms: number,
): Promise<string> {
  for (let left = times; ; left--) {
    const ended = await home.run(args, left > 0 ? moment(ms) : undefined);
    if (ended.code === 0) return ended.stdout;
    if (ended.code !== null || left <= 0)
      throw new Error(`${args.join(' ')}: ${ended.code}\n${ended.stderr}`);
  }
}

interface Seen {
  readonly restore: { status: string; back: number; archives: number; failed: number } | null;
}

const json = (stdout: string): unknown => JSON.parse(stdout.trim().split('\n').at(-1) ?? '');

/** The home agent is killed and started anew `kills.fetching` times, and once more with each minute it needs. */
async function untilBack(home: ArchiveHome): Promise<void> {
  for (let turn = 0; turn < 60; turn++) {
    for (let look = 0; look < (turn < kills.fetching ? 1 : 60); look++) {
      if (turn < kills.fetching)
        await new Promise((resolve) => setTimeout(resolve, moment(long ? 3000 : 700)));
      const { restore } = json((await home.run(['restore', '--json'])).stdout.split('\n')[0] ?? '') as Seen;
      if (restore?.status === 'done') return;
    }
    await home.kill();
    home.pass(2 * minute);
    await home.start();
  }
  throw new Error(`never back:\n${home.log.join('')}`);
}

test.each([
  ['a vault; the journal is left', 'vault', true],
  ['a vault; nothing is left', 'vault', false],
  ['a bucket; nothing is left', 'bucket', false],
] as const)(
  'staged, sent to %s, all got back by `restore`, put together by its line: the same tree',
  { timeout: long ? 1_800_000 : 240_000 },
  async (_how, kind, journalLeft) => {
    const tree = treeOfSize();
    const picture = pictureOf(tree);
    const double = await startDouble({ clock: new VirtualClock(Date.now()) });
    const state = folder();
    const home = new ArchiveHome(double, state, path.join(folder(), 'clock'));
    const asks = () => double.count(kind === 'vault' ? 'InitiateJob' : 'RestoreObject', 'attic');
    try {
      if (kind === 'vault') double.vault('eu-west-1', 'attic');
      else double.bucket('attic', 'eu-west-1');
      const staging = folder();
      const config = `staging = "${staging}"\npiece_mb = ${long ? 64 : 1}\nlevel = 1\ndirectories = ["${tree}"]\n`;
      writeFileSync(path.join(state, 'stage.toml'), config);
      const staged = await through(home, ['stage', '--json'], kills.stage, long ? 20_000 : 1500);
      const { pieces } = (json(staged) as { staged: { pieces: number } }).staged;
      expect(pieces).toBeGreaterThan(1);
      const to = kind === 'vault' ? ['--vault', 'attic'] : ['--bucket', 'attic', '--class', 'GLACIER'];
      await through(home, ['upload', ...to, '--json'], kills.upload, long ? 4000 : 1200);
      const kept =
        kind === 'vault'
          ? [...double.vault('eu-west-1', 'attic').archives.values()].length
          : double.bucket('attic', 'eu-west-1').objects.size;
      expect(kept).toBe(pieces);

      // Armageddon
      for (const lost of [staging, tree, path.join(state, 'agent'), path.join(state, 'stage.toml')])
        rmSync(lost, { recursive: true, force: true });
      if (!journalLeft) rmSync(path.join(state, 'journal'), { recursive: true });
      // AWS counts once a day
      home.pass(48 * hour);

      home.configure(
        kind === 'vault'
          ? '[[archives]]\ntype = "glacier"\nregions = ["eu-west-1"]\n'
          : '[[archives]]\ntype = "s3"\nbuckets = ["attic"]\n',
      );
      await home.start();
      const known = async () =>
        (json((await home.run(['list', '--json'])).stdout.replaceAll('\n', '')) as []).length;
      if (kind === 'vault') {
        expect((await home.run(['inventory', 'attic'])).code).toBe(0);
        await home.kill();
        home.pass(6 * hour);
        await home.start();
      }
      for (let look = 0; (await known()) < pieces; look++) {
        if (look > 60) throw new Error(`not listed:\n${home.log.join('')}`);
        await new Promise((resolve) => setTimeout(resolve, 300));
      }
      const before = asks();

      // A plan asks for nothing, and neither does a size that is another.
      const plan = await home.run(['restore', '--vault', 'attic']);
      expect([plan.code, plan.stderr]).toEqual([0, '']);
      expect(plan.stdout).toContain(`${pieces} archives, `);
      const size = /--size "([^"]+)"/.exec(plan.stdout)?.[1] ?? '';
      const wrong = await home.run(['restore', '--vault', 'attic', '--size', `9${size}`]);
      expect([wrong.code, /^refused-size/.test(wrong.stderr)]).toEqual([1, true]);
      expect((await home.run(['restore', '--vault', 'attic', '--tier', 'nonsense'])).code).toBe(2);
      expect((await home.run(['restore', 'no such archive'])).stderr).toMatch(/^config-missing/);
      expect((await home.run(['restore', '--json'])).stdout).toContain('"restore":null');
      expect(asks()).toBe(before);

      const begun = await home.run(['restore', '--vault', 'attic', '--size', size.toLowerCase()]);
      expect([begun.code, begun.stderr]).toEqual([0, '']);
      // killed while AWS is asked, and while it is at it
      for (let left = kills.asking; left > 0; left--) {
        await new Promise((resolve) => setTimeout(resolve, moment(400)));
        await home.kill();
        home.pass(2 * minute);
        await home.start();
      }
      for (let look = 0; asks() < before + pieces; look++) {
        if (look > 300) throw new Error(`not asked for:\n${home.log.join('')}`);
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
      expect((await home.run(['restore'])).stdout).toContain(`0 of ${pieces} archives back`);
      await home.kill();
      home.pass(9 * hour);
      await home.start();
      await untilBack(home);
      expect(asks()).toBe(before + pieces);

      const back = await home.run(['restore', '--wait', '--json']);
      expect([back.code, back.stderr]).toEqual([0, '']);
      const { groups, files } = json(back.stdout) as {
        groups: { orderedBy: string; missing: string[]; warnings: string[]; line: string }[];
        files: unknown[];
      };
      expect(files).toHaveLength(pieces);
      expect(groups).toMatchObject([
        { orderedBy: journalLeft ? 'journal' : 'name', missing: [], warnings: [] },
      ]);
      expect((await home.run(['restore'])).stdout).toContain(groups[0]!.line);
      const target = folder();
      sh(groups[0]!.line, target);
      expect(pictureOf(path.join(target, tree))).toBe(picture);
    } finally {
      await home.kill();
      await double.close();
    }
  },
);

test('`match` in words: a line for a shell; what is damaged is named, and nobody moves the cursor', async () => {
  const tree = someTree();
  const double = await startDouble();
  double.vault('eu-west-1', 'home');
  const [state, staging] = [folder(), folder()];
  const home = new ArchiveHome(double, state, path.join(folder(), 'clock'));
  try {
    const config = `staging = "${staging}"\npiece_mb = 1\nlevel = 1\ndirectories = ["${tree}"]\n`;
    writeFileSync(path.join(state, 'stage.toml'), config);
    expect((await home.run(['stage'])).code).toBe(0);
    expect((await home.run(['upload', '--vault', 'home'])).code).toBe(0);
    expect((await home.run(['upload', '--vault', 'home'])).stdout).toContain('there already');
    expect((await home.run(['upload', '--vault', 'a', '--bucket', 'b'])).code).toBe(2);
    const [run = ''] = readdirSync(path.join(staging, 'complete'));
    const back = path.join(staging, 'complete', run);
    const pieces = readdirSync(back).length;
    mkdirSync(path.join(back, 'folder'));
    writeFileSync(path.join(back, 'bad'), Buffer.alloc(5));
    const [first = ''] = readdirSync(back).filter((name) => name.endsWith('.xz'));
    renameSync(path.join(back, first), path.join(back, '\u001b[2J'));
    const words = await home.run(['match', back]);
    expect(words.stdout).toContain(`${pieces} pieces`);
    expect(words.stdout).toContain(' | xz -dc | tar --extract ');
    expect(words.stdout).toContain('bad (5 B) is none of what is known.');
    expect(words.stdout).not.toContain('\u001b');
  } finally {
    await double.close();
  }
});
