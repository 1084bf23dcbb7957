import {
  chmod,
  chown,
  copyFile,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { stringify } from 'smol-toml';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { isRunning, nameProcess } from '../../server/process-facts.ts';
import { until } from '../support/until.ts';
import { pageEntry, rootsNode } from './commands-page.ts';
import { startLabHelper, type LabHelper } from './helper.ts';
import { startHousehold, type Household, type TerminalDevice } from './household.ts';
import { createLab, type Lab } from './net.ts';
import { sshLogin, startSshd, type Sshd } from './sshd.ts';

// Needs root. Commands of a door, run by the real helper; hosts.allow with the real sshd.

const tool = fileURLToPath(new URL('../../server/doors/address-file.js', import.meta.url));

describe('hosts.allow, by the entry of the docs page', () => {
  let lab: Lab;
  let sshd: Sshd;
  let house: Household;
  let list: string;
  const phones: Partial<Record<4 | 6, TerminalDevice>> = {};
  const home = (family: 4 | 6): string => (family === 4 ? lab.home.address4 : lab.home.address6);
  const login = async (family: 4 | 6): Promise<boolean> =>
    (await sshLogin(lab.phone, sshd, home(family))).code === 0;
  /** By its own log, too: libwrap lets the refused wait for 5 s, in which no login comes of it. */
  const refused = async (family: 4 | 6, from = lab.phone): Promise<boolean> => {
    const who = `refused connect from ${family === 4 ? from.address4 : from.address6} `;
    const times = async () => (await sshd.lines()).filter((line) => line.includes(who)).length;
    const before = await times();
    const { code } = await sshLogin(from, sshd, home(family), { timeoutSeconds: 1 });
    return code !== 0 && (await times()) === before + 1;
  };
  const door = (family: 4 | 6, ...args: string[]) => phones[family]!.json<{ state: string }>(args);

  beforeAll(async () => {
    lab = await createLab({ firewall: 'none' });
    const folder = await mkdtemp(join(lab.directory, 'allow-'));
    await copyFile(tool, join(folder, 'address-file.js'));
    list = join(folder, 'ssh.allow');
    await writeFile(list, '');
    sshd = await startSshd(lab, {
      etc: {
        'hosts.allow': `sshd : ${list}\n`,
        'hosts.deny': 'sshd : ALL\n',
        // libwrap asks for the name of whom it refuses, and the lab has no name server to say that there is none
        'nsswitch.conf': 'passwd: files\ngroup: files\nshadow: files\nhosts: files\n',
      },
    });
    const entry = await pageEntry('hosts.allow', {
      '/usr/bin/node': await rootsNode(folder),
      '/opt/latchkey/server/doors': folder,
      '/etc/latchkey/work': folder,
    });
    house = await startHousehold(lab, { doors: { cellar: `${entry}host = "${lab.home.address4}"\n` } });
    for (const family of [4, 6] as const) {
      phones[family] = await house.device(lab.phone, `phone${family}`);
      await phones[family].pair(family);
    }
  });
  afterAll(async () => {
    await house?.helper?.client.stop();
    await lab?.destroy();
  });

  test('sshd lets the address in while it is open, and nobody else; IPv4 and IPv6', async () => {
    const both = <T>(act: (family: 4 | 6) => Promise<T>): Promise<T[]> => Promise.all([act(4), act(6)]);
    expect(await both(refused)).toEqual([true, true]);
    for (const opened of await both((family) => door(family, 'open', 'cellar', '--for', '1m')))
      expect(opened).toMatchObject({ state: 'open' });
    expect(await both(login)).toEqual([true, true]);
    expect(await both((family) => refused(family, lab.stranger))).toEqual([true, true]);
    expect(await door(4, 'close', 'cellar')).toMatchObject({ state: 'closed' });
    expect(await Promise.all([refused(4), login(6)])).toEqual([true, true]);
    expect(await door(6, 'close', 'cellar')).toMatchObject({ state: 'closed' });
    expect(await refused(6)).toBe(true);
    expect(await readFile(list, 'utf8')).toBe('');
  });

  test('kill -9 of the home agent and of the helper with both families open: what comes back closes at its time', async () => {
    await Promise.all(([4, 6] as const).map((family) => door(family, 'open', 'cellar', '--for', '3s')));
    const opened = performance.now();
    await Promise.all([house.killAgent(), house.helper?.kill('SIGKILL')]);
    expect(await Promise.all([login(4), login(6)])).toEqual([true, true]);
    await sleep(Math.max(0, opened + 3500 - performance.now()));
    await house.helper?.start();
    await house.startAgent();
    await until(async () => (await readFile(list, 'utf8')) === '');
    expect(await Promise.all([refused(4), refused(6)])).toEqual([true, true]);
    expect(await door(4, 'doors')).toMatchObject([{ name: 'cellar', state: 'closed' }]);
  });
});

describe('what a command is given, and what it may be', () => {
  let lab: Lab;
  let helper: LabHelper;
  let folder: string;
  const phone = '203.0.113.7';
  const quiet = () => undefined;
  const said = (name: string): Promise<string> => readFile(join(folder, name), 'utf8').catch(() => '');

  /** A program of root's. */
  async function program(name: string, text: string): Promise<string> {
    const path = join(folder, name);
    await writeFile(path, `#!/bin/sh\n${text}\n`);
    await chmod(path, 0o755);
    return path;
  }
  const file = (table: object) => stringify({ driver: 'command', port: 22, ...table });
  async function make(table: object): Promise<string> {
    await helper.write({ front: file(table) });
    return helper.reload();
  }

  beforeAll(async () => {
    lab = await createLab({ firewall: 'none' });
    helper = await startLabHelper(
      lab,
      {},
      { env: { LD_LIBRARY_PATH: '/nowhere', HOME: '/root', EVIL: '1' } },
    );
    await chmod(lab.directory, 0o711);
  });
  beforeEach(async () => {
    folder = await mkdtemp(join(lab.directory, 'commands-'));
    await chmod(folder, 0o755);
    await helper.write({});
    await helper.reload();
  });
  afterAll(async () => {
    await helper?.client.stop();
    await lab?.destroy();
  });

  test('arguments word by word, no shell, an empty environment', async () => {
    const note = await program(
      'note',
      `printf '%s\\n' "$@" >${folder}/arguments; cat /proc/$$/environ >${folder}/environment; pwd >${folder}/cwd`,
    );
    const words = [
      'a b',
      `$(touch ${folder}/evil)`,
      `; touch ${folder}/evil`,
      '*',
      '',
      '-{family}',
      '--to={address}/32',
    ];
    expect(await make({ open: [note, ...words], close: ['/bin/true', '{address}'] })).toMatch(/1 doors/);
    expect(await helper.client.open('front', phone, 60, quiet)).toEqual({ address: phone });
    expect((await said('arguments')).split('\n').slice(0, -1)).toEqual([
      ...words.slice(0, 5),
      '-4',
      `--to=${phone}/32`,
    ]);
    expect(await said('environment')).toBe('');
    expect(await said('cwd')).toBe('/\n');
    expect(await said('evil')).toBe('');
    await helper.client.close('front', phone);
  });

  test('the page’s entry for iptables alone: one rule, IPv4 only', async () => {
    await helper.write({ front: await pageEntry('iptables') });
    await helper.reload();
    const rules = async () => (await lab.home.run('iptables', ['-S', 'INPUT'])).stdout;
    const before = await rules();
    await helper.client.open('front', phone, 60, quiet);
    await helper.client.open('front', phone, 60, quiet);
    expect(await rules()).toBe(
      before + `-A INPUT -s ${phone}/32 -p tcp -m tcp --dport 22 -m comment --comment latchkey -j ACCEPT\n`,
    );
    await expect(helper.client.open('front', '2001:db8:7::7', 60, quiet)).rejects.toMatchObject({
      code: 'tool-unsupported',
    });
    await helper.client.close('front', phone);
    expect(await rules()).toBe(before);
  });

  test('as its user: that user and group, and no other group', async () => {
    await writeFile(join(folder, 'who'), '');
    await chown(join(folder, 'who'), 65534, 65534);
    const who = await program('id', `echo "$(id -u) $(id -g) $(id -G)" >>${folder}/who`);
    await make({ open: [who, '{address}'], close: [who, '{address}'], user: 'nobody' });
    await helper.client.open('front', phone, 60, quiet);
    await helper.client.close('front', phone);
    expect(await said('who')).toBe('65534 65534 65534\n65534 65534 65534\n');
    await make({ open: [who, '{address}'], close: [who, '{address}', 'x'], user: 'nobody_of_that_name' });
    expect(await helper.client.doors()).toMatchObject([{ problem: 'tool-failed' }]);
  });

  test('its time: it ends with all that it started, and is undone', async () => {
    const slow = await program('slow', `sleep 60 & echo $! >${folder}/pid; touch ${folder}/open; wait`);
    const shut = await program('shut', `rm -f ${folder}/open`);
    await make({
      open: [slow, '{address}'],
      close: [shut, '{address}'],
      inspect: ['/usr/bin/test', '-e', `${folder}/open`, '-a', '{address}', '!=', ''],
      timeout: '1s',
    });
    await expect(helper.client.open('front', phone, 60, quiet)).rejects.toMatchObject({
      code: 'tool-timeout',
    });
    const pid = Number(await said('pid'));
    const sleeper = nameProcess(pid);
    expect(pid).toBeGreaterThan(0);
    expect(sleeper === undefined || !isRunning(sleeper)).toBe(true);
    expect(await helper.client.inspect('front')).toEqual([]);
  });

  test('its output: no more than it may say', async () => {
    await make({ open: ['/usr/bin/yes', '{address}'], close: ['/bin/true', '{address}'] });
    await expect(helper.client.open('front', phone, 60, quiet)).rejects.toMatchObject({
      code: 'tool-failed',
    });
    expect(await helper.saw(/more than 65536 bytes/)).toContain('yes');
  });

  test('without inspect: kept over kill -9 of the helper, never run twice', async () => {
    const count = await program('count', `echo "$@" >>${folder}/log`);
    await make({ open: [count, 'open', '{address}'], close: [count, 'close', '{address}'] });
    await helper.client.open('front', phone, 60, quiet);
    await helper.kill('SIGKILL');
    await helper.start();
    expect(await helper.client.inspect('front')).toEqual([{ address: phone }]);
    await expect(helper.client.open('front', phone, 60, quiet)).rejects.toMatchObject({
      code: 'refused-door-open',
    });
    await helper.client.close('front', phone);
    await helper.client.close('front', phone);
    expect(await helper.client.inspect('front')).toEqual([]);
    expect(await said('log')).toBe(`open ${phone}\nclose ${phone}\n`);
  });

  test('what was there before is refused and left alone; a door that is removed closes what it opened', async () => {
    const list = join(folder, 'list');
    await writeFile(list, `${phone}\n`);
    const node = await rootsNode(folder);
    await copyFile(tool, join(folder, 'address-file.js'));
    const edit = (act: string) => [node, join(folder, 'address-file.js'), act, list, '{address}'];
    await make({ open: edit('add'), close: edit('remove'), inspect: ['/bin/cat', list] });
    await expect(helper.client.open('front', phone, 60, quiet)).rejects.toMatchObject({
      code: 'refused-door-open',
    });
    await expect(helper.client.close('front', phone)).rejects.toMatchObject({ code: 'tool-still-open' });
    await helper.client.open('front', '2001:db8:7::7', 60, quiet);
    expect(await said('list')).toBe(`${phone}\n[2001:db8:7::7]\n`);
    await helper.write({});
    await helper.reload();
    await until(async () => (await said('list')) === `${phone}\n`);
  });

  test('the tool keeps other lines, and works with as few rights as the unit leaves to root', async () => {
    const list = join(folder, 'list');
    await writeFile(list, 'LOCAL\n192.168.7.  [2001:db8::]/32', { mode: 0o640 });
    const asUnit = ['--regid=64712', '--clear-groups', '--bounding-set=-all', '--inh-caps=-all'];
    const edit = (act: string, address: string) =>
      lab.home.run('setpriv', [...asUnit, process.execPath, tool, act, list, address], { anyStatus: true });
    for (const address of ['2001:db8:7::7', '203.0.113.7', '2001:db8:7::7'])
      expect((await edit('add', address)).code).toBe(0);
    expect(await said('list')).toBe('LOCAL\n192.168.7.  [2001:db8::]/32\n203.0.113.7\n[2001:db8:7::7]\n');
    expect((await stat(list)).mode & 0o777).toBe(0o600);
    for (const address of ['2001:db8:7::7', '203.0.113.7', '203.0.113.8'])
      expect((await edit('remove', address)).code).toBe(0);
    for (const wrong of ['ALL', '203.0.113.7 ALL', 'fe80::1%eth0', '-x', ''])
      expect((await edit('add', wrong)).code).toBe(1);
    await rm(list);
    await symlink('/etc/passwd', list);
    expect((await edit('add', '203.0.113.7')).code).toBe(1);
    expect(await readdir(folder)).toEqual(['list']);
  });

  test('two edits of one file at once: none is lost, no lock stays', async () => {
    const list = join(folder, 'list');
    const add = (n: number) => lab.home.run(process.execPath, [tool, 'add', list, `203.0.113.${n}`]);
    await Promise.all([1, 2, 3, 4, 5, 6].map(add));
    expect((await said('list')).split('\n').filter(Boolean).sort()).toEqual(
      [1, 2, 3, 4, 5, 6].map((n) => `203.0.113.${n}`),
    );
    expect(await said('list.new')).toBe('');
  });

  describe('refused, by SIGHUP too, and nothing runs', () => {
    const close = ['/bin/true', '{address}'];
    test.each<[string, (run: string) => object | Promise<object>, RegExp]>([
      [
        'a name for PATH to find',
        () => ({ open: ['true', '{address}'] }),
        /open: the program by its absolute path/,
      ],
      ['a way around', (run) => ({ open: [`${dirname(run)}/../x`, '{address}'] }), /open: .*"\.\."/],
      ['an address in the program', () => ({ open: ['/bin/{address}', '{address}'] }), /open: .*"\{"/],
      ['no program', (run) => ({ open: [dirname(run), '{address}'] }), /open: .* is not a program/],
      ['everyone', (run) => ({ open: [run, '{adress}'] }), /open: no \{address\}/],
      [
        'closing for everyone',
        (run) => ({ open: [run, '{address}'], close: [run] }),
        /close: no \{address\}/,
      ],
      ['NUL', (run) => ({ open: [run, '{address}\0'] }), /open\.1: must not hold NUL/],
      ['a command line', (run) => ({ open: `${run} {address}` }), /open: must be an array/],
      ['half a family', (run) => ({ open: [run, '{address}'], open6: [run, '{address}'] }), /close6: needed/],
      ['an unknown key', (run) => ({ open: [run, '{address}'], shell: true }), /shell/],
      [
        'an hour for one command',
        (run) => ({ open: [run, '{address}'], timeout: '1h' }),
        /timeout: at most 9 s/,
      ],
      [
        'somebody else’s program',
        async (run) => {
          await chown(run, 65534, 65534);
          return { open: [run, '{address}'] };
        },
        /changed by others than root.*\/evil\)/,
      ],
      [
        'a program that others may write',
        async (run) => {
          await chmod(run, 0o777);
          return { open: [run, '{address}'] };
        },
        /changed by others than root.*\/evil\)/,
      ],
      [
        'a folder that others may write',
        async (run) => {
          await chmod(dirname(run), 0o777);
          return { open: [run, '{address}'] };
        },
        /changed by others than root/,
      ],
      [
        'somebody else’s link to root’s program',
        async (run) => {
          const theirs = join(dirname(run), 'theirs');
          await mkdir(theirs);
          await symlink(run, join(theirs, 'link'));
          await chown(theirs, 65534, 65534);
          return { open: [join(theirs, 'link'), '{address}'] };
        },
        /changed by others than root.*\/theirs\)/,
      ],
      [
        'root’s interpreter with somebody else’s script',
        async (run) => {
          await chown(run, 65534, 65534);
          return { open: ['/bin/sh', run, '{address}'] };
        },
        /changed by others than root.*\/evil\)/,
      ],
    ])('%s', async (_what, table, why) => {
      const run = await program('evil', `touch ${folder}/ran`);
      expect(await make({ close, ...(await table(run)) })).toMatch(why);
      expect(await helper.client.doors()).toEqual([]);
      expect(await said('ran')).toBe('');
      await rm(folder, { recursive: true });
    });
  });
});
