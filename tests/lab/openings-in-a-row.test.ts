import { mkdtemp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { markRules } from '../../server/doors/nftables.ts';
import { count } from '../counts.ts';
import { until } from '../support/until.ts';
import { pageEntry } from './commands-page.ts';
import { startFarKnockd } from './far-knockd.ts';
import { startHousehold, type Household } from './household.ts';
import { addJitter } from './jitter.ts';
import { createLab, type Lab } from './net.ts';
import { startOpenPage, type OpenPage } from './open-page.ts';
import { startProbe, type Probe } from './probe.ts';
import { reaches } from './sshd.ts';
import { unpack } from './unpack.ts';

/**
 * Opened, used and closed again and again by a phone whose app stays open, by every driver; then with packets
 * between phone and relay that overtake each other. Each time proven: the screen says open, and a connection is
 * made; closed, and none is. At the end the system itself has nothing left.
 */
const times = count(2, 200);
const jitterMs = 60;
/**
 * The relay answers five holds a second from one address, after the first twenty, and home does five things a second
 * for one device, after three hundred: an opening and a closing are two.
 */
const paceMs = times > 20 ? 410 : 0;

/** A driver, and its door at a port of its own where a server listens. */
interface Row {
  readonly driver: string;
  /** A name for the door that is unlike the others. */
  readonly door: string;
  readonly port: number;
  /** Text of the helper's door file, or the keys of a `[[door]]` of the home agent. */
  readonly table: { readonly helper: string } | { readonly agent: string };
  /** What the driver needs, before the household starts. */
  prepare?(lab: Lab): Promise<void>;
  /** Whether who it opens for gets through now; absent: the phone, to that port at home. */
  reached?(lab: Lab): Promise<boolean>;
  /** What the system still has of the door's openings, one a line. */
  left(lab: Lab): Promise<string[]>;
}

const lines = async (lab: Lab, command: string, args: string[], pattern: RegExp) =>
  (await lab.home.run(command, args)).stdout.split('\n').filter((line) => pattern.test(line));

/** Past the host's own firewall, where the door alone is to guard. */
async function letIn(lab: Lab, port: number): Promise<void> {
  for (const tool of ['iptables', 'ip6tables'])
    await lab.home.run(tool, ['-A', 'INPUT', '-p', 'tcp', '--dport', String(port), '-j', 'ACCEPT']);
}

function rowsFor(knockd: { file: string; program: string }, commands: string): Row[] {
  return [
    {
      driver: 'nftables, mode gate',
      door: 'gate',
      port: 2201,
      table: { helper: 'driver = "nftables"\nport = 2201\nmode = "gate"\n' },
      prepare: (lab) => letIn(lab, 2201),
      left: (lab) => lines(lab, 'nft', ['list', 'set', 'inet', 'latchkey', 'v4_gate'], /expires/),
    },
    {
      driver: 'nftables, mode mark',
      door: 'mark',
      port: 2202,
      table: { helper: 'driver = "nftables"\nport = 2202\nmode = "mark"\n' },
      async prepare(lab) {
        for (const tool of ['iptables', 'ip6tables']) await lab.home.run(tool, markRules.iptables);
      },
      left: (lab) => lines(lab, 'nft', ['list', 'set', 'inet', 'latchkey', 'v4_mark'], /expires/),
    },
    {
      driver: 'knockd',
      door: 'knocked',
      port: 2203,
      table: {
        helper: `driver = "knockd"\nfile = "${knockd.file}"\nsection = "front"\nprogram = "${knockd.program}"\n`,
      },
      left: (lab) => lines(lab, 'iptables', ['-S', 'INPUT'], /--dport 2203 /),
    },
    {
      driver: 'proxy',
      door: 'through',
      port: 2204,
      table: { agent: 'driver = "proxy"\nlisten = 2204\ntarget = "127.0.0.1:2200"\n' },
      async prepare(lab) {
        await startProbe(lab.home).listen(2200);
        await letIn(lab, 2204);
      },
      left: (lab) => lines(lab, 'ss', ['-Hltn'], /:2204 /),
    },
    {
      driver: 'command',
      door: 'commanded',
      port: 22,
      table: { helper: commands },
      left: (lab) => lines(lab, 'iptables', ['-S', 'INPUT'], /--comment latchkey /),
    },
    {
      driver: 'knock',
      door: 'far',
      port: 22,
      table: {
        agent: `driver = "knock"\nto = "${far}"\nport = 22\ncheck = 22\nspacing = 5\nsequence = "7000,8000:udp,9000"\nclose = "9000,8000:udp,7000"\n`,
      },
      async prepare(lab) {
        await startFarKnockd(lab, lab.stranger, farConf);
        await startProbe(lab.stranger).listen(22);
      },
      // It opens for the home's own address.
      reached: (lab) => reaches(lab.home, far, 22),
      left: async (lab) =>
        (await lab.stranger.run('iptables', ['-S', 'INPUT'])).stdout
          .split('\n')
          .filter((line) => line.includes('--dport 22 ')),
    },
  ];
}

const knockdConf = `[front]
 sequence = 7324,4566,7446
 seq_timeout = 5
 tcpflags = syn
 command = /sbin/iptables -I INPUT 1 -s %IP% -p tcp --dport 2203 -j ACCEPT
 cmd_timeout = 30
 stop_command = /sbin/iptables -D INPUT -s %IP% -p tcp --dport 2203 -j ACCEPT
`;

/** The lab's stranger: here a host that has only knockd. */
const far = '203.0.113.66';
const farConf = `[open]
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

let lab: Lab;
let house: Household;
let page: OpenPage;
let phone: Probe;
let rows: Row[];

beforeAll(async () => {
  lab = await createLab({ firewall: 'iptables' });
  const file = join(await mkdtemp(join(lab.directory, 'knockd-')), 'knockd.conf');
  await writeFile(file, knockdConf, { mode: 0o644 });
  rows = rowsFor(
    { file, program: (await unpack('knockd')).path('usr/sbin/knockd') },
    await pageEntry('iptables and ip6tables'),
  );
  const server = startProbe(lab.home);
  for (const row of rows) {
    await row.prepare?.(lab);
    if ('helper' in row.table) await server.listen(row.port);
  }
  const often = 'per_minute = 6000\n';
  house = await startHousehold(lab, {
    doors: Object.fromEntries(
      rows.flatMap(({ door, table }) => ('helper' in table ? [[door, table.helper + often]] : [])),
    ),
    agent: rows
      .flatMap(({ door, table }) =>
        'agent' in table ? [`[[door]]\nname = "${door}"\n${table.agent}${often}`] : [],
      )
      .join('\n'),
  });
  page = await startOpenPage(lab.phone, await house.link(4), 'phone');
  phone = startProbe(lab.phone);
});
afterAll(async () => {
  await house?.helper?.client.stop();
  await lab?.destroy();
});

async function inARow({ door, port, left, ...row }: Row): Promise<void> {
  const reached = async () =>
    row.reached?.(lab) ?? (await phone.connect(lab.home.address4, port)).outcome === 'connected';
  let proven = 0;
  for (let i = 0; i < times; i += 1) {
    const next = sleep(paceMs);
    const opened = await page.open(door);
    if (opened.door.state === 'open' && opened.address === lab.phone.address4 && (await reached()))
      proven += 1;
    expect((await page.close(door)).state).toBe('closed');
    await next;
  }
  expect(proven).toBe(times);
  expect(await reached()).toBe(false);
  expect(await left(lab)).toEqual([]);
}

const names = rowsFor({ file: '', program: '' }, '').map(({ driver }) => driver);
const most = 300_000 + times * 3000;

describe.each([0, jitterMs])('with %i ms of jitter between phone and relay', (ms) => {
  beforeAll(async () => {
    if (ms > 0) await addJitter(lab.phone, lab.relay, ms);
    await until(async () => (await page.doors()).length === rows.length);
  });
  test.each(names)(`%s: ${times} openings in a row, each proven, nothing left`, { timeout: most }, (driver) =>
    inARow(rows.find((row) => row.driver === driver)!),
  );
});
