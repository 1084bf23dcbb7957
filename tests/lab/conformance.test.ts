import { mkdtemp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'smol-toml';
import { expect, test } from 'vitest';
import { agentDrivers } from '../../server/agent/registry.ts';
import { markRules } from '../../server/doors/nftables.ts';
import { drivers } from '../../server/helper/registry.ts';
import { pageEntry } from './commands-page.ts';
import { conforms, type DriverCase } from './doors-conformance.ts';
import { startFarKnockd } from './far-knockd.ts';
import { createLab, type Lab, type LabOptions } from './net.ts';
import { startProbe } from './probe.ts';
import { reaches } from './sshd.ts';
import { unpack } from './unpack.ts';

// Needs root. One suite over every door driver there is.

async function labWithServer(firewall: NonNullable<LabOptions['firewall']>, port = 22): Promise<Lab> {
  const lab = await createLab({ firewall });
  await startProbe(lab.home).listen(port);
  return lab;
}

const knockdConf = `[options]
 logfile = /nonexistent/knockd.log
[front]
 sequence = 7324,4566,7446
 seq_timeout = 5
 tcpflags = syn
 command = /sbin/iptables -I INPUT 1 -s %IP% -p tcp --dport 22 -j ACCEPT
 command_6 = /sbin/ip6tables -I INPUT 1 -s %IP% -p tcp --dport 22 -j ACCEPT
 cmd_timeout = 4
 stop_command = /sbin/iptables -D INPUT -s %IP% -p tcp --dport 22 -j ACCEPT
 stop_command_6 = /sbin/ip6tables -D INPUT -s %IP% -p tcp --dport 22 -j ACCEPT
`;

/** As knockd.conf(5) begins: one section opens, another closes. */
const farConf = `
[open]
 sequence = 7000,8000:udp,9000
 seq_timeout = 5
 tcpflags = syn
 command = /sbin/iptables -I INPUT 1 -s %IP% -p tcp --dport 22 -j ACCEPT
[close]
 sequence = 9000,8000:udp,7000
 seq_timeout = 5
 tcpflags = syn
 command = /sbin/iptables -D INPUT -s %IP% -p tcp --dport 22 -j ACCEPT
`;

const cases: DriverCase[] = [
  {
    driver: 'nftables',
    variant: 'gate',
    prepare: async () => ({ lab: await labWithServer('none'), table: { port: 22, mode: 'gate' } }),
    seconds: { short: 1, long: 30 },
  },
  {
    driver: 'nftables',
    variant: 'mark',
    async prepare() {
      const lab = await labWithServer('iptables');
      for (const tool of ['iptables', 'ip6tables']) await lab.home.run(tool, markRules.iptables);
      return { lab, table: { port: 22, mode: 'mark' } };
    },
    seconds: { short: 1, long: 30 },
  },
  {
    driver: 'knockd',
    async prepare() {
      const lab = await labWithServer('iptables');
      const file = join(await mkdtemp(join(lab.directory, 'knockd-')), 'knockd.conf');
      await writeFile(file, knockdConf, { mode: 0o644 });
      const program = (await unpack('knockd')).path('usr/sbin/knockd');
      return { lab, table: { file, section: 'front', program } };
    },
    seconds: { short: 4, long: 4 },
  },
  {
    driver: 'command',
    async prepare() {
      const lab = await labWithServer('iptables');
      const { driver: _, ...table } = parse(await pageEntry('iptables and ip6tables'));
      return { lab, table };
    },
    seconds: { short: 1, long: 30 },
  },
  {
    driver: 'proxy',
    async prepare() {
      const lab = await labWithServer('none');
      return { lab, table: { listen: 2222, target: '127.0.0.1:22' } };
    },
    seconds: { short: 1, long: 30 },
  },
  {
    driver: 'knock',
    async prepare() {
      const lab = await createLab();
      await startFarKnockd(lab, lab.stranger, farConf);
      await startProbe(lab.stranger).listen(22);
      const table = {
        ...{ to: lab.stranger.address4, port: 22, check: 22, spacing: 5 },
        ...{ sequence: '7000,8000:udp,9000', close: '9000,8000:udp,7000' },
      };
      return { lab, table };
    },
    // Opened for the home's own address.
    reached: (lab) => reaches(lab.home, lab.stranger.address4, 22),
    seconds: { short: 1, long: 30 },
  },
];

test('every driver of both registries has its case', () => {
  const names = [...drivers, ...agentDrivers].map(({ name }) => name);
  expect([...new Set(cases.map(({ driver }) => driver))].sort()).toEqual(names.sort());
});

for (const one of cases) conforms(one);
