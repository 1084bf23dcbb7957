import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Examination, ExaminePlaces } from '../../server/doctor/examine.ts';
import { startHousehold, type Household } from './household.ts';
import { createLab, type Lab } from './net.ts';
import { run, type Ran } from './space.ts';
import { unpack } from './unpack.ts';
import { built } from '../support/built.ts';

const machine = fileURLToPath(new URL('doctor.sh', import.meta.url));
const asker = built(new URL('doctor-process.ts', import.meta.url));

/**
 * A home with nothing wrong: relay, home agent and helper; sshd on 22, 2200 and 2222; a door of each kind in front;
 * a default-deny firewall; /etc and /usr of its own, so that files can be broken too.
 */
export interface DoctorLab {
  readonly lab: Lab;
  readonly household: Household;
  readonly places: ExaminePlaces;
  readonly etc: string;
  readonly knockdConf: string;
  examine(): Promise<Examination>;
  /** A command on this machine, as root or as another user. */
  inside(command: string, args: readonly string[], options?: { env?: Record<string, string> }): Promise<Ran>;
  /** Starts sshd anew, with these settings. */
  sshd(settings: readonly string[]): Promise<void>;
  /** Loads a firewall in place of the one before: iptables-restore for both families. */
  firewall(change?: (rules: string) => string, only?: 4 | 6): Promise<void>;
}

export const sound = [
  'Port 22',
  'Port 2200',
  'Port 2222',
  'PermitRootLogin prohibit-password',
  'PasswordAuthentication no',
  'KbdInteractiveAuthentication no',
];

const knockdConf = `[options]
 UseSyslog
 Interface = eth0

[git]
 sequence = 29011,11483,47120,20077:udp
 seq_timeout = 5
 tcpflags = syn
 start_command = /sbin/iptables -I INPUT 1 -s %IP% -p tcp --dport 2222 -j ACCEPT
 start_command_6 = /sbin/ip6tables -I INPUT 1 -s %IP% -p tcp --dport 2222 -j ACCEPT
 cmd_timeout = 2
 stop_command = /sbin/iptables -D INPUT -s %IP% -p tcp --dport 2222 -j ACCEPT
 stop_command_6 = /sbin/ip6tables -D INPUT -s %IP% -p tcp --dport 2222 -j ACCEPT
`;

/** What a home with all four doors needs: a mark rule for one, ports that gate and proxy guard themselves. */
export const rules = (icmp: string): string => `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -p ${icmp} -j ACCEPT
-A INPUT -m mark --mark 0x6c61 -j ACCEPT
-A INPUT -p tcp -m multiport --dports 2200,2300 -j ACCEPT
COMMIT
`;

export async function startDoctorLab(): Promise<DoctorLab> {
  const lab = await createLab();
  try {
    return await build(lab);
  } catch (error) {
    await lab.destroy();
    throw error;
  }
}

async function build(lab: Lab): Promise<DoctorLab> {
  const dir = await mkdtemp(join(lab.directory, 'machine-'));
  const etc = join(dir, 'etc');
  const [ssh, knockd] = await Promise.all([unpack('openssh-server'), unpack('knockd')]);
  await run('cp', ['-a', '/etc', etc]);
  // not -a: on this machine root has installed them
  for (const { root } of [ssh, knockd])
    await run('cp', ['-r', '--no-preserve=ownership', join(root, 'usr'), dir]);
  await writeFile(
    join(etc, 'passwd'),
    `${await readFile('/etc/passwd', 'utf8')}sshd:x:61991:65534::/run/sshd:/bin/false\n`,
  );
  await run('rm', [
    '-rf',
    join(etc, 'ssh'),
    join(etc, 'nftables.conf'),
    join(etc, 'iptables'),
    join(etc, 'fail2ban'),
  ]);
  await mkdir(join(etc, 'ssh'));
  await run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(etc, 'ssh/ssh_host_ed25519_key')]);
  const conf = join(etc, 'knockd.conf');
  await writeFile(conf, knockdConf, { mode: 0o600 });

  const firewall: DoctorLab['firewall'] = async (change = (text) => text, only) => {
    for (const [tool, icmp, family] of [
      ['iptables', 'icmp', 4],
      ['ip6tables', 'ipv6-icmp', 6],
    ] as const) {
      const text = rules(icmp);
      const input = only === undefined || only === family ? change(text) : text;
      await lab.home.run(`${tool}-restore`, [], { input });
    }
  };
  await firewall();
  const household = await startHousehold(lab, {
    doors: {
      ssh: 'driver = "nftables"\nport = 22\nmode = "mark"\n',
      files: 'driver = "nftables"\nport = 2200\nmode = "gate"\n',
      git: `driver = "knockd"\nfile = "${conf}"\nsection = "git"\nprogram = "${join(dir, 'usr/sbin/knockd')}"\n`,
    },
    sshLog: 'off',
    helperAs: ['unshare', '-m', 'sh', machine, dir],
    agent: '[[door]]\nname = "web"\ndriver = "proxy"\nlisten = 2300\ntarget = "127.0.0.1:22"\n',
  });
  const file = join(household.agentDirectory, 'agent.toml');
  await writeFile(
    file,
    `second_way_in = "screen and keyboard in the cellar"\n${await readFile(file, 'utf8')}`,
    {
      mode: 0o600,
    },
  );
  await run('chmod', ['600', file]);

  const at = (command: string, args: readonly string[]): [string, string[]] => [
    'unshare',
    ['-m', 'sh', machine, dir, command, ...args],
  ];
  let daemon: ReturnType<Lab['home']['spawn']> | undefined;
  const sshd = async (settings: readonly string[]): Promise<void> => {
    if (daemon !== undefined) {
      const closed = once(daemon, 'close');
      daemon.kill('SIGKILL');
      await closed;
    }
    await writeFile(join(etc, 'ssh/sshd_config'), `${settings.join('\n')}\n`);
    daemon = lab.home.spawn(...at('/usr/sbin/sshd', ['-D', '-e']));
    let said = '';
    daemon.stderr.on('data', (bytes: Buffer) => (said += bytes.toString()));
    for (let tries = 0; !said.includes('Server listening'); tries++) {
      if (tries > 300) throw new Error(`sshd: ${said}`);
      await sleep(10);
    }
    await sleep(20); // the second family's line
  };
  await sshd(sound);

  const child = lab.home.spawn(...at(process.execPath, [asker]));
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  let complaint = '';
  child.stderr.on('data', (bytes: Buffer) => (complaint += bytes.toString()));
  const next = async (): Promise<string> => {
    const line = await lines.next();
    if (line.done === true) throw new Error(`the doctor ended: ${complaint}`);
    return line.value;
  };
  await next();
  const places = { agent: household.agentDirectory, helper: household.helper?.config ?? '' };
  return {
    lab,
    household,
    places,
    etc,
    knockdConf: conf,
    firewall,
    sshd,
    inside: (command, args, options = {}) =>
      lab.home.run(...at(command, args), { ...options, anyStatus: true }),
    async examine() {
      child.stdin.write(`${JSON.stringify(places)}\n`);
      return JSON.parse(await next()) as Examination;
    },
  };
}
