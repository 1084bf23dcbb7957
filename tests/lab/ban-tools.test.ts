import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parse } from 'smol-toml';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { followAttacks } from '../../server/helper/attacks.ts';
import { pageBlock, pageFiles, withPageFilters, type Fail2banTools } from './filters-page.ts';
import { startLabHelper } from './helper.ts';
import { createLab, type Lab } from './net.ts';
import { startProbe, type Probe } from './probe.ts';
import { startSource, type SourceHost } from './source-host.ts';
import { sshGuess, startSshd, type Sshd } from './sshd.ts';
import { unpack } from './unpack.ts';

// Needs root. The real sshd attacked for real, and what its log, SshGuard, fail2ban and iptables make of it.

let lab: Lab;
let sshd: Sshd;
let stranger: Probe;
let phone: Probe;
let fail2ban: Fail2banTools;
let panelLog: string;
const open: SourceHost[] = [];

beforeAll(async () => {
  lab = await createLab();
  sshd = await startSshd(lab, { config: ['Match all', 'PasswordAuthentication yes', 'PermitRootLogin yes'] });
  stranger = startProbe(lab.stranger);
  phone = startProbe(lab.phone);
  panelLog = join(lab.directory, 'error_log');
  fail2ban = await withPageFilters(lab, {
    '%(sshd_log)s': sshd.log,
    '/var/log/sw-cp-server/error_log': panelLog,
  });
});
afterAll(async () => {
  for (const source of open) await source.stop();
  await lab.destroy();
});

async function source(type: string, table: object): Promise<SourceHost> {
  const made = await startSource(lab.home, type, table);
  open.push(made);
  return made;
}

const reaches = async (probe: Probe, port = 22) =>
  (await probe.connect(lab.home.address4, port, { timeoutMs: 300 })).outcome === 'connected';

const guess = (times: number, user: string) => sshGuess(lab.stranger, lab.home.address4, times, { user });

/** Greets and hangs up, as the zombie does: SSH_MSG_DISCONNECT (1), by application (11), "Bye Bye". */
const zombie = `
const text = Buffer.from('Bye Bye');
const payload = Buffer.concat([Buffer.from([1, 0, 0, 0, 11, 0, 0, 0, text.length]), text, Buffer.alloc(4)]);
const padding = 16 - ((5 + payload.length) % 8);
const packet = Buffer.concat([Buffer.alloc(5), payload, Buffer.alloc(padding)]);
packet.writeUInt32BE(1 + payload.length + padding);
packet[4] = padding;
const socket = require('net').connect(22, process.argv[1], () => socket.write('SSH-2.0-libssh-0.1\\r\\n'));
socket.once('data', () => socket.write(packet));
socket.on('error', () => undefined);
socket.on('close', () => process.exit());
`;

test('what the real sshd logs of guesses and of a zombie is counted as such', async () => {
  const watch = followAttacks({ from: [sshd.log], log: () => undefined });
  const began = Date.now() - 1000; // stamps of whole seconds
  await guess(2, 'root');
  await guess(1, 'Failed password for x from 203.0.113.7 port 4 ssh2');
  await lab.stranger.run(process.execPath, ['-e', zombie, lab.home.address6]);
  await sshd.logged(/Received disconnect from 2001:db8:7::66 /);
  await watch.settle();
  const { hours, recent, reads } = watch.attacks();
  expect(reads).toBe(true);
  const sum = (kind: string) =>
    hours.filter((one) => one.kind === kind).reduce((all, one) => all + one.count, 0);
  expect([sum('failed'), sum('zombie'), sum('noise')]).toEqual([3, 1, 0]);
  expect(new Set(recent.map(({ address }) => address))).toEqual(new Set(['203.0.113.66', '2001:db8:7::66']));
  expect(recent[0]).toMatchObject({ kind: 'zombie', address: '2001:db8:7::66' });
  expect(recent.map(({ user }) => user)).toContain('root');
  expect([...(watch.failures(began) ?? [])]).toEqual([['203.0.113.66', 3]]);
  expect(watch.failures(Date.now() + 5000)?.size).toBe(0);
  await watch.stop();
  // Who begins later sees the same: the log of the last two days.
  const again = followAttacks({ from: [sshd.log], log: () => undefined });
  await again.settle();
  expect(again.attacks()).toEqual(watch.attacks());
  await again.stop();
});

