import { setTimeout as sleep } from 'node:timers/promises';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { markRules } from '../../server/doors/nftables.ts';
import { until } from '../support/until.ts';
import type { ProofRow } from '../../server/device/proof-rows.ts';
import { startHousehold, type Household, type TerminalDevice } from './household.ts';
import { createLab, type Lab } from './net.ts';
import { reaches, sshLogin, sshSession, startSshd, type Sshd } from './sshd.ts';
import { unpack } from './unpack.ts';

/**
 * The main job, from the command line to a login: relay, home, phone and stranger each on a host of its own, real
 * sshd, real firewall, real knockd. One test file for each kind of door, since each has a lab of its own.
 */

export interface DoorRow {
  readonly name: string;
  readonly state: string;
  readonly endpoint: { host: string; port: number };
  readonly remainingMs?: number;
  readonly proof?: ProofRow[];
}
export interface OpenRow extends DoorRow {
  readonly address: string;
  readonly steps: { step: string; n?: number; atMs: number }[];
  readonly proof: ProofRow[];
}

/** `service done`, `packet missing no-packet`: a link without its times. */
const linkText = ({ link, n, state, reason }: ProofRow): string =>
  [link, n, state, reason].filter((part) => part !== undefined).join(' ');
export const linksOf = (row: { proof?: readonly ProofRow[] } | undefined): string[] =>
  (row?.proof ?? []).map(linkText);

/** Each link has its time, none before the one that led to it, all of them within what the test has seen. */
export function inOrder(rows: readonly ProofRow[], from: number): void {
  const times = rows.map(({ at = NaN }) => at);
  expect(times).toEqual([...times].sort((a, b) => a - b));
  expect(times[0]).toBeGreaterThanOrEqual(from - 5);
  expect(times.at(-1)).toBeLessThanOrEqual(Date.now() + 5);
}

const knockdConf = `[options]
 UseSyslog
 Interface = eth0
[openSSH]
 sequence = 7324,4566,7446,4324
 seq_timeout = 5
 command = /sbin/iptables -I INPUT 1 -s %IP% -p tcp --dport 22 -j ACCEPT
 command_6 = /sbin/ip6tables -I INPUT 1 -s %IP% -p tcp --dport 22 -j ACCEPT
 tcpflags = syn
 cmd_timeout = 10
 stop_command = /sbin/iptables -D INPUT -s %IP% -p tcp --dport 22 -j ACCEPT
 stop_command_6 = /sbin/ip6tables -D INPUT -s %IP% -p tcp --dport 22 -j ACCEPT
`;

interface Kind {
  readonly name: string;
  /** Further lines of agent.toml. */
  readonly agent?: string;
  readonly firewall: 'iptables' | 'none';
  readonly knocks: boolean;
  file(lab: Lab): Promise<string>;
}

const common = `host = "HOST"\ndefault = "6s"\n`;
const kinds = {
  gate: {
    name: 'nftables, mode gate',
    agent: `[[door]]\nname = "through"\ndriver = "proxy"\nlisten = 2222\ntarget = "127.0.0.1:22"\n`,
    firewall: 'none',
    knocks: false,
    file: () => Promise.resolve(`driver = "nftables"\nport = 22\nmode = "gate"\n${common}`),
  },
  mark: {
    name: 'nftables, mode mark',
    firewall: 'iptables',
    knocks: false,
    async file(lab) {
      for (const tool of ['iptables', 'ip6tables']) await lab.home.run(tool, markRules.iptables);
      return `driver = "nftables"\nport = 22\nmode = "mark"\n${common}`;
    },
  },
  knockd: {
    name: 'knockd',
    firewall: 'iptables',
    knocks: true,
    async file(lab) {
      const path = join(lab.directory, 'knockd.conf');
      await writeFile(path, knockdConf, { mode: 0o644 });
      const program = (await unpack('knockd')).path('usr/sbin/knockd');
      return `driver = "knockd"\nfile = "${path}"\nsection = "openSSH"\nport = 22\nprogram = "${program}"\nhost = "HOST"\n`;
    },
  },
} satisfies Record<string, Kind>;

