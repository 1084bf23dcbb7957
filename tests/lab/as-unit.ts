import { chown, chmod, mkdir, readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { childrenOf } from '../../server/process-facts.ts';
import { until } from '../support/until.ts';
import type { Space } from './space.ts';

/** What a unit file says, for the lab to start it as systemd would: by what is written there, not by what we think. */
export interface Unit {
  readonly name: string;
  readonly text: string;
  /** Every value of a key in [Service], in order. */
  all(key: string): string[];
  /** The last one; '' where there is none. */
  get(key: string): string;
}

export const unitsFolder = fileURLToPath(new URL('../../server/units', import.meta.url));

export async function readUnit(name: string): Promise<Unit> {
  const text = await readFile(join(unitsFolder, `${name}.service`), 'utf8');
  const service = text.split(/^\[(\w+)\]$/m).reduce<string>((found, part, i, parts) => {
    return parts[i - 1] === 'Service' ? part : found;
  }, '');
  const all = (key: string): string[] =>
    [...service.matchAll(/^(\w+)=(.*)$/gm)].filter(([, k]) => k === key).map(([, , value]) => value ?? '');
  return { name, text, all, get: (key) => all(key).at(-1) ?? '' };
}

/** What stands for the real folders, and for the accounts that the recipe makes. */
export interface Stage {
  /** Path in the units → folder of the test. */
  readonly folders: Readonly<Record<string, string>>;
  readonly ids: Readonly<Record<string, number>>;
}

export function onStage(stage: Stage, text: string): string {
  return Object.entries(stage.folders).reduce((done, [from, to]) => done.replaceAll(from, to), text);
}

export interface UnitProcess {
  readonly pid: number;
  /** Both outputs, line by line: what the journal would hold. */
  readonly lines: string[];
  saw(pattern: RegExp): Promise<string>;
  /** `systemctl stop`: SIGTERM to whom KillMode says. Resolves once the main process is gone. */
  stop(): Promise<void>;
}

/**
 * Starts a unit's ExecStart at a host of the lab: in its folders, with all others read-only, under its user, group,
 * capabilities and limits, no new privileges, an empty environment, and its view of /proc. What the kernel does by
 * seccomp and by the group's filters (SystemCallFilter, RestrictAddressFamilies, IPAddressDeny) is systemd's alone.
 */
export async function startUnit(space: Space, unit: Unit, stage: Stage): Promise<UnitProcess> {
  const id = (name: string): number => {
    const found = stage.ids[name];
    if (found === undefined) throw new Error(`${unit.name}: nobody is called "${name}"`);
    return found;
  };
  const [uid, gid] = [id(unit.get('User')), id(unit.get('Group'))];
  const caps = unit.get('CapabilityBoundingSet').toLowerCase().split(' ').filter(Boolean);
  const files = await openFiles(unit);
  const command = [
    ...['env', '-i', 'PATH=/usr/sbin:/usr/bin:/sbin:/bin', 'sh', '-c', sandbox, 'sh'],
    ...[(await ownFolders(unit, stage, uid, gid)).join(' '), procOptions(unit)],
    ...(files === undefined ? [] : ['prlimit', `--nofile=${files}:${files}`]),
    ...['setpriv', `--reuid=${uid}`, `--regid=${gid}`, '--clear-groups'],
    `--bounding-set=${['-all', ...caps.map((cap) => `+${cap.replace('cap_', '')}`)].join(',')}`,
    ...['--inh-caps=-all', '--ambient-caps=-all'],
    ...(unit.get('NoNewPrivileges') === 'yes' ? ['--no-new-privs'] : []),
    ...onStage(stage, unit.get('ExecStart').replace(/^node /, `${process.execPath} `)).split(' '),
  ];
  const child = space.spawn(command[0]!, command.slice(1), { cwd: '/' });
  const lines: string[] = [];
  for (const stream of [child.stdout, child.stderr])
    createInterface({ input: stream }).on('line', (line) => lines.push(line));
  // not 'close': what lives on may hold its outputs
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  return {
    // ip, env, sh, prlimit and setpriv each become the next one: it is the same process all along
    pid: child.pid ?? 0,
    lines,
    async saw(pattern) {
      await until(() => {
        if (lines.some((line) => pattern.test(line))) return true;
        if (child.exitCode !== null) throw new Error(`${unit.name} ended:\n${lines.join('\n')}`);
        return false;
      }, 15_000).catch((error: unknown) => {
        throw new Error(`no ${String(pattern)}: ${String(error)}\n${lines.join('\n')}`);
      });
      return lines.find((line) => pattern.test(line)) ?? '';
    },
    async stop() {
      const others = unit.get('KillMode') === 'process' ? [] : descendants(child.pid ?? 0);
      for (const pid of [child.pid ?? 0, ...others]) process.kill(pid, 'SIGTERM');
      await ended;
    },
  };
}

/** The rest of the unit's control group, as far as parents tell. */
function descendants(pid: number): number[] {
  return childrenOf(pid).flatMap((child) => [child, ...descendants(child)]);
}

const places = { State: '/var/lib', Runtime: '/run', Configuration: '/etc' } as const;

/** Makes the folders that systemd makes, as systemd.exec(5) says; these alone can be written. */
async function ownFolders(unit: Unit, stage: Stage, uid: number, gid: number): Promise<string[]> {
  const made: string[] = [];
  for (const [kind, place] of Object.entries(places)) {
    for (const name of unit.get(`${kind}Directory`).split(' ').filter(Boolean)) {
      const folder = onStage(stage, `${place}/${name}`);
      if (folder === `${place}/${name}`) throw new Error(`${unit.name}: the test has no ${folder}`);
      await mkdir(dirname(folder), { recursive: true, mode: 0o755 });
      await mkdir(folder, { recursive: true });
      if (kind !== 'Configuration') await chown(folder, uid, gid);
      await chmod(folder, parseInt(unit.get(`${kind}DirectoryMode`), 8));
      made.push(folder);
    }
  }
  return made;
}

/** LimitNOFILE, or this machine's own hard limit where that is lower: a container may not raise it. */
export async function openFiles(unit: Unit): Promise<number | undefined> {
  const wanted = unit.get('LimitNOFILE');
  if (wanted === '') return undefined;
  const here = /^Max open files +\d+ +(\d+) /m.exec(await readFile('/proc/self/limits', 'utf8'))?.[1];
  return Math.min(Number(wanted), Number(here));
}

function procOptions(unit: Unit): string {
  const [hides, subset] = [unit.get('ProtectProc'), unit.get('ProcSubset')];
  return `${hides === '' ? '' : `,hidepid=${hides}`}${subset === '' ? '' : `,subset=${subset}`}`;
}

/** In the private mount namespace that `ip netns exec` has made. $1: what stays writable. $2: further options of /proc. */
const sandbox = `set -eu
for folder in $1; do mount --bind "$folder" "$folder"; done
for at in / /etc /opt /run /tmp /usr /var; do
  if mountpoint -q "$at"; then mount -o remount,bind,ro "$at"; fi
done
mount -t proc -o "nosuid,nodev,noexec$2" proc /proc
shift 2
exec "$@"`;