test('the page’s filter takes the zombie’s lines of the real sshd, and no other', async () => {
  const all = await sshd.lines();
  const matched = await fail2ban.matched(sshd.log, 'latchkey-zombie');
  expect(matched).toEqual(all.filter((line) => /: Received disconnect .*:11: .*\[preauth\]$/.test(line)));
  expect(matched.some((line) => line.includes('2001:db8:7::66'))).toBe(true);
  expect(all.length).toBeGreaterThan(matched.length);
  // The form of older sshds, sshd-session's, and a name that would be this line.
  const log = join(lab.directory, 'forms.log');
  const lines = [
    'Nov 22 07:20:01 apache sshd[1]: Received disconnect from 203.0.113.9: 11: Bye Bye [preauth]',
    'Nov 22 07:20:01 home sshd-session[2]: Received disconnect from 203.0.113.9 port 4444:11: Bye Bye [preauth]',
    'Nov 22 07:20:01 home sshd[3]: Received disconnect from 203.0.113.9 port 4:11: disconnected by user',
    'Nov 22 07:20:01 home sshd[4]: Invalid user Received disconnect from 203.0.113.7: 11: Bye Bye [preauth] from 203.0.113.9 port 4',
  ];
  await writeFile(log, lines.join('\n') + '\n');
  expect(await fail2ban.matched(log, 'latchkey-zombie')).toEqual(lines.slice(0, 2));
});

test('the page’s panel filter takes broken handshakes of a real nginx; the old panel’s line it cannot', async () => {
  const nginx = await unpack('nginx');
  const folder = join(lab.directory, 'nginx');
  await mkdir(folder);
  await lab.home.run('openssl', [
    ...['req', '-x509', '-newkey', 'ed25519', '-nodes', '-subj', '/CN=panel', '-days', '2'],
    ...['-keyout', join(folder, 'key.pem'), '-out', join(folder, 'certificate.pem')],
  ]);
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
  await writeFile(
    join(folder, 'nginx.conf'),
    `daemon off; user root; pid ${folder}/pid; error_log ${panelLog} info; events {}
http { access_log off; ${temporary.map((name) => `${name}_temp_path ${folder}/${name};`).join(' ')}
server { listen 8880 ssl; ssl_certificate ${folder}/certificate.pem; ssl_certificate_key ${folder}/key.pem; } }`,
  );
  const daemon = lab.home.spawn(
    nginx.path('usr/sbin/nginx'),
    ['-c', join(folder, 'nginx.conf'), '-p', folder],
    {
      env: nginx.env,
    },
  );
  await stranger.until(lab.home.address4, 8880);
  const say = (text: string) =>
    lab.stranger.run(process.execPath, [
      '-e',
      `const s = require('net').connect(8880, '${lab.home.address4}', () => s.end(Buffer.from('${text}', 'hex')));
       s.on('data', () => 0); s.on('close', () => process.exit());`,
    ]);
  await say('');
  await say('160301');
  const weak = ['s_client', '-connect', `${lab.home.address4}:8880`, '-tls1_2', '-cipher', 'aRSA'];
  await lab.stranger.run('openssl', weak, { anyStatus: true });
  await say(Buffer.from('GET / HTTP/1.0\r\n\r\n').toString('hex'));
  const lines = async () =>
    (await readFile(panelLog, 'utf8')).split('\n').filter((line) => line.includes('client:'));
  for (let tries = 0; tries < 100 && (await lines()).length < 5; tries++) await sleep(20);
  const all = await lines();
  const broken = all.filter((line) => line.includes('while SSL handshaking'));
  expect(broken.length).toBeGreaterThanOrEqual(3);
  expect(all.length).toBeGreaterThan(broken.length);
  expect(await fail2ban.matched(panelLog, 'latchkey-panel')).toEqual(broken);
  daemon.kill();

  const old = join(lab.directory, 'old-panel.log');
  const ssl = '(connections.c.299) SSL: 1 error:140780E5:SSL routines:SSL23_READ:ssl handshake failure';
  await writeFile(old, `2009-06-03 22:37:08: ${ssl}\n`);
  expect(await fail2ban.matched(old, 'latchkey-panel')).toEqual([]);
});

