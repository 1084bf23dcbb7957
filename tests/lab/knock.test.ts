import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { until } from '../support/until.ts';
import { startFarKnockd, type FarKnockd } from './far-knockd.ts';
import { startHousehold, type Household, type TerminalDevice } from './household.ts';
import { createLab, type Lab } from './net.ts';
import { reaches, startSshd } from './sshd.ts';

// Needs root. A host that runs only knockd and sshd (the lab's stranger), a home that knocks, a phone that jumps.

const secret = [41735, 48127, 43961];
const conf = (seconds: number): string => {
  const rule = (tool: string, verb: string) => `/sbin/${tool} ${verb} -s %IP% -p tcp --dport 22 -j ACCEPT`;
  return `
[far]
 sequence = ${secret[0]},${secret[1]}:udp,${secret[2]}
 seq_timeout = 5
 tcpflags = syn
 cmd_timeout = ${seconds}
 command = ${rule('iptables', '-I INPUT 1')}
 stop_command = ${rule('iptables', '-D INPUT')}
 command_6 = ${rule('ip6tables', '-I INPUT 1')}
 stop_command_6 = ${rule('ip6tables', '-D INPUT')}
`;
};
const seconds = 5;

interface Row {
  readonly name: string;
  readonly state: string;
  readonly endpoint: { host: string; port: number };
  readonly jump?: { host: string; port: number };
  readonly steps: { step: string; n?: number; of?: number }[];
}

let lab: Lab;
let house: Household;
let far: FarKnockd;
let phone: TerminalDevice;
let sshConfig: string;
const said: string[] = [];

beforeAll(async () => {
  lab = await createLab();
  far = await startFarKnockd(lab, lab.stranger, conf(seconds));
  // Counts what comes to the ports of the sequence, and decides nothing.
  for (const port of secret)
    for (const protocol of ['tcp', 'udp'])
      await lab.stranger.run('iptables', ['-A', 'INPUT', '-p', protocol, '--dport', String(port)]);
  const [home, there] = [await startSshd(lab), await startSshd(lab, { at: lab.stranger })];
  sshConfig = join(lab.directory, 'ssh_config');
  await writeFile(
    sshConfig,
    `Host *\n User root\n IdentityFile ${home.key}\n IdentityFile ${there.key}\n IdentitiesOnly yes\n BatchMode yes\n` +
      ` StrictHostKeyChecking no\n UserKnownHostsFile /dev/null\n LogLevel ERROR\n ConnectTimeout 5\n`,
  );
  const sequence = `${secret[0]},${secret[1]}:udp,${secret[2]}`;
  const jump = `${lab.home.address4}:22`;
  house = await startHousehold(lab, {
    agent:
      `[[door]]\nname = "barn"\ndriver = "knock"\nto = "${lab.stranger.address4}"\nport = 22\n` +
      `lasts = "${seconds}s"\nsequence = "${sequence}"\njump = "${jump}"\n`,
  });
  const given = ['--to', lab.stranger.address6, '--port', '22', '--check', '22', '--lasts', `${seconds}s`];
  const added = await house.home(
    ...['door', 'add', 'knock', 'loft', ...given, '--jump', jump, '--spacing', '20', '--sequence', sequence],
  );
  said.push(added.stdout, added.stderr);
  expect(added.stdout).toBe('loft is there\n');
  expect((await stat(join(house.agentDirectory, 'agent.toml'))).mode & 0o777).toBe(0o600);
  phone = await house.device(lab.phone);
  await phone.pair(4);
});
afterAll(() => lab?.destroy());

const row = async (name: string): Promise<Row> => {
  const rows = await phone.json<Row[]>(['doors']);
  said.push(JSON.stringify(rows));
  return rows.find((one) => one.name === name)!;
};
const packets = async (): Promise<number[]> => {
  const { stdout } = await lab.stranger.run('iptables', ['-nvxL', 'INPUT']);
  const counted = [...stdout.matchAll(/^\s*(\d+) .*\b(tcp|udp) dpt:(\d+)/gm)];
  return secret.flatMap((port) =>
    ['tcp', 'udp'].map((protocol) =>
      Number(counted.find(([, , kind, to]) => kind === protocol && Number(to) === port)?.[1]),
    ),
  );
};

