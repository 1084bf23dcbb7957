import { appendFile, chmod, chown, mkdir, readFile, rename, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { conforms, type Prepared, type SourceCase } from './bans-conformance.ts';
import { startFail2ban } from './fail2ban.ts';
import { createLab, type Lab } from './net.ts';
import { startProbe } from './probe.ts';
import { banSources } from '../../server/helper/registry.ts';
import { startSshd } from './sshd.ts';
import { startSource } from './source-host.ts';
import { unpack } from './unpack.ts';

// Needs root. One suite over every ban source there is.

const strangers = ['203.0.113.66', '2001:db8:7::66'];

async function labWithServer(): Promise<Lab> {
  const lab = await createLab();
  await startProbe(lab.home).listen(22);
  return lab;
}

const isSix = (value: string) => value.includes(':');

/** A set that other rules than Latchkey's drop by; of one family. */
async function inetSet(): Promise<Prepared> {
  const lab = await labWithServer();
  const nft = async (text: string) => (await lab.home.run('nft', ['-f', '-'], { input: text })).stdout;
  const build = () =>
    nft(`table inet filter {
      set other { type ipv4_addr; flags timeout; elements = { 203.0.113.66 timeout 1d } }
      set bad-hosts { type ipv4_addr; flags interval, timeout; timeout 1h; }
      chain input { type filter hook input priority 0; ip saddr @bad-hosts counter drop; }
    }`);
  await build();
  return {
    lab,
    table: { family: 'inet', table: 'filter', set: 'bad-hosts' },
    jail: 'bad-hosts',
    strangers: strangers.slice(0, 1),
    network: '203.0.113.60-203.0.113.70',
    ban: async (value) => void (await nft(`add element inet filter bad-hosts { ${value} timeout 10m }`)),
    everything: async () =>
      (await lab.home.run('nft', ['list', 'ruleset'])).stdout
        .replace(/ expires \S+?(?=[ ,}]|$)/gm, '')
        .replace(/ timeout (?:10m|9m\S+)/g, '')
        .replace(/packets \d+ bytes \d+/g, ''),
    vanish: async () => void (await nft('delete table inet filter')),
    comeBack: async () => void (await build()),
  };
}

/** Both of SshGuard's sets, as its own backend makes and fills them. */
async function sshguardSets(): Promise<Prepared> {
  const lab = await labWithServer();
  const backend = (await unpack('sshguard')).path('usr/libexec/sshguard/sshg-fw-nft-sets');
  let child = lab.home.spawn('sh', [backend]);
  const there = async (yes: boolean) => {
    for (;;) {
      const { code } = await lab.home.run('nft', ['list', 'set', 'ip6', 'sshguard', 'attackers'], {
        anyStatus: true,
      });
      if ((code === 0) === yes) return;
    }
  };
  await there(true);
  const everything = async () => (await lab.home.run('nft', ['list', 'ruleset'])).stdout;
  return {
    lab,
    table: { preset: 'sshguard' },
    jail: 'attackers',
    strangers,
    network: '203.0.113.0/24',
    async ban(value) {
      const [address = '', length] = value.split('/');
      child.stdin.write(`block ${address} ${isSix(value) ? 6 : 4} ${length ?? (isSix(value) ? 128 : 32)}\n`);
      while (!(await everything()).includes(value));
    },
    everything,
    async vanish() {
      child.stdin.end();
      await there(false);
    },
    async comeBack() {
      child = lab.home.spawn('sh', [backend]);
      await there(true);
    },
  };
}

/** A wrapper that root may run, for a program that is unpacked and not installed. */
async function wrapped(lab: Lab, name: string, program: string): Promise<string> {
  const { env, path } = await unpack(name);
  const file = join(lab.directory, name);
  await writeFile(file, `#!/bin/sh\nLD_LIBRARY_PATH=${env.LD_LIBRARY_PATH} exec ${path(program)} "$@"\n`, {
    mode: 0o755,
  });
  return file;
}

async function blockSshd(): Promise<Prepared> {
  const lab = await labWithServer();
  const program = await wrapped(lab, 'ipset', 'usr/sbin/ipset');
  const ipset = (...args: string[]) => lab.home.run(program, args);
  const rule = ['INPUT', '-m', 'set', '--match-set', 'blocksshd', 'src', '-j', 'DROP'];
  const build = async () => {
    await ipset('create', 'blocksshd', 'hash:net', 'family', 'inet6', 'timeout', '600');
    await ipset('create', 'other', 'hash:ip', 'family', 'inet6');
    await ipset('add', 'other', '2001:db8:7::66');
    await lab.home.run('ip6tables', ['-A', ...rule]);
  };
  await build();
  return {
    lab,
    table: { set: 'blocksshd', program },
    jail: 'blocksshd',
    strangers: strangers.slice(1),
    network: '2001:db8:7::/120',
    bystander: '2001:db8:77::1',
    ban: async (value) => void (await ipset('add', 'blocksshd', value)),
    everything: async () =>
      (await ipset('save')).stdout
        .replace(/ timeout \d+$/gm, '')
        .split('\n')
        .sort()
        .join('\n'),
    async vanish() {
      await lab.home.run('ip6tables', ['-D', ...rule]);
      await ipset('destroy');
    },
    comeBack: build,
  };
}

