import { type ChildProcess, execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { makeSpace, pidsIn, run, type Space } from './space.ts';

/**
 * A small internet in namespaces of our own, over IPv4 and IPv6 (RFC 5737 and RFC 3849 ranges):
 *
 *   phone 203.0.113.7 ──┐
 *   stranger    .66 ────┤ router ── relay 198.51.100.10
 *                       └────────── home  192.0.2.20
 *
 * Needs root. Every call makes its own names, so labs run beside each other.
 */
export interface Lab {
  readonly phone: Space;
  readonly stranger: Space;
  readonly relay: Space;
  readonly home: Space;
  readonly router: Space;
  /** A folder of this lab (0700), gone after destroy(). */
  readonly directory: string;
  /** Kills what the lab started, deletes its namespaces and its folder. Safe to call twice. */
  destroy(): Promise<void>;
}

export interface LabOptions {
  /**
   * What guards home before Latchkey does:
   * - iptables: default deny in INPUT of both families; ESTABLISHED, lo and neighbour discovery pass.
   * - none: nothing, for doors in mode gate.
   */
  readonly firewall?: 'iptables' | 'none';
}

const hosts = {
  phone: ['203.0.113.7', '2001:db8:7::7'],
  stranger: ['203.0.113.66', '2001:db8:7::66'],
  relay: ['198.51.100.10', '2001:db8:51::10'],
  home: ['192.0.2.20', '2001:db8:2::20'],
} as const;
type Host = keyof typeof hosts;

/** The router's interface and addresses towards each network. */
const sides = {
  clients: ['203.0.113.1', '2001:db8:7::1'],
  to_relay: ['198.51.100.1', '2001:db8:51::1'],
  to_home: ['192.0.2.1', '2001:db8:2::1'],
} as const;
const sideOf: Record<Host, keyof typeof sides> = {
  phone: 'clients',
  stranger: 'clients',
  relay: 'to_relay',
  home: 'to_home',
};

/** No second of duplicate address detection before an IPv6 address can be used. */
const noDad = 'echo 0 >ipv6/conf/all/accept_dad && echo 0 >ipv6/conf/default/accept_dad';

let labs = 0;

export async function createLab(options: LabOptions = {}): Promise<Lab> {
  if (process.getuid?.() !== 0) throw new Error('The lab needs root: it makes network namespaces.');
  sweep();
  const prefix = `lk${process.pid}x${labs++}-`;
  const children = new Set<ChildProcess>();
  const directory = mkdtempSync(join(tmpdir(), `${prefix}`));
  const space = (host: Host) => makeSpace(prefix + host, hosts[host][0], hosts[host][1], children);
  const router = makeSpace(`${prefix}router`, ...sides.to_home, children);
  const all = {
    phone: space('phone'),
    stranger: space('stranger'),
    relay: space('relay'),
    home: space('home'),
    router,
  };
  const names = Object.values(all).map((one) => one.name);

  const atExit = () => destroyNow(names, children, directory);
  const onSignal = (signal: NodeJS.Signals) => {
    atExit();
    process.kill(process.pid, signal); // our listener is gone by now: the default action follows
  };
  process.once('exit', atExit);
  process.once('SIGINT', onSignal);
  process.once('SIGTERM', onSignal);

  const lab: Lab = {
    ...all,
    directory,
    async destroy() {
      process.off('exit', atExit);
      process.off('SIGINT', onSignal);
      process.off('SIGTERM', onSignal);
      killAll(names, children);
      for (let tries = 0; tries < 100 && names.some((name) => pidsIn(name).length > 0); tries++) {
        await sleep(10);
        killAll(names, children);
      }
      destroyNow(names, children, directory);
    },
  };
  try {
    await build(all, names, prefix);
    if (options.firewall === 'iptables') await denyByDefault(lab.home);
  } catch (error) {
    await lab.destroy();
    throw error;
  }
  return lab;
}

async function build(all: Record<Host | 'router', Space>, names: string[], prefix: string): Promise<void> {
  await run('ip', ['-batch', '-'], { input: names.map((name) => `netns add ${name}\n`).join('') });
  const ports = Object.keys(hosts) as Host[];
  // Phone and stranger share a bridge: neighbours at the same client site.
  const wires = ports.map((host) => `link add to_${host} type veth peer name eth0 netns ${prefix}${host}\n`);
  const bridge = [
    // Snooping would hold IPv6 neighbour discovery back for the first seconds of the bridge's life.
    'link add clients type bridge mcast_snooping 0',
    'link set to_phone master clients',
    'link set to_stranger master clients',
    ...['lo', 'clients', ...ports.map((host) => `to_${host}`)].map((name) => `link set ${name} up`),
    ...Object.entries(sides).flatMap(([dev, [four, six]]) => [
      `addr add ${four}/24 dev ${dev}`,
      `addr add ${six}/64 dev ${dev} nodad`,
    ]),
  ];
  await all.router.run('sh', [
    '-c',
    `cd /proc/sys/net && echo 1 >ipv4/ip_forward && echo 1 >ipv6/conf/all/forwarding && ${noDad}`,
  ]);
  await run('ip', ['-n', all.router.name, '-batch', '-'], {
    input: wires.join('') + bridge.join('\n') + '\n',
  });
  await Promise.all(
    ports.map(async (host) => {
      const [four, six] = hosts[host];
      await all[host].run('sh', ['-c', `cd /proc/sys/net && ${noDad}`]);
      const [via4, via6] = sides[sideOf[host]];
      const lines = [
        'link set lo up',
        'link set eth0 up',
        `addr add ${four}/24 dev eth0`,
        `addr add ${six}/64 dev eth0 nodad`,
        `route add default via ${via4}`,
        `route add default via ${via6}`,
      ];
      await run('ip', ['-n', all[host].name, '-batch', '-'], { input: lines.join('\n') + '\n' });
    }),
  );
}

/** The usual default-deny host. ICMPv6 must pass: neighbour discovery is ICMPv6. */
export async function denyByDefault(home: Space): Promise<void> {
  const rules = (icmp: string) =>
    [
      '*filter',
      ':INPUT DROP [0:0]',
      ':FORWARD DROP [0:0]',
      ':OUTPUT ACCEPT [0:0]',
      '-A INPUT -i lo -j ACCEPT',
      '-A INPUT -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT',
      `-A INPUT -p ${icmp} -j ACCEPT`,
      'COMMIT',
      '',
    ].join('\n');
  await home.run('iptables-restore', [], { input: rules('icmp') });
  await home.run('ip6tables-restore', [], { input: rules('ipv6-icmp') });
}

function killAll(names: readonly string[], children: ReadonlySet<ChildProcess>): void {
  for (const child of children) child.kill('SIGKILL');
  for (const pid of names.flatMap(pidsIn)) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // gone meanwhile
    }
  }
}

function destroyNow(names: readonly string[], children: ReadonlySet<ChildProcess>, directory: string): void {
  killAll(names, children);
  for (const name of names) deleteNamespace(name);
  rmSync(directory, { recursive: true, force: true });
}

function deleteNamespace(name: string): void {
  try {
    execFileSync('ip', ['netns', 'del', name], { stdio: 'ignore' });
  } catch {
    // never made, or gone
  }
}

/** Labs of test runs that were killed with no chance to tidy: their process is gone, their names remain. */
function sweep(): void {
  for (const name of orphansIn('/run/netns')) {
    killAll([name], new Set());
    deleteNamespace(name);
  }
  for (const name of orphansIn(tmpdir())) rmSync(join(tmpdir(), name), { recursive: true, force: true });
}

function orphansIn(folder: string): string[] {
  const names = existsSync(folder) ? readdirSync(folder) : [];
  return names.filter((name) => {
    const owner = /^lk(\d+)x\d+-/.exec(name)?.[1];
    return owner !== undefined && !isAlive(Number(owner));
  });
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
