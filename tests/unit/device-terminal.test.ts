import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Command } from 'commander';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it, vi } from 'vitest';
import { remedyOf, sentenceOf, type LatchkeyError } from '../../lib/errors.ts';
import { register } from '../../server/cli/device.ts';
import { counted } from '../../server/device/print.ts';
import { startHouse, type House } from '../support/house.ts';
import { TestBans } from '../support/test-bans.ts';
import { until } from '../support/until.ts';

let house: House;
let folder: string;

beforeAll(async () => {
  house = await startHouse();
  await until(() => house.log.some((line) => line.includes('reached')));
});
afterAll(() => house.stop());

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'lk-device-'));
  vi.stubEnv('LATCHKEY_DEVICE_DIR', path.join(folder, 'device'));
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true, force: true });
});

/** What the command prints; rejects with what it throws. */
async function run(...words: string[]): Promise<string> {
  const written: string[] = [];
  const spy = vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    written.push(String(text));
    return true;
  });
  try {
    const program = new Command('latchkey').exitOverride();
    register(program);
    await program.parseAsync(['node', 'latchkey', 'device', ...words]);
    return written.join('');
  } finally {
    spy.mockRestore();
  }
}

async function json(...words: string[]): Promise<unknown> {
  return JSON.parse(await run(...words, '--json')) as unknown;
}

const codeOf = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => 'done',
    (error: LatchkeyError) => error.code,
  );

async function link(): Promise<string> {
  return (await house.agent.pairing.make(false, 5)).links[0] ?? '';
}

function passes(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    const done = (answer: boolean): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.setTimeout(500, () => done(false));
    socket.on('connect', () => socket.write('x'));
    socket.on('data', () => done(true));
    socket.on('close', () => done(false));
    socket.on('error', () => done(false));
  });
}

it('pairs, opens, closes, and says it in the shapes that scripts rely on', async () => {
  expect(await json('pair', await link(), '--yes', '--name', 'terminal')).toMatchObject({
    home: 'attic',
    name: 'terminal',
  });
  const file = path.join(folder, 'device', 'homes.json');
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(statSync(path.dirname(file)).mode & 0o777).toBe(0o700);

  const endpoint = { host: '127.0.0.1', port: house.listen };
  const closed = { name: 'ssh', driver: 'proxy', state: 'closed', endpoint };
  const [row] = (await json('doors')) as [{ verifiedAt?: number }];
  expect(row).toMatchObject(closed);
  expect(await passes(house.listen)).toBe(false);

  const opened = (await json('open', 'ssh', '--for', '1m')) as {
    remainingMs: number;
    steps: { step: string }[];
  };
  expect(opened).toMatchObject({ name: 'ssh', state: 'open', endpoint, address: '127.0.0.1' });
  expect(opened.remainingMs).toBeGreaterThan(50_000);
  expect(opened.remainingMs).toBeLessThanOrEqual(60_000);
  expect(opened.steps.map(({ step }) => step)).toEqual(
    expect.arrayContaining(['sealed', 'relayed', 'asked', 'checked']),
  );
  expect(await passes(house.listen)).toBe(true);

  expect(await json('close', 'ssh')).toMatchObject(closed);
  expect(await passes(house.listen)).toBe(false);
  expect(((await json('activity', '--limit', '2')) as { kind: string }[]).map(({ kind }) => kind)).toEqual([
    'closed',
    'opened',
  ]);

  expect(await json('revoke', 'terminal')).toMatchObject({ name: 'terminal' });
  expect(['session-revoked', 'relay-not-admitted']).toContain(await codeOf(run('doors')));
});

it('prints each step on a line for people, and the door at the end', async () => {
  await run('pair', await link(), '--yes');
  const lines = (await run('open', 'ssh')).trim().split('\n');
  expect(lines[0]).toMatch(/s {2}sealed here$/);
  expect(lines.slice(-4, -1)).toEqual([
    expect.stringMatching(/^ +\d\.\d\d s {2}a service listens there$/),
    expect.stringMatching(/^ +\.\.\. {2}no packet from 127\.0\.0\.1 yet$/),
    expect.stringMatching(/^ +\? {2}sessions cannot be seen behind this door$/),
  ]);
  expect(lines.at(-1)).toMatch(
    /^ssh +open, \d:\d\d left {2}127\.0\.0\.1:\d+ {2}\(proxy\) {2}for 127\.0\.0\.1$/,
  );
  await run('close', 'ssh');
});

