import { chmod, copyFile, mkdtemp, readFile, readdir, rename, stat, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { startBareKnockd } from './bare-knockd.ts';
import { startDriverHost } from './driver-host.ts';
import {
  phone,
  phone6,
  options,
  openSsh,
  lab,
  program,
  host,
  opened,
  rules,
  make,
  open,
  until,
  knockds,
  prepareKnockdLab,
} from './knockd-lab.ts';
import { built } from '../support/built.ts';

prepareKnockdLab();

describe('what outlives us', () => {
  test('the whole process killed while open: knockd’s child still closes in time', async () => {
    const doomed = await startDriverHost(lab.home);
    const made = await make(options + openSsh(2), 'openSSH', {}, doomed);
    await doomed.open(made.door, phone);
    await doomed.kill();
    expect(await rules()).toHaveLength(1);
    await until(async () => (await rules()).length === 0, 3000);
  });

  test('after a restart: one knockd, the stale rule is found, and closed', async () => {
    const doomed = await startDriverHost(lab.home);
    const made = await make(options + openSsh(2), 'openSSH', {}, doomed);
    await doomed.open(made.door, phone);
    // Everything dies, the sleeping child too (a unit stopped with KillMode=control-group does that).
    await doomed.kill();
    const [, ...children] = await knockds();
    for (const pid of children) process.kill(pid, 'SIGKILL');
    await until(async () => (await knockds()).length === 1, 1000);

    await host.create(made.door, 'knockd', { file: made.file, section: 'openSSH', program }, made.directory);
    await host.start(made.door);
    opened.push({ host, door: made.door });
    expect(await knockds()).toHaveLength(1);
    expect(await host.inspect(made.door)).toMatchObject([{ address: phone }]);
    await sleep(3000); // cmd_timeout + 1 s: nobody closed it
    const [late] = await host.inspect(made.door);
    expect(late?.address).toBe(phone);
    expect(late?.dueMs).toBeLessThanOrEqual(0);
    await host.close(made.door, phone);
    expect(await host.inspect(made.door)).toEqual([]);
    expect(await rules()).toEqual([]);
    await open(made);
    expect(await rules()).toHaveLength(1);
  });

  test('knockd gone: it is started again by itself; while it cannot be, openings say so', async () => {
    const own = join(lab.directory, 'knockd');
    await copyFile(program, own);
    await chmod(own, 0o755);
    const made = await make(options + openSsh(2), 'openSSH', { program: own });
    const [first] = await knockds();
    process.kill(first!, 'SIGKILL');
    await until(async () => (await knockds()).some((pid) => pid !== first), 3000);
    await open(made);
    await host.close(made.door, phone);

    await rename(own, `${own}-away`);
    for (const pid of await knockds()) process.kill(pid, 'SIGKILL');
    await until(async () => (await knockds()).length === 0, 3000);
    await expect(open(made)).rejects.toMatchObject({
      code: expect.stringMatching(/^tool-(ended|missing)$/) as string,
    });
    expect(await rules()).toEqual([]);
    await rename(`${own}-away`, own);
    await until(
      () =>
        open(made).then(
          () => true,
          () => false,
        ),
      5000,
    );
    expect(await rules()).toHaveLength(1);
  });
});

describe('whose a rule is', () => {
  const text = (log: string) => options.replace('/nonexistent/knockd.log', log) + openSsh(1);
  const permanent = (verb: string) => `${verb} INPUT -s ${phone} -p tcp --dport 22 -j ACCEPT`.split(' ');

  test('the outer knockd’s opening that lost its timer is closed; a rule from before it stays', async () => {
    await lab.home.run('iptables', permanent('-A'));
    const made = await make(text(join(lab.directory, 'outer.log')));
    expect(await host.inspect(made.door)).toMatchObject([{ address: phone }]);
    const outer = await startBareKnockd(lab, made.file, [7324, 4566, 7446, 4324]);
    await outer.knock(lab.phone);
    await until(async () => (await rules()).length === 2, 2000);
    const [seen] = await host.inspect(made.door);
    expect(seen?.dueMs).toBeGreaterThan(0);
    await expect(host.close(made.door, phone)).rejects.toMatchObject({ code: 'tool-still-open' });
    expect(await rules()).toHaveLength(2);
    for (const pid of outer.timers()) process.kill(pid, 'SIGKILL');
    await until(async () => ((await host.inspect(made.door))[0]?.dueMs ?? 1) <= 0, 4000);
    await host.close(made.door, phone);
    expect(await rules()).toHaveLength(1);
    expect(await host.inspect(made.door)).toMatchObject([{ address: phone }]);
    await expect(host.close(made.door, phone)).rejects.toMatchObject({ code: 'tool-still-open' });
    expect(await rules()).toHaveLength(1);
  });

  test('after the outer knockd’s opening was ended by hand: no opening that its timer would end', async () => {
    const made = await make(text(join(lab.directory, 'outer2.log')));
    const outer = await startBareKnockd(lab, made.file, [7324, 4566, 7446, 4324]);
    await outer.knock(lab.phone);
    await until(async () => (await rules()).length === 1, 2000);
    await host.inspect(made.door);
    await lab.home.run('iptables', permanent('-D'));
    await expect(open(made)).rejects.toMatchObject({ code: 'refused-door-open' });
    expect(await rules()).toEqual([]);
    await until(
      () =>
        open(made).then(
          () => true,
          () => false,
        ),
      4000,
    );
  });
});

describe('what cannot be', () => {
  test('no knockd: tool-missing', async ({ skip }) => {
    const installed = await lab.home.run('sh', ['-c', 'command -v knockd'], { anyStatus: true });
    skip(installed.code === 0, 'knockd is installed on this machine');
    const directory = await mkdtemp(join(lab.directory, 'helper-'));
    const file = join(directory, 'knockd.conf');
    await writeFile(file, openSsh(2));
    await host.create('absent', 'knockd', { file, section: 'openSSH' }, directory);
    await expect(host.start('absent')).rejects.toMatchObject({ code: 'tool-missing' });
    await expect(host.open('absent', phone)).rejects.toMatchObject({ code: 'tool-missing' });
    expect(await rules()).toEqual([]);
    await host.stop('absent');
  });

  test('no raw-socket: tool-missing, and no knockd is started', async () => {
    // the package is there, and hidden from this one process
    const folder = dirname(createRequire(import.meta.url).resolve('raw-socket/package.json'));
    const hide = `mount -t tmpfs none ${folder} && exec "$@"`;
    const without = await startDriverHost(lab.home, ['unshare', '-m', 'sh', '-c', hide, 'sh']);
    const before = await knockds();
    const directory = await mkdtemp(join(lab.directory, 'helper-'));
    const file = join(directory, 'knockd.conf');
    await writeFile(file, openSsh(2));
    await without.create('bare', 'knockd', { file, section: 'openSSH', program }, directory);
    await expect(without.start('bare')).rejects.toMatchObject({ code: 'tool-missing' });
    await expect(without.open('bare', phone)).rejects.toMatchObject({ code: 'tool-missing' });
    expect((await knockds()).filter((pid) => !before.includes(pid))).toEqual([]);
    expect(await rules()).toEqual([]);
    await without.kill();
  });

  test('a start command that adds no rule: tool-not-open, and nothing is claimed', async () => {
    const made = await make(options + openSsh(2).replace('-I INPUT 1', '-I NOWHERE 1'));
    await expect(open(made)).rejects.toMatchObject({ code: 'tool-not-open' });
    expect(await host.inspect(made.door)).toEqual([]);
    expect(await rules()).toEqual([]);
  });

  test('a command that is not one plain rule: open as far as knockd says, never read back', async () => {
    const log = join(lab.directory, 'custom');
    const text = `[d]\nsequence=7324,4566\ncommand = /bin/echo on %IP% >>${log}\nstop_command = /bin/echo off %IP% >>${log}\ncmd_timeout=1\n`;
    const made = await make(text, 'd', { port: 22 });
    const { stages } = await open(made);
    expect(stages.map(({ stage }) => stage)).toEqual(['asked', 'knock', 'knock', 'sesame']);
    expect(await host.inspect(made.door)).toMatchObject([{ address: phone }]);
    await expect(open(made)).rejects.toMatchObject({ code: 'refused-door-open' });
    await expect(host.close(made.door, phone)).rejects.toMatchObject({ code: 'tool-still-open' });
    expect(await readFile(log, 'utf8')).toBe(`on ${phone}\n`);
    await sleep(2100);
    expect(await host.inspect(made.door)).toEqual([]);
    expect(await readFile(log, 'utf8')).toBe(`on ${phone}\noff ${phone}\n`);
    await host.close(made.door, phone);
  });

  test('a command that nobody can read back, whose timer was lost: still open, with the command to type', async () => {
    const text = `[d]\nsequence=7324\ncommand = /bin/echo on %IP%\nstop_command = /bin/echo off %IP%\ncmd_timeout=2\n`;
    const made = await make(text, 'd', { port: 22 });
    const before = await knockds();
    await open(made);
    for (const pid of (await knockds()).filter((pid) => !before.includes(pid))) process.kill(pid, 'SIGKILL');
    expect(await host.inspect(made.door)).toMatchObject([{ address: phone }]);
    await until(async () => ((await host.inspect(made.door))[0]?.dueMs ?? 1) <= 0, 5000);
    await expect(host.close(made.door, phone)).rejects.toThrow(`by hand: /bin/echo off ${phone}`);
    await open(made);
  });

  test('a custom command that fails is not an open door', async () => {
    const made = await make('[d]\nsequence=7324\ncommand = /bin/false %IP%\n', 'd', { port: 22 });
    await expect(open(made)).rejects.toMatchObject({ code: 'tool-failed' });
  });

  test('an address of a family that has no command is refused without a knock', async () => {
    const made = await make(openSsh(2).replace(/^ (stop_)?command_6.*\n/gm, ''));
    await expect(open(made, phone6)).rejects.toMatchObject({ code: 'tool-unsupported' });
    expect(await rules('ip6tables')).toEqual([]);
    expect(await rules()).toEqual([]);
    await open(made);
  });
});

test('a garbage collection in the middle of a knock loses nothing', async () => {
  const script = built(new URL('collected-process.ts', import.meta.url));
  const ran = await lab.home.run(process.execPath, ['--expose-gc', script], {
    timeoutMs: 20_000,
  });
  expect(ran.stdout).toBe('sent\n');
});

test('the copy and all that knockd prints are root’s alone, and say nothing to the outer instance', async () => {
  const made = await make(
    options + openSsh(1) + '[once]\none_time_sequences = /nonexistent\n[far]\nsequence=1\ntarget=192.0.2.9\n',
  );
  await open(made);
  const names = (await readdir(made.directory)).filter((name) => name !== 'knockd.conf');
  expect(names.length).toBeGreaterThan(2);
  for (const name of names) expect((await stat(join(made.directory, name))).mode & 0o777).toBe(0o600);
  const copy = await readFile(
    join(
      made.directory,
      names.find((name) => name.endsWith('.conf'))!,
    ),
    'latin1',
  );
  expect(copy).toMatch(/^Interface = lo$/m);
  expect(copy).not.toMatch(/syslog|logfile|eth0|once|far/i);
});

test('a file that others can write is refused: its commands run as root', async () => {
  const directory = await mkdtemp(join(lab.directory, 'helper-'));
  const file = join(directory, 'knockd.conf');
  await writeFile(file, openSsh(2));
  await chmod(file, 0o666);
  await expect(
    host.create('unsafe', 'knockd', { file, section: 'openSSH', program }, directory),
  ).rejects.toMatchObject({
    code: 'config-unsafe',
  });
  expect(await readdir(directory)).toEqual(['knockd.conf']);
});
