import { createHash } from 'node:crypto';
import { chmod, lstat, mkdir, readdir, readFile, readlink, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { CheckResult } from '../../lib/checks.ts';
import { wordsOf } from '../../lib/check-words.ts';
import { cli } from '../support/built.ts';
import { sshdLine, startFail2ban, type Fail2ban, type Fail2banOptions } from './fail2ban.ts';
import { sound, startDoctorLab, type DoctorLab } from './doctor-lab.ts';

// Needs root: a whole home in namespaces of its own, broken in one way after another.

let home: DoctorLab;
beforeAll(async () => {
  home = await startDoctorLab();
});
afterAll(() => home?.lab.destroy());

/** `code` or `code door` of all that is not fine. */
async function complaints(): Promise<string[]> {
  const { ready, checks } = await home.examine();
  const bad = checks.filter(({ state }) => state !== 'ok');
  expect(ready).toBe(bad.length === 0);
  return bad.map(named);
}

function named({ state, code, door }: CheckResult): string {
  return `${state === 'unknown' ? 'unknown ' : ''}${code}${door === undefined ? '' : ` ${door}`}`;
}

async function changed(file: string, change: (text: string) => string): Promise<() => Promise<void>> {
  const before = await readFile(file, 'utf8');
  const after = change(before);
  expect(after).not.toBe(before);
  await writeFile(file, after);
  return () => writeFile(file, before);
}

const agentFile = () => join(home.places.agent, 'agent.toml');
const without = (part: RegExp) => (text: string) => text.replace(part, '');
const dropAll = '-A INPUT -j DROP\n';
/** The mark's rule behind one that drops, as on a host whose owner appended it. */
const markLast = (text: string) => {
  const mark = '-A INPUT -m mark --mark 0x6c61 -j ACCEPT\n';
  return text.replace(mark, '').replace('COMMIT', `${dropAll}${mark}COMMIT`);
};
const restore = () => home.firewall();
const rulesOf = (change: (text: string) => string, only?: 4 | 6) => async () => {
  await home.firewall(change, only);
  return restore;
};
const sshdWith = (settings: readonly string[]) => async () => {
  await home.sshd(settings);
  return () => home.sshd(sound);
};
const inEtc = (name: string, text: string) => async () => {
  const file = join(home.etc, name);
  await mkdir(join(file, '..'), { recursive: true });
  await writeFile(file, text);
  return () => rm(file);
};

/** A real fail2ban that the helper reads, brought into this state. */
const banning =
  (options: Partial<Fail2banOptions>, bring: (fail2ban: Fail2ban, log: string) => Promise<unknown>) =>
  async () => {
    const log = join(home.lab.directory, 'banning.log');
    await writeFile(log, '');
    const jails = `[sshd]\nenabled = true\nport = 22\nlogpath = ${log}\n`;
    const fail2ban = await startFail2ban(home.lab, { jails, ...options });
    const file = join(home.places.helper, 'bans/fail2ban.toml');
    await writeFile(file, fail2ban.source, { mode: 0o644 });
    await bring(fail2ban, log);
    return async () => {
      await rm(file);
      await fail2ban.stop();
    };
  };

/** What cannot be judged while the doors are not known. */
const unknowns = [
  'port-open',
  'opening-blocked',
  'established',
  'stale-opening',
  'ssh-listen',
  'default-deny',
  'ssh-port',
  'saved-opening',
].map((code) => `unknown ${code}`);

/** What is wrong → how it is broken (and mended again), and all that the doctor then says. */
const broken: Readonly<
  Record<string, [break_: () => Promise<() => Promise<unknown>>, says: readonly string[]]>
> = {
  'no second way in': [() => changed(agentFile(), without(/^second_way_in.*\n/)), ['second-way']],
  'no default deny: only the doors’ ports are dropped': [
    rulesOf((text) =>
      text
        .replace(':INPUT DROP', ':INPUT ACCEPT')
        .replace('COMMIT', '-A INPUT -p tcp -m multiport --dports 22,2222 -j DROP\nCOMMIT'),
    ),
    ['default-deny'],
  ],
  'no firewall at all': [
    rulesOf((text) => text.replace(':INPUT DROP', ':INPUT ACCEPT')),
    ['port-open git', 'port-open ssh', 'default-deny'],
  ],
  'IPv4 is guarded, IPv6 is not': [
    rulesOf((text) => text.replace(':INPUT DROP', ':INPUT ACCEPT'), 6),
    ['family-open git', 'family-open ssh', 'default-deny'],
  ],
  'no ESTABLISHED rule': [rulesOf(without(/.*ESTABLISHED.*\n/), 6), ['established']],
  'no rule for the mark': [rulesOf(without(/.*--mark.*\n/), 6), ['mark-rule ssh']],
  'the mark’s rule behind a drop': [rulesOf(markLast, 4), ['rule-order ssh']],
  'a table of somebody’s that drops what the doors let in': [
    async () => {
      const text =
        'table inet other { chain c { type filter hook input priority 10; iifname "lo" accept; ct state established accept; tcp dport { 22, 2200 } drop; }; }';
      await home.lab.home.run('nft', [text]);
      return () => home.lab.home.run('nft', ['delete table inet other']);
    },
    // once for each family
    ['opening-blocked files', 'opening-blocked files', 'opening-blocked ssh', 'opening-blocked ssh'],
  ],
  'knockd appends its rule behind a drop': [
    async () => {
      await home.firewall((text) => text.replace('COMMIT', `${dropAll}COMMIT`));
      const mend = await changed(home.knockdConf, (text) => text.replaceAll('-I INPUT 1', '-A INPUT'));
      return async () => {
        await mend();
        await restore();
      };
    },
    ['rule-order git', 'rule-order git'],
  ],
  'the firewall drops what comes for the proxy': [
    rulesOf((text) => text.replace('2200,2300', '2200'), 4),
    ['proxy-blocked web'],
  ],
  'root may log in with a password': [
    sshdWith([
      ...sound.filter((line) => !/Root|^Password/.test(line)),
      'PermitRootLogin yes',
      'PasswordAuthentication no',
      'Match User root',
      'PasswordAuthentication yes',
    ]),
    ['ssh-root'],
  ],
  'sshd takes passwords': [
    sshdWith([...sound.filter((line) => !line.startsWith('Password')), 'PasswordAuthentication yes']),
    ['ssh-password'],
  ],
  'sshd listens elsewhere': [
    sshdWith([...sound.filter((line) => line !== 'Port 22'), 'Port 2022']),
    ['ssh-port ssh'],
  ],
  'a port of sshd that no door guards': [
    async () => {
      await home.sshd([...sound, 'Port 2022']);
      await home.firewall((text) => text.replace('2200,2300', '2022,2200,2300'));
      return async () => {
        await restore();
        await home.sshd(sound);
      };
    },
    ['ssh-listen'],
  ],
  'sshd on one family only': [
    sshdWith([...sound, 'AddressFamily inet']),
    ['family-silent files', 'family-silent git', 'family-silent ssh'],
  ],
  'a door of knockd that opens for everyone the old way, and never closes': [
    () => changed(home.knockdConf, without(/ stop_command = .*\n/)),
    ['knockd'],
  ],
  'knockd’s file may be changed by others': [
    async () => {
      await chmod(home.knockdConf, 0o666);
      return () => chmod(home.knockdConf, 0o600);
    },
    ['config', ...unknowns],
  ],
  'a door’s file may be changed by others': [
    async () => {
      const file = join(home.places.helper, 'doors/ssh.toml');
      await chmod(file, 0o664);
      return () => chmod(file, 0o644);
    },
    ['config', ...unknowns.slice(0, 4), 'files', ...unknowns.slice(4)],
  ],
  'sshd’s file may be changed by others': [
    async () => {
      const file = join(home.etc, 'ssh/sshd_config');
      await chmod(file, 0o666);
      return () => chmod(file, 0o644);
    },
    ['files'],
  ],
  'the home’s keys may be read by others': [
    async () => {
      const file = join(home.places.agent, 'home-keys.json');
      await chmod(file, 0o644);
      return () => chmod(file, 0o600);
    },
    ['keys'],
  ],
  'rules were saved while knockd’s door was open': [
    async () => {
      const rule = '-s 203.0.113.7/32 -p tcp -m tcp --dport 2222 -j ACCEPT'.split(' ');
      await home.lab.home.run('iptables', ['-I', 'INPUT', '1', ...rule]);
      const { stdout } = await home.lab.home.run('iptables-save');
      await home.lab.home.run('iptables', ['-D', 'INPUT', ...rule]);
      return inEtc('iptables/rules.v4', stdout)();
    },
    ['saved-opening git'],
  ],
  'nft’s ruleset was saved while a door was open': [
    async () => {
      const { helper } = home.household;
      await helper?.client.open('ssh', '203.0.113.7', 60, () => undefined);
      const { stdout } = await home.lab.home.run('nft', ['list', 'table', 'inet', 'latchkey']);
      await helper?.client.close('ssh', '203.0.113.7');
      return inEtc('nftables.conf', stdout)();
    },
    ['saved-opening ssh'],
  ],
  'saved rules that let everyone in': [
    inEtc('iptables/rules.v6', '*filter\n:INPUT ACCEPT [0:0]\nCOMMIT\n'),
    ['saved-opening git', 'saved-opening ssh'],
  ],
  'a rule of knockd’s whose timer is gone': [
    async () => {
      const rule = '-s 203.0.113.9/32 -p tcp --dport 2222 -j ACCEPT'.split(' ');
      await home.lab.home.run('iptables', ['-I', 'INPUT', '1', ...rule]);
      return () => home.lab.home.run('iptables', ['-D', 'INPUT', ...rule]);
    },
    ['stale-opening git'],
  ],
  'an address put into a door’s set by hand': [
    async () => {
      await home.lab.home.run('nft', ['add element inet latchkey v6_ssh { 2001:db8:7::9 }']);
      return () => home.lab.home.run('nft', ['delete element inet latchkey v6_ssh { 2001:db8:7::9 }']);
    },
    ['stale-opening ssh'],
  ],
  'a gate that is gone': [
    async () => {
      await home.lab.home.run('nft', ['flush chain inet latchkey gate_files']);
      return () => home.household.helper!.end().then(() => home.household.helper!.start());
    },
    ['port-open files'],
  ],
  'a clock that is wrong': [
    async () => {
      const serve =
        "require('http').createServer((q,a)=>{a.setHeader('date',new Date(Date.now()+7.5e6).toUTCString());a.end()}).listen(8099,'127.0.0.1',()=>console.log('up'))";
      const child = home.lab.home.spawn(process.execPath, ['-e', serve]);
      await new Promise((resolve) => child.stdout.once('data', resolve));
      const mend = await changed(agentFile(), (text) =>
        text.replace(/^url = .*\nca = .*$/m, 'url = "http://localhost:8099"'),
      );
      return async () => {
        child.kill('SIGKILL');
        await mend();
      };
    },
    ['clock'],
  ],
  'a fail2ban that has ended': [banning({ action: 'noop' }, (fail2ban) => fail2ban.stop()), ['bans']],
  'a fail2ban whose rules somebody took away': [
    banning({}, async (fail2ban) => {
      await fail2ban.ban('sshd', '203.0.113.66');
      await fail2ban.logged(/Ban 203/);
      await home.lab.home.run('iptables', ['-F', 'f2b-sshd']);
      await sleep(6000); // of a younger ban the rule may be on its way
    }),
    ['bans-rule'],
  ],
  'a fail2ban that does not know how this sshd is named, and one of another zone': [
    async () => {
      const mend = await banning(
        { action: 'noop', env: { TZ: new Date().getTimezoneOffset() === -540 ? 'UTC' : 'Asia/Tokyo' } },
        async (fail2ban, log) => {
          await fail2ban.ban('sshd', '203.0.113.66');
          const lines = Array.from({ length: 6 }, (_, i) =>
            sshdLine(`Failed password for root from 203.0.113.66 port ${40_000 + i} ssh2`, 700 + i),
          );
          await fail2ban.write(log, ...lines.map((line) => line.replace('sshd[', 'sshd-session[')));
        },
      )();
      const settings = join(home.places.helper, 'helper.toml');
      const before = await readFile(settings, 'utf8');
      await writeFile(settings, `ssh_log = "${join(home.lab.directory, 'banning.log')}"\n`);
      return async () => {
        await writeFile(settings, before);
        await mend();
      };
    },
    ['bans-deaf', 'bans-clock'],
  ],
  'a relay that is not there': [
    () => changed(agentFile(), (text) => text.replace(/^(url = .*):7443"$/m, '$1:7999"')),
    ['relay', 'unknown clock'],
  ],
};

describe('a home with', () => {
  test.each(Object.entries(broken))('%s', async (_name, [breakIt, says]) => {
    const mend = await breakIt();
    try {
      expect(await complaints()).toEqual(says);
    } finally {
      await mend();
    }
  });
});

test('a sound home is ready, and while its doors are open', async () => {
  const { checks } = await home.examine();
  expect(checks.filter(({ state }) => state !== 'ok')).toEqual([]);
  expect(new Set(checks.map(({ door }) => door).filter((door) => door !== undefined))).toEqual(
    new Set(['files', 'git', 'ssh', 'web']),
  );
  const { client } = home.household.helper!;
  for (const address of ['203.0.113.7', '2001:db8:7::7'])
    for (const door of ['ssh', 'files', 'git'])
      await client.open(door, address, door === 'git' ? 2 : 30, () => undefined);
  expect(await client.inspect('git')).toHaveLength(2);
  expect(await complaints()).toEqual([]);
  await Promise.all(['ssh', 'files'].map((door) => client.close(door, '203.0.113.7')));
});

test('sound too: a firewall of nft’s own, and a home whose gates are its firewall', async () => {
  await home.firewall(() => '*filter\n:INPUT ACCEPT [0:0]\nCOMMIT\n');
  const rules = `table inet host {
    set served { type inet_service; elements = { 2200, 2300 }; }
    chain guard { tcp dport @served accept; meta mark 0x6c61 accept; }
    chain input { type filter hook input priority 0; policy drop;
      iifname "lo" accept; ct state vmap { established : accept, related : accept, invalid : drop };
      meta l4proto { icmp, icmpv6 } accept; jump guard; limit rate 5/minute log prefix "dropped "; }
  }`;
  await home.lab.home.run('nft', ['-f', '-'], { input: rules });
  // knockd's rule is an accept in another table, which overrides no drop in this one
  expect(await complaints()).toEqual(['opening-blocked git', 'opening-blocked git']);
  const git = join(home.places.helper, 'doors/git.toml');
  const door = await readFile(git, 'utf8');
  await rm(git);
  await home.sshd(sound.filter((line) => line !== 'Port 2222'));
  expect(await complaints()).toEqual([]);
  await home.lab.home.run('nft', ['delete table inet host']);
  const ssh = join(home.places.helper, 'doors/ssh.toml');
  const mend = await changed(ssh, (text) => text.replace('mark', 'gate'));
  await home.household.helper!.reload();
  expect(await complaints()).toEqual([]);
  await mend();
  await writeFile(git, door, { mode: 0o644 });
  await home.household.helper!.reload();
  await home.sshd(sound);
  await home.firewall();
  expect(await complaints()).toEqual([]);
});

describe('the command', () => {
  const doctor = (args: readonly string[], as: readonly string[] = []) => {
    const [command = '', ...rest] = [...as, process.execPath, cli, 'doctor', '--dir', home.places.agent];
    return home.inside(command, [...rest, '--config', home.places.helper, ...args]);
  };

  test('says what is found, what it costs and what mends it; and changes nothing', async () => {
    await home.household.killAgent();
    await home.firewall(markLast, 4);
    const before = await everything();
    const human = await doctor([]);
    const json = await doctor(['--json']);
    expect(await everything()).toEqual(before);
    await home.firewall();
    await home.household.startAgent();
    expect(human.code).toBe(1);
    expect(human.stdout).toMatch(/^No home agent runs here\n/);
    expect(human.stdout).toContain(
      'over IPv4 (door ssh)\n' +
        '  The door opens, and nobody gets through.\n' +
        '  Put the rule that accepts the mark first:\n' +
        '    iptables -I INPUT 1 -m mark --mark 0x6c61 -j ACCEPT\n',
    );
    expect(human.stdout).toMatch(/\nNot ready\. 2 to look at\. \d+ of \d+ are sound\.\n$/);
    const { ready, checks } = JSON.parse(json.stdout) as {
      ready: boolean;
      checks: Record<string, unknown>[];
    };
    expect([json.code, ready]).toEqual([1, false]);
    expect(checks.filter(({ state }) => state === 'finding')).toMatchObject([
      { code: 'agent', text: 'No home agent runs here' },
      { code: 'rule-order', door: 'ssh', cost: 'The door opens, and nobody gets through.' },
    ]);
  });

  test('the command that it names mends it', async () => {
    await home.firewall(markLast, 4);
    const { checks } = await home.examine();
    const found = checks.find(({ state }) => state === 'finding')!;
    const [tool = '', ...args] = (wordsOf(found).command ?? '').split(' ');
    await home.lab.home.run(tool, args);
    expect(await complaints()).toEqual([]);
    await home.firewall();
  });

  test('a sound home: ready, exit 0', async () => {
    const ran = await doctor([]);
    expect(ran).toMatchObject({ code: 0, stderr: '' });
    expect(ran.stdout).toMatch(/^Ready\. (\d+) of \1 are sound\.\n$/);
  });

  test('another user: what only root sees is unknown, never fine', async () => {
    const nobody = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'];
    const ran = await doctor(['--json'], nobody);
    const { ready, checks } = JSON.parse(ran.stdout) as { ready: boolean; checks: CheckResult[] };
    expect([ran.code, ready]).toEqual([1, false]);
    const fine = checks.filter(({ state }) => state === 'ok').map(({ code }) => code);
    expect(fine).toEqual([]);
    expect(checks.filter(({ state }) => state === 'finding')).toEqual([]);
  });
});

test('a paired device is told the same, sealed, however often it asks', async () => {
  const { checks } = await home.examine();
  const phone = await home.household.device(home.lab.phone);
  await phone.pair(4);
  const [first, second] = await Promise.all([1, 2].map(() => phone.json<Told>(['checks'])));
  // the helper does not know the home agent's own doors
  const expected = checks.filter(({ door }) => door !== 'web');
  const plain = ({ code, door, state, text }: Told['checks'][number]) => ({ code, door, state, text });
  const bySort = (told: Told) => told.checks.map((check) => JSON.stringify(plain(check))).sort();
  expect(first!.ready).toBe(true);
  expect(bySort(first!)).toEqual(
    expected.map((check) => JSON.stringify(plain({ ...check, ...wordsOf(check) }))).sort(),
  );
  // One look for both, and for whoever asks within five seconds: what is broken meanwhile is not seen yet.
  await home.firewall(() => '*filter\n:INPUT ACCEPT [0:0]\nCOMMIT\n');
  const third = await phone.json<Told>(['checks']);
  await home.firewall();
  expect([second!.ready, third.ready]).toEqual([true, true]);
  expect(third.lookedMs).toBeGreaterThan(first!.lookedMs);
  await home.household.helper!.end();
  await home.household.killAgent();
  await home.household.startAgent();
  const fourth = await phone.json<Told>(['checks'], 1);
  await home.household.helper!.start();
  expect(fourth.checks.filter(({ state }) => state === 'unknown').map(({ code }) => code)).toContain(
    'port-open',
  );
  expect(fourth.ready).toBe(false);
});

interface Told {
  readonly ready: boolean;
  readonly lookedMs: number;
  readonly checks: readonly (CheckResult & { readonly text: string })[];
}

/** Every file's kind, mode, owner, size, time of change and content; and all rules of the namespace. */
async function everything(): Promise<Record<string, string>> {
  const all: Record<string, string> = {};
  const visit = async (path: string): Promise<void> => {
    const { mode, uid, gid, size, mtimeMs } = await lstat(path);
    const kind = mode & 0o170000;
    const content =
      kind === 0o100000
        ? createHash('sha256')
            .update(await readFile(path))
            .digest('hex')
        : kind === 0o120000
          ? await readlink(path)
          : '';
    all[path] = [mode, uid, gid, kind === 0o40000 ? '' : size, mtimeMs, content].join(' ');
    if (kind === 0o40000) for (const name of await readdir(path)) await visit(join(path, name));
  };
  for (const folder of [home.etc, home.places.agent, home.places.helper]) await visit(folder);
  for (const command of ['nft -a list ruleset', 'iptables-save', 'ip6tables-save']) {
    const [tool = '', ...args] = command.split(' ');
    const { stdout } = await home.lab.home.run(tool, args);
    // counters and time left go on by themselves
    all[command] = stdout.replace(/packets \d+ bytes \d+|\[\d+:\d+\]|expires \w+|^#.*$/gm, '');
  }
  return all;
}
