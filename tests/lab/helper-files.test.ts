import { chmod, chown, mkdir, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
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