it('shows what is known of an opening under its door, and why a door cannot be used', async () => {
  await run('pair', await link(), '--yes');
  await run('open', 'ssh');
  const lines = (await run('doors')).trimEnd().split('\n');
  expect(lines[0]).toMatch(/^ssh +open, \d:\d\d left/);
  expect(lines.slice(1)).toEqual([
    expect.stringMatching(/^ *\d+:\d\d ago {2}rule in place, \d:\d\d left, read from the system$/),
    expect.stringMatching(/^ *\d+:\d\d ago {2}a service listens there$/),
    expect.stringMatching(/^ +\.\.\. {2}no packet from 127\.0\.0\.1 yet$/),
    expect.stringMatching(/^ +\? {2}sessions cannot be seen behind this door$/),
  ]);
  await run('close', 'ssh');
  expect((await run('doors')).trimEnd().split('\n')).toHaveLength(1);

  const [own] = house.agent.doors.list();
  if (own === undefined) throw new Error('no door');
  house.agent.doors.lack([{ ...own, name: 'gate', driver: 'nftables', problem: 'tool-needs-root' }]);
  await house.agent.doors.refresh();
  try {
    const problem = {
      code: 'tool-needs-root',
      sentence: sentenceOf('tool-needs-root'),
      remedy: remedyOf('tool-needs-root'),
    };
    expect(await json('doors')).toMatchObject([{ name: 'ssh' }, { name: 'gate', state: 'unknown', problem }]);
    expect((await run('doors')).trimEnd().split('\n').slice(1)).toEqual([
      expect.stringMatching(/^gate +unknown/),
      `          ${problem.sentence} ${problem.remedy} (tool-needs-root)`,
    ]);
  } finally {
    house.agent.doors.lack([]);
    await house.agent.doors.refresh();
  }
});

it('says that a home has nothing that bans, and not that nobody is banned', async () => {
  const bans = new TestBans();
  bans.sources = [];
  const bare = await startHouse({ options: { bans } });
  try {
    await until(() => bare.log.some((line) => line.includes('reached')));
    await run('pair', (await bare.agent.pairing.make(false, 5)).links[0] ?? '', '--yes');
    await until(() => bare.agent.bans.feed.isRead);
    const none = 'This home has nothing that bans, or none that it was told of: see server/bans/README.md.\n';
    expect(await run('bans')).toBe(none);
    expect(await json('bans')).toMatchObject({ sources: [], total: 0 });
    const [row] = bare.agent.devices.all();
    if (row !== undefined) await bare.agent.devices.put({ ...row, allowed: 'unban' });
    expect(await run('unban', '203.0.113.7')).toBe(`${none}Nothing was lifted for 203.0.113.7.\n`);
    bans.tell(new TestBans().sources);
    await until(() => bare.agent.bans.feed.sources().length === 1);
    expect(await run('bans')).toBe('0 banned, 0 new today.\n');
    expect(await run('unban', '203.0.113.7')).toBe('203.0.113.7 is not banned.\n');
  } finally {
    await bare.stop();
  }
});

it('ends no line of activity with blanks', async () => {
  await run('pair', await link(), '--yes');
  const lines = (await run('activity', '--limit', '50')).trimEnd().split('\n');
  expect(lines.some((line) => line.endsWith('started'))).toBe(true);
  expect(lines.filter((line) => line !== line.trimEnd())).toEqual([]);
});

it('prints no other device’s name as it is: a device calls itself what it likes', async () => {
  await run('pair', await link(), '--name', 'laptop');
  const name = 'a\x1b]0;owned\x07\x1b[2Jb';
  const other = await house.device(name);
  const listed = await run('devices');
  expect(listed).toMatch(/ {2}a·\]0;owned··\[2Jb/);
  expect(listed.split('').some((letter) => letter !== '\n' && letter < ' ')).toBe(false);
  expect(await run('revoke', other.record.device)).toBe('Revoked a·]0;owned··[2Jb.\n');
});

it('counts one thing as one', () => {
  expect([counted(0, 'vault'), counted(1, 'vault'), counted(2, 'vault')]).toEqual([
    '0 vaults',
    '1 vault',
    '2 vaults',
  ]);
});

it('with --wait, waits until all that can be seen was seen, or the time is up', async () => {
  await run('pair', await link(), '--yes');
  const chain = async (...words: string[]): Promise<string[]> =>
    ((await json('open', 'ssh', ...words)) as { proof: { link: string; state: string }[] }).proof.map(
      ({ link: name, state }) => `${name} ${state}`,
    );
  const way = ['sealed done', 'relayed done', 'rule done', 'service done'];
  expect(await chain('--wait', '1s')).toEqual([...way, 'packet missing', 'session unknown']);
  const coming = setTimeout(() => void passes(house.listen), 1000);
  const began = performance.now();
  expect(await chain('--for', '1m', '--wait')).toEqual([...way, 'packet done', 'session unknown']);
  expect(performance.now() - began).toBeLessThan(30_000);
  clearTimeout(coming);
  await run('close', 'ssh');
});