/** A list that one rule turns away by, for good. What the Plesk document's rules do: ban-tools.test.ts. */
async function recentList(): Promise<Prepared> {
  const lab = await labWithServer();
  const rule = ['INPUT', '-m', 'recent', '--rcheck', '--name', 'bad', '-j', 'DROP'];
  const other = ['INPUT', '-m', 'recent', '--rcheck', '--name', 'other', '-j', 'ACCEPT'];
  const both = async (verb: '-A' | '-D', words: readonly string[]) => {
    for (const tool of ['iptables', 'ip6tables']) await lab.home.run(tool, [verb, ...words]);
  };
  const write = (list: string, text: string) =>
    lab.home.run('sh', ['-c', `echo "$0" >/proc/net/xt_recent/${list}`, text]);
  const read = async (list: string) =>
    (await lab.home.run('cat', [`/proc/net/xt_recent/${list}`], { anyStatus: true })).stdout
      .replace(/(?<=last_seen: |oldest_pkt: \d+ )\d+/g, '')
      .split('\n')
      .sort()
      .join('\n');
  await both('-A', rule);
  await both('-A', other);
  await write('other', '+198.51.100.78');
  return {
    lab,
    table: { list: 'bad' },
    jail: 'bad',
    strangers,
    ban: async (value) => void (await write('bad', `+${value}`)),
    everything: async () => (await read('bad')) + (await read('other')),
    vanish: () => both('-D', rule),
    comeBack: () => both('-A', rule),
  };
}

/** hosts.deny as the real sshd reads it at each connection. */
async function denyFile(): Promise<Prepared> {
  const lab = await createLab();
  const head = '# by hand, with a tab\t\nin.fingerd: .example.net\r\nin.fingerd: .example.com\n';
  const sshd = await startSshd(lab, { etc: { 'hosts.deny': head, 'hosts.allow': '' } });
  const file = join(sshd.log, '../etc/hosts.deny');
  await chown(file, 0, 42);
  await chmod(file, 0o640);
  const work = join(lab.directory, 'denyhosts');
  await mkdir(work);
  return {
    lab,
    table: { file, work_dir: work },
    jail: 'hosts.deny',
    strangers,
    network: '203.0.113.0/24',
    async ban(value) {
      const line = `sshd: ${isSix(value) ? `[${value}]` : value}`;
      // As DenyHosts writes: no rewriting, one note and one line at the end.
      const date = new Date().toString().replace(/^(\w+ \w+ \d+) (\d+) ([\d:]+) .*/, '$1 $3 $2');
      await appendFile(file, `# DenyHosts: ${date} | ${line}\n${line}\n`);
    },
    async everything() {
      const { mode, uid, gid } = await stat(file);
      // The times of DenyHosts' notes are of when a test ran.
      const text = (await readFile(file, 'latin1')).replace(/(?<=DenyHosts: )[^|]*/g, '');
      return JSON.stringify([text, mode, uid, gid]);
    },
    letIn: async (home) =>
      (await lab.stranger.run('ssh-keyscan', ['-t', 'ed25519', home], { anyStatus: true })).stdout.includes(
        'ssh-',
      ),
    vanish: () => rename(file, `${file}.away`),
    comeBack: () => rename(`${file}.away`, file),
  };
}

/** The real fail2ban, which turns away by iptables. */
async function fail2ban(): Promise<Prepared> {
  const lab = await labWithServer();
  const log = join(lab.directory, 'auth.log');
  await writeFile(log, '');
  const server = await startFail2ban(lab, { jails: `[sshd]\nenabled = true\nlogpath = ${log}\n` });
  return {
    lab,
    table: { socket: server.socket },
    jail: 'sshd',
    strangers,
    network: '203.0.113.0/24',
    ban: (value) => server.ban('sshd', value),
    everything: async () => (await server.client('banned')) + (await server.client('get', 'sshd', 'banip')),
    vanish: () => server.stop(),
    comeBack: () => server.start(),
  };
}

const cases: SourceCase[] = [
  { source: 'fail2ban', prepare: fail2ban },
  { source: 'nftset', variant: 'a set with times and ranges', prepare: inetSet },
  { source: 'nftset', variant: 'SshGuard’s own backend', prepare: sshguardSets },
  { source: 'ipset', prepare: blockSshd },
  { source: 'recent', prepare: recentList },
  { source: 'hostsdeny', prepare: denyFile },
];

test('every source of the registry has its case', () => {
  expect([...new Set(cases.map(({ source }) => source))].sort()).toEqual(
    banSources.map(({ name }) => name).sort(),
  );
});

for (const one of cases) conforms(one);

test('what a set of ipset lets through is neither a ban nor lifted', async () => {
  const lab = await createLab();
  try {
    const program = await wrapped(lab, 'ipset', 'usr/sbin/ipset');
    const tool = (...args: string[]) => lab.home.run(program, args);
    await tool('create', 'wide', 'hash:net', 'comment');
    await tool('add', 'wide', '10.0.0.0/8', 'comment', 'x nomatch y');
    await tool('add', 'wide', '10.1.2.3', 'nomatch');
    const source = await startSource(lab.home, 'ipset', { set: 'wide', program });
    try {
      expect((await source.list('wide')).map(({ value }) => value)).toEqual(['10.0.0.0/8']);
      expect(await source.banned('10.1.2.3')).toEqual([]);
      expect((await source.banned('10.1.2.4')).map(({ value }) => value)).toEqual(['10.0.0.0/8']);
      expect(await source.unban('10.1.2.3')).toBe(0);
      expect((await tool('save', 'wide')).stdout).toContain('add wide 10.1.2.3 nomatch');
    } finally {
      await source.stop();
    }
  } finally {
    await lab.destroy();
  }
});