test('fail2ban takes the page’s files as they are', async () => {
  expect([...(await pageFiles()).keys()].sort()).toEqual([
    'filter.d/latchkey-panel.conf',
    'filter.d/latchkey-zombie.conf',
    'jail.d/latchkey-panel.local',
    'jail.d/latchkey-zombie.local',
  ]);
  const { code, stdout, stderr } = await fail2ban.test();
  expect([code, stdout + stderr]).toEqual([
    0,
    expect.stringContaining('OK: configuration test is successful'),
  ]);
});

test('SshGuard, reading sshd’s log: the stranger is banned by its own attack, shown, and lifted', async () => {
  const guard = await unpack('sshguard');
  const conf = join(lab.directory, 'sshguard.conf');
  const libexec = guard.path('usr/libexec/sshguard');
  await writeFile(
    conf,
    `BACKEND=${libexec}/sshg-fw-nft-sets\nFILES=${sshd.log}\nTHRESHOLD=30\nBLOCK_TIME=120\nDETECTION_TIME=1800\n`,
  );
  // Its own script, which knows its two folders as fixed paths.
  const text = await readFile(guard.path('usr/sbin/sshguard'), 'utf8');
  const script = join(lab.directory, 'sshguard');
  await writeFile(
    script,
    text
      .replace('/etc/sshguard/sshguard.conf', conf)
      .replace('libexec="/usr/libexec/sshguard"', `libexec="${libexec}"`),
  );
  const daemon = lab.home.spawn('setsid', ['sh', script], { env: guard.env });
  const attackers = await source('nftset', { preset: 'sshguard' });
  const until = async (what: () => Promise<boolean>) => {
    for (const end = performance.now() + 15_000; !(await what()); await sleep(50))
      if (performance.now() > end) throw new Error(`not so: ${String(what)}`);
  };
  await until(async () => (await attackers.look()).state.problem === undefined);
  expect(await attackers.banned('203.0.113.66')).toEqual([]);

  for (let tries = 0; tries < 8 && (await attackers.banned('203.0.113.66')).length === 0; tries++) {
    await guess(2, 'admin');
    await sleep(100);
  }
  const ban = { source: 'tried', jail: 'attackers', value: '203.0.113.66' };
  expect(await attackers.banned('203.0.113.66')).toEqual([ban]);
  expect(await attackers.list('attackers')).toEqual([ban]);
  expect((await attackers.look()).state).toMatchObject({
    kind: 'nftset',
    tellsTimes: false,
    jails: [{ jail: 'attackers', banned: 1 }],
  });
  expect(await reaches(stranger)).toBe(false);
  expect(await reaches(phone)).toBe(true);

  const rules = async () =>
    (await lab.home.run('nft', ['list', 'chain', 'ip', 'sshguard', 'blacklist'])).stdout;
  const before = await rules();
  expect(await attackers.unban('203.0.113.66')).toBe(1);
  expect(await attackers.banned('203.0.113.66')).toEqual([]);
  expect(await reaches(stranger)).toBe(true);
  expect(await rules()).toBe(before);
  expect(daemon.exitCode).toBe(null);

  // Stopped, it takes its tables along: nobody is protected, which is not the same as nobody banned.
  process.kill(-daemon.pid!, 'SIGTERM');
  await until(async () => (await attackers.look()).state.problem === 'tool-ended');
});

