import { chmod, chown, lstat, mkdir, symlink, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { startLabHelper, type LabHelper } from './helper.ts';
import { createLab, type Lab } from './net.ts';

// Needs root: a real helper with real nftables in a namespace.

const nobody = 65534;
const door = (more = '') => `driver = "nftables"\nport = 22\nmode = "gate"\n${more}`;
const quiet = () => undefined;

let lab: Lab;
beforeAll(async () => void (lab = await createLab()));
afterAll(() => lab.destroy());

const ruleset = async () =>
  (await lab.home.run('nft', ['list', 'ruleset'])).stdout.replace(/ expires \S+/g, '');
const clean = () => lab.home.run('nft', ['flush', 'ruleset']);

/** Sends raw bytes to the helper and gives back all lines until it ends the connection or is silent. */
function raw(path: string, bytes: string, patienceMs = 500): Promise<{ lines: string[]; ended: boolean }> {
  return new Promise((resolve, reject) => {
    const socket = connect(path);
    let text = '';
    const done = (ended: boolean) => {
      clearTimeout(timer);
      socket.destroy();
      resolve({ lines: text.split('\n').filter(Boolean), ended });
    };
    const timer = setTimeout(() => done(false), patienceMs);
    socket.setEncoding('utf8').on('data', (part: string) => (text += part));
    socket.once('error', (error: NodeJS.ErrnoException) =>
      error.code === 'ECONNRESET' || error.code === 'EPIPE' ? done(true) : reject(error),
    );
    socket.once('end', () => done(true));
    socket.write(bytes);
  });
}

describe('verbs over the socket', () => {
  let helper: LabHelper;
  beforeAll(async () => {
    helper = await startLabHelper(lab, {
      ssh: door('default = "2m"\nlongest = "10m"\nmax_open = 3\nper_minute = 1000\nhost = "home.example"\n'),
      slow: 'driver = "nftables"\nport = 23\nmode = "gate"\nper_minute = 2\n',
    });
  });
  afterAll(async () => {
    await helper.client.stop();
    await helper.end();
    await clean();
  });

  test('doors, with abilities and limits and no rules', async () => {
    expect(await helper.client.doors()).toEqual([
      {
        name: 'slow',
        driver: 'nftables',
        closes: 'kernel',
        choosesTime: true,
        extends: true,
        readsBack: true,
        endpoint: { port: 23 },
        defaultSeconds: 300,
        longestSeconds: 3600,
      },
      {
        name: 'ssh',
        driver: 'nftables',
        closes: 'kernel',
        choosesTime: true,
        extends: true,
        readsBack: true,
        endpoint: { host: 'home.example', port: 22 },
        defaultSeconds: 120,
        longestSeconds: 600,
      },
    ]);
    await helper.client.ping();
    expect(await helper.client.sessions('ssh')).toEqual([]);
  });

  test('the socket is for the agent group alone', async () => {
    const folder = await lstat(dirname(helper.socket));
    const socket = await lstat(helper.socket);
    expect([folder.mode & 0o777, socket.mode & 0o777]).toEqual([0o750, 0o660]);
  });

  test('progress comes before the result, on the wire', async () => {
    const line = '{"id":7,"verb":"open","door":"ssh","address":"203.0.113.7","seconds":60}\n';
    const { lines } = await raw(helper.socket, line);
    expect(lines.map((one) => JSON.parse(one) as object)).toEqual([
      { id: 7, stage: 'asked' },
      { id: 7, stage: 'rule' },
      { id: 7, stage: 'checked' },
      { id: 7, ok: true, opening: { address: '203.0.113.7', remainingMs: expect.any(Number) as number } },
    ]);
    await helper.client.close('ssh', '203.0.113.7');
  });

  test.each([
    ['an unknown door', ['door', '203.0.113.7', 60], 'refused-door'],
    ['a name with nft in it', ['ssh; flush ruleset', '203.0.113.7', 60], 'refused-door'],
    ['a longer time than the door has', ['ssh', '203.0.113.7', 601], 'refused-time'],
    ['no time', ['ssh', '203.0.113.7', 0], 'refused-time'],
    ['a time before now', ['ssh', '203.0.113.7', -5], 'refused-time'],
    ['text for an address', ['ssh', 'everybody', 60], 'refused-address'],
    ['nft for an address', ['ssh', '203.0.113.7 }; flush ruleset; #', 60], 'refused-address'],
    ['a prefix', ['ssh', '203.0.113.0/24', 60], 'refused-address'],
    ['another print of an address', ['ssh', '203.0.113.007', 60], 'refused-address'],
    ['mapped IPv6', ['ssh', '::ffff:203.0.113.7', 60], 'refused-address'],
    ['multicast', ['ssh', '224.0.0.1', 60], 'refused-address'],
    ['link-local', ['ssh', 'fe80::1', 60], 'refused-address'],
    ['loopback', ['ssh', '127.0.0.1', 60], 'refused-address'],
    ['the home itself', ['ssh', '192.0.2.20', 60], 'refused-address'],
    ['everybody', ['ssh', '0.0.0.0', 60], 'refused-address'],
  ] as const)('%s is refused, and nothing changes', async (_what, [name, address, seconds], code) => {
    const before = await ruleset();
    const stages: string[] = [];
    await expect(
      helper.client.open(name, address, seconds, ({ stage }) => stages.push(stage)),
    ).rejects.toMatchObject({ code });
    expect(stages).toEqual([]);
    if (code !== 'refused-time')
      await expect(helper.client.close(name, address)).rejects.toMatchObject({ code });
    expect(await ruleset()).toBe(before);
  });

  test.each([
    ['no JSON', 'open the door\n', 'protocol-malformed'],
    ['another verb', '{"id":1,"verb":"run","command":"id"}\n', 'protocol-malformed'],
    ['an unknown key', '{"id":1,"verb":"ping","as":"root"}\n', 'protocol-malformed'],
    [
      'a key twice',
      '{"id":1,"verb":"open","door":"ssh","address":"203.0.113.7","seconds":9999,"seconds":60}\n',
      'protocol-malformed',
    ],
    [
      'half seconds',
      '{"id":1,"verb":"open","door":"ssh","address":"203.0.113.7","seconds":60.5}\n',
      'protocol-malformed',
    ],
    [
      'seconds as text',
      '{"id":1,"verb":"open","door":"ssh","address":"203.0.113.7","seconds":"60"}\n',
      'protocol-malformed',
    ],
    ['a list', '[{"id":1,"verb":"ping"}]\n', 'protocol-malformed'],
    ['an endless line', 'x'.repeat(5000), 'protocol-oversized'],
    ['a long line', `{"id":1,"verb":"ping"${' '.repeat(5000)}}\n`, 'protocol-oversized'],
  ])('%s ends the connection, and nothing changes', async (_what, bytes, code) => {
    const before = await ruleset();
    // What follows on the same connection is not done either.
    const after = '{"id":2,"verb":"open","door":"ssh","address":"203.0.113.7","seconds":60}\n';
    const { lines, ended } = await raw(helper.socket, bytes + (bytes.endsWith('\n') ? after : ''));
    expect(ended).toBe(true);
    expect(lines).toEqual([JSON.stringify({ id: null, ok: false, code })]);
    expect(await ruleset()).toBe(before);
    await helper.client.ping();
  });

  test('no more addresses at once than the door allows; an open one may still be lengthened', async () => {
    const open = (n: number, seconds = 60) => helper.client.open('ssh', `203.0.113.${n}`, seconds, quiet);
    await Promise.all([open(1), open(2), open(3, 1)]);
    const before = await ruleset();
    await expect(open(4)).rejects.toMatchObject({ code: 'refused-door-full' });
    expect(await ruleset()).toBe(before);
    await open(1, 120);
    await sleep(1100); // the third has ended by itself
    await open(4);
    for (const n of [1, 2, 4]) await helper.client.close('ssh', `203.0.113.${n}`);
  });

  test('no more openings in a minute than the door allows, and the others go on', async () => {
    await helper.client.open('slow', '203.0.113.1', 60, quiet);
    await helper.client.open('slow', '203.0.113.1', 60, quiet);
    const before = await ruleset();
    await expect(helper.client.open('slow', '203.0.113.2', 60, quiet)).rejects.toMatchObject({
      code: 'refused-rate',
    });
    expect(await ruleset()).toBe(before);
    await helper.client.open('ssh', '203.0.113.2', 60, quiet);
    await helper.client.close('ssh', '203.0.113.2');
    await helper.client.close('slow', '203.0.113.1');
  });

  test('a thousand pipelined requests are all answered', async () => {
    const ids = Array.from({ length: 1000 }, (_, id) => id);
    const { lines } = await raw(
      helper.socket,
      ids.map((id) => `{"id":${id},"verb":"inspect","door":"ssh"}\n`).join(''),
      4000,
    );
    expect(lines.map((line) => (JSON.parse(line) as { id: number }).id).sort((a, b) => a - b)).toEqual(ids);
  });

  test('a second helper does not take the socket of a living one', async () => {
    const before = await ruleset();
    const other = await lab.home.run(
      process.execPath,
      ['--import', 'tsx', 'tests/lab/helper-process.ts', helper.config, helper.socket, lab.directory, '0'],
      { anyStatus: true },
    );
    expect(other.code).toBe(1);
    expect(other.stderr).toContain('config-port-in-use');
    await helper.client.ping();
    expect(await ruleset()).toBe(before);
  });
});

describe('the client', () => {
  test('says tool-helper-gone at once, and finds the helper when it is back', async () => {
    const helper = await startLabHelper(lab, { ssh: door() });
    await helper.client.ping();
    await helper.kill('SIGKILL');
    const began = performance.now();
    await expect(helper.client.doors()).rejects.toMatchObject({ code: 'tool-helper-gone' });
    expect(performance.now() - began).toBeLessThan(500);
    await helper.start();
    expect((await helper.client.doors()).length).toBe(1);
    await helper.end();
    await clean();
    await helper.client.stop();
    await expect(helper.client.ping()).rejects.toMatchObject({ code: 'tool-helper-gone' });
  });

  test('an asker whose helper dies is told so', async () => {
    const helper = await startLabHelper(lab, { ssh: door() });
    await helper.client.ping();
    process.kill(helper.pid(), 'SIGSTOP');
    const asked = helper.client.doors();
    const outcome = expect(asked).rejects.toMatchObject({ code: 'tool-helper-gone' });
    await sleep(50);
    await helper.kill('SIGKILL');
    await outcome;
    await helper.client.stop();
    await clean();
  });
});

describe('door files', () => {
  let helper: LabHelper;
  beforeEach(async () => {
    helper = await startLabHelper(lab, { ssh: door() });
    await helper.client.open('ssh', '203.0.113.7', 60, quiet);
  });
  afterEach(async () => {
    await helper.client.stop();
    await helper.kill('SIGKILL').catch(() => undefined);
    await clean();
  });

  test.each([
    ['an unknown key', 'colour = "red"\n', /ssh\.toml: .*colour/],
    ['a wrong port', 'port = 99999\n', /ssh\.toml/],
    ['a time that is none', 'default = "soon"\n', /ssh\.toml: default/],
    ['a longer default than longest', 'default = "2h"\nlongest = "1h"\n', /ssh\.toml: default/],
    ['no TOML', '= = =\n', /ssh\.toml/],
  ])('%s: SIGHUP keeps everything as it was, and says why', async (_what, more, why) => {
    const before = await ruleset();
    const doors = await helper.client.doors();
    await helper.write({ ssh: door(more), web: 'driver = "nftables"\nport = 443\nmode = "gate"\n' });
    expect(await helper.reload()).toMatch(why);
    expect(await ruleset()).toBe(before);
    expect(await helper.client.doors()).toEqual(doors);
    expect((await helper.client.inspect('ssh')).map(({ address }) => address)).toEqual(['203.0.113.7']);
  });

  test('two doors for one port are refused, naming both', async () => {
    const before = await ruleset();
    await helper.write({ ssh: door(), zoo: door() });
    expect(await helper.reload()).toMatch(/zoo: door ssh has tcp 22 already/);
    expect(await ruleset()).toBe(before);
  });

  test('a good file takes effect, and openings stay', async () => {
    await helper.write({
      ssh: door('longest = "1m"\n'),
      web: 'driver = "nftables"\nport = 443\nmode = "gate"\n',
    });
    expect(await helper.reload()).toMatch(/2 doors/);
    expect((await helper.client.doors()).map(({ name }) => name)).toEqual(['ssh', 'web']);
    await expect(helper.client.open('ssh', '203.0.113.8', 61, quiet)).rejects.toMatchObject({
      code: 'refused-time',
    });
    expect((await helper.client.inspect('ssh')).map(({ address }) => address)).toEqual(['203.0.113.7']);
  });

  const spoil: [string, (config: string) => Promise<void>][] = [
    ['a file of somebody else', (config) => chown(join(config, 'doors/ssh.toml'), nobody, 0)],
    ['a file that the group can write', (config) => chmod(join(config, 'doors/ssh.toml'), 0o664)],
    ['a file that all can write', (config) => chmod(join(config, 'doors/ssh.toml'), 0o646)],
    ['a folder of somebody else', (config) => chown(join(config, 'doors'), nobody, 0)],
    ['a folder that all can write', (config) => chmod(join(config, 'doors'), 0o777)],
    ['DIR of somebody else', (config) => chown(config, nobody, 0)],
    ['a parent that all can write', (config) => chmod(dirname(config), 0o777)],
    ['a parent of somebody else', (config) => chown(dirname(config), nobody, 0)],
    [
      'a link among the files',
      (config) => symlink(join(config, 'doors/ssh.toml'), join(config, 'doors/x.toml')),
    ],
    [
      'another file in DIR',
      async (config) => {
        await writeFile(join(config, 'notes'), 'x');
        await chmod(join(config, 'notes'), 0o666);
      },
    ],
  ];
  test.each(spoil)('%s: refused with its path, at SIGHUP and at the start', async (_what, make) => {
    const before = await ruleset();
    await make(helper.config);
    expect(await helper.reload()).toMatch(/kept the old doors: config-unsafe.*\/helper-/);
    expect((await helper.client.inspect('ssh')).map(({ address }) => address)).toEqual(['203.0.113.7']);
    await helper.kill('SIGKILL');
    await expect(helper.start()).rejects.toThrow(/config-unsafe.*\/helper-/);
    expect(await ruleset()).toBe(before);
  });

  test('a sticky parent that all can write, as a temporary folder is, does no harm', async () => {
    await chmod(dirname(helper.config), 0o1777);
    expect(await helper.reload()).toMatch(/read again, 1 doors/);
    await chmod(dirname(helper.config), 0o755);
  });
});

describe('what is not there', () => {
  test('without nft the door says tool-missing, is not opened, and works after SIGHUP', async () => {
    // A private mount hides the program from this helper alone.
    const empty = join(lab.directory, 'empty');
    await mkdir(empty);
    const helper = await startLabHelper(
      lab,
      { ssh: door() },
      { as: ['unshare', '-m', 'sh', '-c', `mount --bind ${empty} /usr/sbin && exec "$@"`, 'sh'] },
    );
    expect(await helper.client.doors()).toMatchObject([{ name: 'ssh', problem: 'tool-missing' }]);
    await expect(helper.client.open('ssh', '203.0.113.7', 60, quiet)).rejects.toMatchObject({
      code: 'tool-missing',
    });
    await expect(helper.client.inspect('ssh')).rejects.toMatchObject({ code: 'tool-missing' });
    expect(await ruleset()).toBe('');
    await lab.home.run('nsenter', ['-t', String(helper.pid()), '-m', 'umount', '/usr/sbin']);
    await helper.reload();
    expect((await helper.client.open('ssh', '203.0.113.7', 60, quiet)).address).toBe('203.0.113.7');
    await helper.client.stop();
    await helper.end();
    await clean();
  });

  test('without root it serves no door, and reads no file of root', async () => {
    const helper = await startLabHelper(lab, { ssh: door() }, { asUser: nobody });
    expect(await helper.client.doors()).toEqual([]);
    await helper.client.ping();
    await expect(helper.client.open('ssh', '203.0.113.7', 60, quiet)).rejects.toMatchObject({
      code: 'refused-door',
    });
    expect(await helper.reload()).toMatch(/read again, 0 doors/);
    expect(await ruleset()).toBe('');
    await helper.client.stop();
    await helper.end();
  });
});
