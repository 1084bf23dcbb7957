import { chmod, copyFile, mkdtemp, readFile, readdir, rename, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { startDriverHost } from './driver-host.ts';
import { createLab } from './net.ts';
import { pidsIn } from './space.ts';
import { reaches, sshLogin, sshSession, startSshd } from './sshd.ts';
import { unpack } from './unpack.ts';
import type { DriverHost, TimedStage } from './driver-host.ts';
import type { Lab } from './net.ts';
import type { Sshd } from './sshd.ts';

const phone = '203.0.113.7';
const phone6 = '2001:db8:7::7';
const rule = (tool: string, verb: string) => `/sbin/${tool} ${verb} -s %IP% -p tcp --dport 22 -j ACCEPT`;
const options = '[options]\n\tUseSyslog\n\tlogfile = /nonexistent/knockd.log\n\tInterface = eth0\n';
const openSsh = (seconds: number, name = 'openSSH') => `
[${name}]
 sequence = 7324,4566,7446,4324
 seq_timeout = 5
 command = ${rule('iptables', '-I INPUT 1')}
 command_6 = ${rule('ip6tables', '-I INPUT 1')}
 tcpflags = syn
 cmd_timeout = ${seconds}
 stop_command = ${rule('iptables', '-D INPUT')}
 stop_command_6 = ${rule('ip6tables', '-D INPUT')}
`;

let lab: Lab;
let sshd: Sshd;
let program: string;
let host: DriverHost;
let files = 0;

beforeAll(async () => {
  lab = await createLab({ firewall: 'iptables' });
  sshd = await startSshd(lab);
  program = (await unpack('knockd')).path('usr/sbin/knockd');
  host = await startDriverHost(lab.home);
});
afterAll(() => lab.destroy());

const opened: { host: DriverHost; door: string }[] = [];
afterEach(async () => {
  for (const { host, door } of opened.splice(0)) await host.stop(door).catch(() => undefined);
  // knockd's sleeping children of the test before must not reach into the next one.
  for (const pid of pidsIn(lab.home.name)) {
    if ((await readFile(`/proc/${pid}/comm`, 'utf8').catch(() => '')).startsWith('knockd'))
      process.kill(pid, 'SIGKILL');
  }
  for (const tool of ['iptables', 'ip6tables']) {
    for (const address of (await rules(tool)).map((line) => /-s (\S+)/.exec(line)?.[1] ?? '')) {
      await lab.home.run(tool, ['-D', 'INPUT', '-s', address, '-p', 'tcp', '--dport', '22', '-j', 'ACCEPT']);
    }
  }
});

async function rules(tool = 'iptables'): Promise<string[]> {
  const { stdout } = await lab.home.run(tool, ['-S', 'INPUT']);
  return stdout.split('\n').filter((line) => line.includes('--dport 22 '));
}

interface Made {
  readonly door: string;
  readonly directory: string;
  readonly file: string;
}

/** Writes a knockd.conf, makes and starts a door of it. */
async function make(text: string, section = 'openSSH', more: object = {}, on = host): Promise<Made> {
  const directory = await mkdtemp(join(lab.directory, 'helper-'));
  const file = join(directory, 'knockd.conf');
  await writeFile(file, text, { mode: 0o644 });
  const door = `door${files++}`;
  await on.create(door, 'knockd', { file, section, program, ...more }, directory);
  await on.start(door);
  opened.push({ host: on, door });
  return { door, directory, file };
}

const open = (made: Made, address = phone, onStage?: (stage: TimedStage) => void) =>
  host.open(made.door, address, 10, onStage);

async function until(what: () => Promise<boolean>, withinMs: number): Promise<number> {
  const began = performance.now();
  while (!(await what())) {
    if (performance.now() - began > withinMs) throw new Error(`not within ${withinMs} ms`);
    await sleep(20);
  }
  return performance.now() - began;
}

/** knockd processes in the home's namespace: the main one and its sleeping children. */
async function knockds(): Promise<number[]> {
  const all = pidsIn(lab.home.name);
  const comms = await Promise.all(all.map((pid) => readFile(`/proc/${pid}/comm`, 'utf8').catch(() => '')));
  return all.filter((_, i) => comms[i]?.trim() === 'knockd');
}

describe('one opening', () => {
  test('knock by knock to an open port, for the phone alone, until knockd closes it', async () => {
    const made = await make(options + openSsh(5));
    expect(await reaches(lab.phone, lab.home.address4, 22)).toBe(false);

    const live: object[] = [];
    const began = performance.now();
    const { opening, stages } = await open(made, phone, (stage) => live.push(stage));
    const took = performance.now() - began;
    expect(opening).toEqual({ address: phone });
    expect(live).toEqual(stages.map(({ atMs: _, ...stage }) => stage));
    expect(stages.map(({ stage, n, of }) => (n === undefined ? stage : `${stage} ${n}/${of}`))).toEqual([
      'asked',
      'knock 1/4',
      'knock 2/4',
      'knock 3/4',
      'knock 4/4',
      'sesame',
      'rule',
      'checked',
    ]);
    expect(took).toBeLessThan(1500);

    expect(await rules()).toEqual([`-A INPUT -s ${phone}/32 -p tcp -m tcp --dport 22 -j ACCEPT`]);
    expect((await sshLogin(lab.phone, sshd, lab.home.address4)).stdout).toBe('in\n');
    expect(await reaches(lab.stranger, lab.home.address4, 22)).toBe(false);
    expect(await host.inspect(made.door)).toEqual([{ address: phone }]);

    await until(async () => (await rules()).length === 0, 7000);
    expect(performance.now() - began).toBeGreaterThan(4900);
    expect(await reaches(lab.phone, lab.home.address4, 22)).toBe(false);
    expect(await host.inspect(made.door)).toEqual([]);
  });

  test('by IPv6, with the commands for IPv6', async () => {
    const made = await make(options + openSsh(5));
    const { stages } = await open(made, phone6);
    expect(stages.filter(({ stage }) => stage === 'knock').map(({ n }) => n)).toEqual([1, 2, 3, 4]);
    expect(await rules('ip6tables')).toEqual([
      `-A INPUT -s ${phone6}/128 -p tcp -m tcp --dport 22 -j ACCEPT`,
    ]);
    expect(await rules()).toEqual([]);
    expect((await sshLogin(lab.phone, sshd, lab.home.address6)).stdout).toBe('in\n');
    expect(await reaches(lab.stranger, lab.home.address6, 22)).toBe(false);
    expect(await host.inspect(made.door)).toEqual([{ address: phone6 }]);
    await until(async () => (await rules('ip6tables')).length === 0, 7000);
  });

  test('by UDP and TCP in turn, in a section whose name holds a colon and a space', async () => {
    const name = 'home: back door';
    const text = openSsh(2, name)
      .replace('7324,4566,7446,4324', '7324:udp,4566:tcp,7446:udp')
      .replace('= syn', '= syn,!ack,psh');
    const made = await make(options + text, name);
    const { stages } = await open(made);
    expect(stages.at(-3)?.stage).toBe('sesame');
    expect(await rules()).toHaveLength(1);
  });

  test('ssh lives on when the door has closed', async () => {
    const made = await make(options + openSsh(1));
    await open(made);
    const session = await sshSession(lab.phone, sshd, lab.home.address4);
    await until(async () => (await rules()).length === 0, 3000);
    expect(await session.say()).toBe(true);
    expect(await reaches(lab.phone, lab.home.address4, 22)).toBe(false);
    await session.end();
  });

  test('nothing of the knock reaches a wire, no answer to it either', async () => {
    const text = openSsh(1).replace('7324,4566', '7324:udp,4566');
    const made = await make(options + text);
    // Neighbour discovery may speak on the wire at any time; none of these may.
    const kinds = [
      'meta l4proto { tcp, udp }',
      'icmp type destination-unreachable',
      'icmpv6 type destination-unreachable',
    ];
    const watch = [
      'add table inet watch',
      'add chain inet watch out { type filter hook output priority 0; }',
      ...kinds.map((kind) => `add rule inet watch out oifname "eth0" ${kind} counter`),
    ];
    await lab.home.run('nft', [watch.join('; ')]);
    const count = async () => {
      const { stdout } = await lab.home.run('nft', ['list', 'table', 'inet', 'watch']);
      return [...stdout.matchAll(/packets (\d+)/g)].reduce((sum, found) => sum + Number(found[1]), 0);
    };
    await open(made);
    await open(made, phone6);
    await sleep(200);
    expect(await count()).toBe(0);
    await reaches(lab.home, '203.0.113.66', 9);
    expect(await count()).toBeGreaterThan(0);
    await lab.home.run('nft', ['delete', 'table', 'inet', 'watch']);
  });
});

describe('openings beside each other', () => {
  test('a second opening for the same address is refused and adds no rule; others go on', async () => {
    const made = await make(options + openSsh(3));
    await open(made);
    await expect(open(made)).rejects.toMatchObject({ code: 'refused-door-open' });
    expect(await rules()).toHaveLength(1);
    await open(made, '203.0.113.66');
    expect(await rules()).toHaveLength(2);
    expect(await reaches(lab.stranger, lab.home.address4, 22)).toBe(true);
    expect(new Set(await host.inspect(made.door))).toEqual(
      new Set([{ address: phone }, { address: '203.0.113.66' }]),
    );
  });

  test('ten addresses asked at once: each is heard, one injection after another', async () => {
    const made = await make(options + openSsh(10));
    const addresses = Array.from({ length: 10 }, (_, i) =>
      i % 2 ? `2001:db8:7::${i + 100}` : `203.0.113.${i + 100}`,
    );
    const done = await Promise.all(addresses.map((address) => open(made, address)));
    expect(done.map(({ opening }) => opening.address)).toEqual(addresses);
    expect(await rules()).toHaveLength(5);
    expect(await rules('ip6tables')).toHaveLength(5);
  });

  test('two doors of one file share one knockd, and it is the doors’ last one that ends it', async () => {
    const text =
      options +
      openSsh(1) +
      openSsh(1, 'other').replace('7324,4566', '4566,7324').replaceAll('--dport 22', '--dport 2222');
    const first = await make(text);
    await host.create('beside', 'knockd', { file: first.file, section: 'other', program }, first.directory);
    await host.start('beside');
    expect(await knockds()).toHaveLength(1);
    await Promise.all([open(first), host.open('beside', phone)]);
    await host.stop(first.door);
    expect(await knockds()).not.toHaveLength(0);
    await host.stop('beside');
    await until(async () => (await knockds()).length === 0, 3000);
    expect(await rules()).toEqual([]);
  });
});

describe('closing before the time', () => {
  test('takes the rule away; knockd’s timer finds nothing and harms nothing', async () => {
    const made = await make(options + openSsh(2));
    await open(made);
    await host.close(made.door, phone);
    expect(await rules()).toEqual([]);
    expect(await host.inspect(made.door)).toEqual([]);
    expect(await reaches(lab.phone, lab.home.address4, 22)).toBe(false);
    await host.close(made.door, phone); // closing what is closed is no error
    await sleep(2300);
    const [output] = (await readdir(made.directory)).filter((name) => name.endsWith('.out'));
    expect(await readFile(join(made.directory, output!), 'latin1')).toContain(
      'returned non-zero status code (1)',
    );
    await open(made);
    expect(await rules()).toHaveLength(1);
  });

  test('and opening again: the old timer does not cut the new opening short', async () => {
    const made = await make(options + openSsh(2));
    await open(made);
    await sleep(1200);
    await host.close(made.door, phone);
    await open(made);
    const again = performance.now();
    await sleep(1300); // the first opening's time is over
    expect(await rules()).toHaveLength(1);
    await until(async () => (await rules()).length === 0, 2500);
    expect(performance.now() - again).toBeGreaterThan(1900);
  });

  test('a rule that was there before is shown, keeps its address refused, and is never removed', async () => {
    const made = await make(options + openSsh(2));
    await lab.home.run('iptables', [
      '-A',
      'INPUT',
      '-s',
      phone,
      '-p',
      'tcp',
      '--dport',
      '22',
      '-j',
      'ACCEPT',
    ]);
    expect(await host.inspect(made.door)).toEqual([{ address: phone }]);
    await expect(open(made)).rejects.toMatchObject({ code: 'refused-door-open' });
    await expect(host.close(made.door, phone)).rejects.toMatchObject({ code: 'tool-still-open' });
    expect(await rules()).toHaveLength(1);
  });
});

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
    expect(await host.inspect(made.door)).toEqual([{ address: phone }]);
    await sleep(3000); // cmd_timeout + 1 s: nobody closed it
    expect(await host.inspect(made.door)).toEqual([{ address: phone }]);
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
      code: expect.stringMatching(/^tool-(failed|missing)$/) as string,
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

describe('what cannot be', () => {
  test('no knockd: tool-missing', async () => {
    const directory = await mkdtemp(join(lab.directory, 'helper-'));
    const file = join(directory, 'knockd.conf');
    await writeFile(file, openSsh(2));
    await host.create('absent', 'knockd', { file, section: 'openSSH' }, directory);
    if ((await lab.home.run('sh', ['-c', 'command -v knockd'], { anyStatus: true })).code === 0) return;
    await expect(host.start('absent')).rejects.toMatchObject({ code: 'tool-missing' });
    await expect(host.open('absent', phone)).rejects.toMatchObject({ code: 'tool-missing' });
    expect(await rules()).toEqual([]);
    await host.stop('absent');
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
    expect(await host.inspect(made.door)).toEqual([{ address: phone }]);
    await expect(open(made)).rejects.toMatchObject({ code: 'refused-door-open' });
    await expect(host.close(made.door, phone)).rejects.toMatchObject({ code: 'tool-still-open' });
    expect(await readFile(log, 'utf8')).toBe(`on ${phone}\n`);
    await sleep(2100);
    expect(await host.inspect(made.door)).toEqual([]);
    expect(await readFile(log, 'utf8')).toBe(`on ${phone}\noff ${phone}\n`);
    await host.close(made.door, phone);
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
  const script = fileURLToPath(new URL('collected-process.ts', import.meta.url));
  const ran = await lab.home.run(process.execPath, ['--expose-gc', '--import', 'tsx', script], {
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