export function testPath(which: keyof typeof kinds): void {
  const kind: Kind = kinds[which];
  describe(kind.name, () => {
    let lab: Lab;
    let sshd: Sshd;
    let house: Household;
    beforeAll(async () => {
      lab = await createLab({ firewall: kind.firewall });
      sshd = await startSshd(lab);
      const text = await kind.file(lab);
      house = await startHousehold(lab, {
        sshLog: sshd.log,
        doors: {
          cellar: text.replace('HOST', lab.home.address4),
        },
        ...(kind.agent === undefined ? {} : { agent: kind.agent }),
      });
    });
    afterAll(async () => {
      await house?.helper?.client.stop();
      await lab?.destroy();
    });

    describe.each([4, 6] as const)('IPv%s', (family) => {
      let device: TerminalDevice;
      const name = 'cellar';
      const address = (): string => (family === 4 ? lab.home.address4 : lab.home.address6);
      const own = (): string => (family === 4 ? lab.phone.address4 : lab.phone.address6);

      test('pairs, opens, logs in; the stranger stays out; the time runs out while the session lives', async () => {
        device = await house.device(lab.phone, `phone${family}`);
        await device.pair(family);
        expect(await reaches(lab.phone, address(), 22)).toBe(false);
        const began = Date.now();
        const opened = await device.json<OpenRow>(['open', name]);
        expect(opened).toMatchObject({
          name,
          address: own(),
          state: expect.stringMatching(/^(open|connected)$/),
        });
        const seen = opened.steps.map(({ step, n }) => (n === undefined ? step : `${step} ${n}`));
        expect(seen.slice(0, 2)).toEqual(['sealed', 'relayed']);
        expect(seen.at(-1)).toBe('checked');
        if (kind.knocks) {
          const knocks = opened.steps.filter(({ step }) => step === 'knock');
          expect(knocks.map(({ n }) => n)).toEqual([1, 2, 3, 4]);
          expect(seen).toContain('sesame');
        }
        expect(linksOf(opened)).toEqual([
          'sealed done',
          'relayed done',
          ...(kind.knocks ? [1, 2, 3, 4].map((n) => `knock ${n} done`) : []),
          ...['rule done', 'service done', 'packet waiting', 'session waiting'],
        ]);
        inOrder(
          opened.proof.filter(({ state }) => state === 'done'),
          began,
        );
        const ssh = await sshSession(lab.phone, sshd, address());
        expect((await sshLogin(lab.stranger, sshd, address())).code).not.toBe(0);
        expect(await reaches(lab.stranger, address(), 22)).toBe(false);
        // sshd's own word, read by the helper
        const row = async (): Promise<DoorRow | undefined> =>
          (await device.json<DoorRow[]>(['doors'])).find((door) => door.name === name);
        const state = async (): Promise<string | undefined> => (await row())?.state;
        await until(async () => (await state()) === 'connected');
        const whole = await row();
        // `over`: on a slow machine its time may be up by now
        expect(linksOf(whole).map((link) => link.replace(' over', ''))).toEqual([
          'rule done',
          'service done',
          'packet done',
          'session done',
        ]);
        inOrder(whole?.proof ?? [], began);
        expect(whole?.proof?.at(-1)?.text).toMatch(`session up: root from ${own()} port `);
        await sleep(Math.max(0, (opened.remainingMs ?? 10_000) + 600));
        expect(await reaches(lab.phone, address(), 22)).toBe(false);
        expect(await ssh.say()).toBe(true);
        expect(await state()).toBe('connected');
        await ssh.end();
        await until(async () => (await state()) === 'closed');
      });

      test('closes early', async () => {
        await device.json<OpenRow>(['open', name]);
        expect((await sshLogin(lab.phone, sshd, address())).code).toBe(0);
        const closed = await device.json<DoorRow>(['close', name]);
        expect(closed.state).toBe('closed');
        expect(await reaches(lab.phone, address(), 22)).toBe(false);
        const doors = await device.json<DoorRow[]>(['doors']);
        expect(doors.find((door) => door.name === name)?.state).toBe('closed');
      });
    });

    if (kind.agent !== undefined)
      test('a proxy door beside it: whose session it is, by its outgoing port', async () => {
        const device = await house.device(lab.phone, 'through');
        await device.pair(4);
        const opened = await device.json<OpenRow>(['open', 'through']);
        const waiting = ['rule done', 'service done', 'packet waiting', 'session waiting'];
        expect(linksOf(opened).slice(-4)).toEqual(waiting);
        const other = await sshSession(lab.home, sshd, '127.0.0.1');
        const row = async (): Promise<DoorRow | undefined> =>
          (await device.json<DoorRow[]>(['doors'])).find((door) => door.name === 'through');
        expect(linksOf(await row())).toEqual(waiting);
        const ssh = await sshSession(lab.phone, { ...sshd, port: 2222 }, lab.home.address4);
        await until(async () => (await row())?.state === 'connected');
        expect(linksOf(await row())).toEqual(['rule done', 'service done', 'packet done', 'session done']);
        await ssh.end();
        await until(async () => linksOf(await row()).at(-1) === 'session done ended');
        await other.end();
        await device.json<DoorRow>(['close', 'through']);
      });

    test('a link that does not come says what that means: no packet, then no service', async () => {
      const device = await house.device(lab.phone, 'late');
      await device.pair(4);
      const length = kind.knocks ? [] : ['--for', '1m'];
      const links = async (...more: string[]): Promise<string[]> =>
        linksOf(await device.json<OpenRow>(['open', 'cellar', ...length, ...more])).slice(-3);
      expect(await links('--wait', '1s')).toEqual([
        'service done',
        'packet missing no-packet',
        'session waiting',
      ]);
      await device.json<DoorRow>(['close', 'cellar']);
      await sshd.stop();
      expect(await links()).toEqual(['service missing silent', 'packet waiting', 'session waiting']);
      expect(await reaches(lab.stranger, lab.home.address4, 22)).toBe(false);
      expect(await reaches(lab.phone, lab.home.address4, 22)).toBe(false);
      const row = (await device.json<DoorRow[]>(['doors'])).find(({ name }) => name === 'cellar');
      expect(linksOf(row).slice(-3)).toEqual(['service missing silent', 'packet done', 'session waiting']);
      await device.json<DoorRow>(['close', 'cellar']);
    });
  });
}