test('TCP and UDP in order, one packet each; *Open?* is all that is said; ssh -J logs in; the far knockd closes', async () => {
  expect(await reaches(lab.home, lab.stranger.address4, 22)).toBe(false);
  const { stdout } = await phone.run(['open', 'barn']);
  said.push(stdout);
  expect(stdout).toMatch(/knock 3 of 3/);
  expect(stdout).not.toMatch(/read back/);
  expect(stdout).toMatch(/barn +unverified/);
  const command = /^Through home: ssh (.+)$/m.exec(stdout)?.[1]?.split(' ') ?? [];
  expect(command).toEqual(['-J', lab.home.address4, lab.stranger.address4]);
  await until(async () => (await far.rules()).length === 1, 3000);
  expect(await far.rules()).toEqual([
    `-A INPUT -s ${lab.home.address4}/32 -p tcp -m tcp --dport 22 -j ACCEPT`,
  ]);
  const jumped = await lab.phone.run('ssh', ['-F', sshConfig, ...command, 'echo in']);
  expect(jumped.stdout).toBe('in\n');
  // Nobody here can close it, and nobody says so.
  const refused = await phone.run(['close', 'barn'], { anyStatus: true });
  expect([refused.code, refused.stderr]).toEqual([1, expect.stringContaining('tool-still-open')]);
  await until(async () => (await far.rules()).length === 0, seconds * 1000 + 2000);
  await until(async () => (await row('barn')).state === 'closed', 5000);
  expect(await reaches(lab.home, lab.stranger.address4, 22)).toBe(false);
  // also long after a second SYN would have come
  expect(await packets()).toEqual([1, 0, 0, 1, 1, 0]);
});

test('IPv6 and a check: open is what the port itself says, and closed, also after kill -9 of the home agent', async () => {
  const opened = await phone.json<Row>(['open', 'loft']);
  said.push(JSON.stringify(opened));
  expect(opened).toMatchObject({
    state: 'open',
    endpoint: { host: lab.stranger.address6, port: 22 },
    jump: { host: lab.home.address4, port: 22 },
  });
  expect(opened.steps.map(({ step }) => step).slice(-4)).toEqual(['knock', 'knock', 'knock', 'checked']);
  await house.killAgent();
  await house.startAgent();
  expect((await row('loft')).state).toBe('open');
  const again = await phone.run(['open', 'loft'], { anyStatus: true });
  expect([again.code, again.stderr]).toEqual([1, expect.stringContaining('refused-door-open')]);
  await until(async () => (await row('loft')).state === 'closed', seconds * 1000 + 5000);
  expect((await lab.stranger.run('ip6tables', ['-S', 'INPUT'])).stdout).not.toContain('--dport 22 ');
});

test('a far side that does not open: refused, nothing is left, and no state is made up', async () => {
  // What answers is taken away, as if sshd were down; knockd's own rule has no say there.
  await lab.stranger.run('ip6tables', [
    '-t',
    'raw',
    '-A',
    'PREROUTING',
    '-p',
    'tcp',
    '--dport',
    '22',
    '-j',
    'DROP',
  ]);
  const failed = await phone.run(['open', 'loft'], { anyStatus: true });
  expect([failed.code, failed.stderr]).toEqual([1, expect.stringContaining('tool-not-open')]);
  expect((await row('loft')).state).toBe('closed');
});

test('the sequence is in the home’s file and nowhere else: no log, no database, no device', async () => {
  const folder = house.agentDirectory;
  const files = (await readdir(folder, { recursive: true, withFileTypes: true })).filter((one) =>
    one.isFile(),
  );
  const texts = await Promise.all(
    files
      .filter((one) => one.name !== 'agent.toml')
      .map((one) => readFile(join(one.parentPath, one.name), 'latin1')),
  );
  expect(texts.length).toBeGreaterThan(1);
  for (const port of secret)
    for (const text of [...texts, ...said, ...house.agentLog])
      expect(text).not.toMatch(new RegExp(`(?<!\\d)${port}(?!\\d)`));
});