it('refuses, and nothing has happened', async () => {
  expect(await codeOf(run('doors'))).toBe('config-not-paired');
  expect(await codeOf(run('pair', 'http://localhost:1/pair#abc', '--yes'))).toBe('pairing-malformed');
  const used = await link();
  await run('pair', used, '--yes');
  const before = readFileSync(path.join(folder, 'device', 'homes.json'), 'utf8');
  // the offer was for one device: another that holds the same link is turned away, and keeps nothing
  vi.stubEnv('LATCHKEY_DEVICE_DIR', path.join(folder, 'thief'));
  expect(await codeOf(run('pair', used, '--yes'))).toBe('pairing-used');
  expect(await codeOf(run('doors'))).toBe('config-not-paired');
  vi.stubEnv('LATCHKEY_DEVICE_DIR', path.join(folder, 'device'));
  expect(readFileSync(path.join(folder, 'device', 'homes.json'), 'utf8')).toBe(before);

  expect(await codeOf(run('open', 'nosuch'))).toBe('refused-door');
  expect(await codeOf(run('open', 'ssh', '--for', '5 minutes'))).toBe('config-usage');
  expect(await codeOf(run('open', 'ssh', '--for', '1d'))).toBe('refused-time');
  expect(await codeOf(run('activity', '--limit', '51'))).toBe('config-usage');
  expect(await codeOf(run('revoke', 'nobody'))).toBe('config-missing');
  expect(await passes(house.listen)).toBe(false);
  expect(house.agent.openings.held.size).toBe(0);
});

it('keeps several homes apart, also of one name, and forgets one of them', async () => {
  const other = await startHouse();
  try {
    await until(() => other.log.some((line) => line.includes('reached')));
    await run('pair', await link(), '--yes', '--name', 'first');
    const [theirs = ''] = (await other.agent.pairing.make(false, 5)).links;
    await run('pair', theirs, '--yes', '--name', 'second');
    interface HomeRow {
      readonly name: string;
      readonly key: string;
      readonly deviceName: string;
    }
    const rows = (await json('homes')) as HomeRow[];
    expect(rows.map(({ deviceName }) => deviceName)).toEqual(['second', 'first']); // the last paired first
    expect(rows.map(({ name }) => name)).toEqual(['attic', 'attic']);
    expect(await codeOf(run('open', 'ssh', '--home', 'attic'))).toBe('config-usage');
    expect(await codeOf(run('open', 'ssh', '--home', 'cabin'))).toBe('config-missing');
    // this device is paired, and with whom is said
    await expect(run('doors', '--home', 'cabin')).rejects.toMatchObject({
      detail: 'no home "cabin"; paired: attic, attic, see `latchkey device homes`',
    });
    const [newest, oldest] = rows.map(({ key }) => key);
    await run('open', 'ssh', '--home', oldest?.slice(0, 8) ?? '');
    expect([await passes(house.listen), await passes(other.listen)]).toEqual([true, false]);
    await run('open', 'ssh'); // without --home: the last paired
    expect(await passes(other.listen)).toBe(true);
    await run('close', 'ssh', '--home', oldest ?? '');
    expect([await passes(house.listen), await passes(other.listen)]).toEqual([false, true]);
    expect(await codeOf(run('forget', 'attic'))).toBe('config-usage');
    // a key may begin with a dash
    expect(await codeOf(run('forget', `-${'A'.repeat(42)}`))).toBe('config-missing');
    await run('forget', newest ?? '');
    expect(((await json('homes')) as HomeRow[]).map(({ key }) => key)).toEqual([oldest]);
    expect((await json('doors')) as unknown[]).toHaveLength(1);
    expect(other.agent.devices.all()).toHaveLength(1); // forgotten here, not revoked there
  } finally {
    await other.stop();
  }
});

it('says at once that the relay was not reached, and shows nothing remembered', async () => {
  await run('pair', await link(), '--yes');
  const file = path.join(folder, 'device', 'homes.json');
  const stored = readFileSync(file, 'utf8');
  writeFileSync(file, stored.replace(`localhost:${house.relay.plainPort}`, 'localhost:1'));
  const started = performance.now();
  for (const words of [['doors'], ['open', 'ssh'], ['close', 'ssh'], ['activity'], ['devices']]) {
    expect(await codeOf(run(...words))).toBe('relay-unreachable');
  }
  expect(performance.now() - started).toBeLessThan(3000);
  writeFileSync(file, '{"version":1,"homes":[{}]}');
  expect(await codeOf(run('doors'))).toBe('config-invalid');
});
