import { lstatSync, readdirSync, readFileSync, realpathSync, statSync } from 'node:fs';
import path from 'node:path';
import { codeOf } from '../../../lib/errors.ts';
import { readPlain } from '../../files.ts';
import { known, unknown, type Fact, type FileFact, type TextFile } from '../facts.ts';

const writable = 0o022;
const sticky = 0o1000;

/**
 * The first file or folder, from the path upwards, that others than root can change (as server/root-owned.ts asks,
 * but for anybody who may look). Undefined where there is none, or nothing is there. Throws what lstat throws.
 */
export function looseAt(file: string): string | undefined {
  let at: string;
  try {
    at = realpathSync(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  const real = at;
  for (; ; at = path.dirname(at)) {
    const { uid, mode } = lstatSync(at);
    if (uid !== 0 || ((mode & writable) !== 0 && (at === real || (mode & sticky) === 0))) return at;
    if (at === path.dirname(at)) return undefined;
  }
}

/** What root reads and obeys; `more`: what the doors add. */
export function gatherFiles(more: readonly string[]): Fact<readonly FileFact[]> {
  const paths = [
    ...new Set([...more, '/etc/ssh/sshd_config', ...listed('/etc/ssh/sshd_config.d'), ...savedPaths()]),
  ];
  try {
    return known(
      paths.map((file) => {
        const loose = looseAt(file);
        return { path: file, ...(loose === undefined ? {} : { loose }) };
      }),
    );
  } catch {
    return unknown('tool-needs-root');
  }
}

/** Where distributions keep rules for the next boot: Debian's packages, Red Hat's, ufw's. */
const rulesets = [
  '/etc/nftables.conf',
  '/etc/sysconfig/nftables.conf',
  '/etc/iptables/rules.v4',
  '/etc/iptables/rules.v6',
  '/etc/iptables.rules',
  '/etc/iptables.up.rules',
  '/etc/sysconfig/iptables',
  '/etc/sysconfig/ip6tables',
  '/etc/ufw/user.rules',
  '/etc/ufw/user6.rules',
];
const folders = ['/etc/nftables.d', '/etc/nftables', '/etc/sysconfig/nftables'];

function savedPaths(): string[] {
  return [...rulesets, ...folders.flatMap(listed)];
}

export function gatherSaved(): Fact<readonly TextFile[]> {
  try {
    return known(
      savedPaths().flatMap((file) => {
        // Some systems link them; what counts is what is read at boot.
        const text = textOf(file);
        return text === undefined ? [] : [{ path: file, text }];
      }),
    );
  } catch (error) {
    return unknown(codeOf(error, 'tool-needs-root'));
  }
}

const mostBytes = 4 * 1024 * 1024;

function textOf(file: string): string | undefined {
  let size: number;
  try {
    const stat = statSync(file);
    if (!stat.isFile()) return undefined;
    size = stat.size;
  } catch {
    return undefined;
  }
  return size > mostBytes ? readPlain(file) : readFileSync(file, 'latin1');
}

function listed(folder: string): string[] {
  try {
    return readdirSync(folder)
      .sort()
      .map((name) => path.join(folder, name));
  } catch {
    return [];
  }
}

/** Files of one owner alone that somebody else can read or change. */
export function exposedAmong(files: readonly string[]): Fact<readonly string[]> {
  try {
    return known(
      files.filter((file) => {
        try {
          return (lstatSync(file).mode & 0o077) !== 0;
        } catch (error) {
          if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
          throw error;
        }
      }),
    );
  } catch {
    return unknown('config-unreadable');
  }
}