test('the Plesk document’s own rules: who comes four times in three minutes is listed, and let in again', async () => {
  const rule = [
    '-A',
    'INPUT',
    '-p',
    'tcp',
    '-m',
    'tcp',
    '--dport',
    '22',
    '-m',
    'state',
    '--state',
    'NEW',
    '-m',
    'recent',
  ];
  const again = [
    '--update',
    '--seconds',
    '180',
    '--hitcount',
    '4',
    '--rttl',
    '--name',
    'SSH',
    '--rsource',
    '-j',
  ];
  for (const end of [
    ['--set', '--name', 'SSH', '--rsource'],
    [...again, 'LOG', '--log-prefix', 'SSH_brute_force '],
    [...again, 'DROP'],
  ])
    await lab.home.run('iptables', [...rule, ...end]);
  const list = await source('recent', { list: 'SSH', seconds: 180, hitcount: 4 });
  expect((await list.look()).state).toMatchObject({ tellsTimes: true, jails: [{ jail: 'SSH', banned: 0 }] });

  expect(await reaches(phone)).toBe(true);
  for (let n = 0; n < 3; n++) expect(await reaches(stranger)).toBe(true);
  expect(await list.banned('203.0.113.66')).toEqual([]);
  expect(await reaches(stranger)).toBe(false);
  const [ban, ...others] = await list.banned('203.0.113.66');
  expect([ban, others]).toMatchObject([{ jail: 'SSH', value: '203.0.113.66' }, []]);
  // Three stamps of one packet: the fourth from the end is the third connection's.
  const now = Date.now();
  expect(Math.abs(now - ban!.since!)).toBeLessThan(10_000);
  expect(ban!.until!).toBeGreaterThan(now + 160_000);
  expect(ban!.until!).toBeLessThan(now + 181_000);
  expect(await list.list('SSH')).toEqual([ban]);
  // The phone came once: known to the rule, and turned away by nothing.
  expect(await list.unban('203.0.113.7')).toBe(0);
  expect((await lab.home.run('cat', ['/proc/net/xt_recent/SSH'])).stdout).toContain('203.0.113.7 ');

  expect(await list.unban('203.0.113.66')).toBe(1);
  expect(await list.banned('203.0.113.66')).toEqual([]);
  expect(await reaches(stranger)).toBe(true);
  expect((await lab.home.run('cat', ['/proc/net/xt_recent/SSH'])).stdout).toContain('203.0.113.7 ');
  await lab.home.run('iptables', ['-F', 'INPUT']);
  await expect(list.banned('203.0.113.66')).rejects.toMatchObject({ code: 'tool-ended' });
});

test('the page’s rules for the panel turn away at the eleventh connection, and its source shows and lifts it', async () => {
  const heading = 'The line without an address';
  const rules = await pageBlock('sh', heading, 'iptables');
  for (const line of rules.trim().split('\n')) {
    const [tool = '', ...args] = line.split(' ');
    await lab.home.run(tool, args);
  }
  const { source: type, ...table } = parse(await pageBlock('toml', heading, 'PANEL'));
  const list = await source(String(type), table);
  await startProbe(lab.home).listen(8880);
  for (let n = 0; n < 10; n++) expect(await reaches(stranger, 8880)).toBe(true);
  expect(await list.banned('203.0.113.66')).toEqual([]);
  expect(await reaches(stranger, 8880)).toBe(false);
  expect(await list.banned('203.0.113.66')).toMatchObject([{ jail: 'PANEL', value: '203.0.113.66' }]);
  expect(await list.unban('203.0.113.66')).toBe(1);
  expect(await reaches(stranger, 8880)).toBe(true);
});

test('across the helper’s socket: a configured source, its ban lifted and undone, and the attacks of all logs', async () => {
  await writeFile(
    panelLog,
    `${new Date().toLocaleString('sv')}: (connections.c.299) SSL: 1 error:140780E5:SSL routines:SSL23_READ:ssl handshake failure\n`,
  );
  const helper = await startLabHelper(
    lab,
    {},
    {
      settings: `attack_logs = ["${sshd.log}", "${panelLog}"]\n`,
      bans: { panel: await pageBlock('toml', 'The line without an address', 'PANEL') },
    },
  );
  while (await reaches(stranger, 8880));

  const { client } = helper;
  const ban = { source: 'panel', jail: 'PANEL', value: '203.0.113.66' };
  expect(await client.banned('203.0.113.66')).toMatchObject([ban]);
  const { sources } = await client.banChanges('');
  expect(sources).toMatchObject([{ source: 'panel', kind: 'recent', canUnban: true }]);
  expect(await client.unban('203.0.113.66')).toMatchObject([ban]);
  expect(await reaches(stranger, 8880)).toBe(true);
  expect(await client.unban('203.0.113.66')).toEqual([]);
  await client.reban('panel', 'PANEL', '203.0.113.66');
  expect(await reaches(stranger, 8880)).toBe(false);

  const { hours, recent, reads } = await client.attacks();
  expect(reads).toBe(true);
  expect(new Set(hours.map(({ kind }) => kind))).toEqual(new Set(['failed', 'zombie', 'noise']));
  expect(recent.length).toBeGreaterThan(3);
  for (const one of recent) expect(['203.0.113.66', '2001:db8:7::66', undefined]).toContain(one.address);
  await client.stop();
  await helper.end();
});
