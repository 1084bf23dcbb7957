import { statSync } from 'node:fs';
import { LatchkeyError } from '../../lib/errors.ts';
import { findAccount } from '../accounts.ts';
import { run, start, type Child } from '../run.ts';
import type { DumpConfig, StageConfig } from './stage-config.ts';

/** One stream that becomes pieces: a tar of a directory, or what a dump prints. */
export interface TreeSource {
  /** Unique in its run, and fit for a file's name. */
  readonly tree: string;
  /** The directory, or the dump's name. */
  readonly source: string;
  readonly content: 'tar' | 'file';
  /** Bytes of the stream, where that can be known before. */
  size(): Promise<number | null>;
  start(): Promise<Child>;
  /** Exit statuses that are no failure. */
  readonly codes: readonly number[];
}

/** A long walk over a slow disk. */
const patience = 12 * 3600 * 1000;

/** `leaveOut`: folders that are never in it, as the staging folder itself. Throws `config-missing` for no directory. */
export function sourcesOf(config: StageConfig, leaveOut: readonly string[]): TreeSource[] {
  const names = new Set<string>();
  const unique = (wanted: string): string => {
    let name = wanted;
    for (let number = 2; names.has(name); number++) name = `${wanted}-${number}`;
    names.add(name);
    return name;
  };
  return [
    ...config.dumps.map((dump) => dumpSource(dump, unique(`dump-${dump.name}`))),
    ...config.directories
      .filter((directory) => isFolder(directory))
      .map((directory) => tarSource(config, directory, unique(treeName(directory)), leaveOut)),
  ];
}

/** A list that fits several machines names folders that one of them has not; links (`/bin`) are kept as links. */
function isFolder(directory: string): boolean {
  const stat = statSync(directory, { throwIfNoEntry: false });
  if (stat === undefined) return false;
  if (!stat.isDirectory())
    throw new LatchkeyError('config-invalid', `directories: ${directory} is no directory`);
  return true;
}

/** `/var/lib` → `var_lib`, as the seed's script has it. */
function treeName(directory: string): string {
  const name = directory
    .slice(1)
    .replace(/[^A-Za-z0-9.-]/g, '_')
    .replace(/^[.-]/, '_')
    .slice(0, 100);
  return name === '' ? 'all' : name;
}

function tarSource(
  config: StageConfig,
  directory: string,
  tree: string,
  leaveOut: readonly string[],
): TreeSource {
  const inside = (path: string) => path.replace(/^\/+/, '');
  const anchored = config.exclude.filter((pattern) => pattern.startsWith('/'));
  const args = [
    '--create',
    // times to the nanosecond, names and sizes of any length; nothing that differs when nothing has changed
    '--pax-option=exthdr.name=%d/PaxHeaders/%f,delete=atime,delete=ctime',
    ...['--format=posix', '--acls', '--xattrs', '--xattrs-include=*', '--numeric-owner', '--sparse'],
    ...(config.oneFileSystem ? ['--one-file-system'] : []),
    ...['--anchored', '--no-wildcards', ...leaveOut.map((path) => `--exclude=${inside(path)}`)],
    ...['--wildcards', '--wildcards-match-slash', ...anchored.map((path) => `--exclude=${inside(path)}`)],
    ...[
      '--no-anchored',
      ...config.exclude.filter((each) => !anchored.includes(each)).map((each) => `--exclude=${each}`),
    ],
    '--directory=/',
  ];
  const what = ['--', inside(directory) || '.'];
  const env = { LC_ALL: 'C', TZ: 'UTC' };
  return {
    tree,
    source: directory,
    content: 'tar',
    // 1: a file changed while it was read, which a living system does
    codes: [0, 1],
    async size() {
      // into /dev/null tar looks at every file, and reads none
      const { stderr } = await run('tar', ['--totals', '--file=/dev/null', ...args, ...what], {
        ...{ env, codes: [0, 1], timeoutMs: patience, maxOutput: 64 * 1024 * 1024 },
      });
      return Number(/^Total bytes written: (\d+)/m.exec(stderr)?.[1] ?? NaN);
    },
    start: () => start('tar', ['--file=-', ...args, ...what], { env }),
  };
}

function dumpSource({ name, command, user }: DumpConfig, tree: string): TreeSource {
  return {
    tree,
    source: name,
    content: 'file',
    codes: [0],
    size: () => Promise.resolve(null),
    async start() {
      const account = user === undefined ? undefined : await findAccount(user);
      if (user !== undefined && account === undefined)
        throw new LatchkeyError('config-invalid', `dump.user: there is no account ${user}`);
      const [program, ...args] = command;
      return start(program, args, account === undefined ? {} : { uid: account.uid, gid: account.gid });
    },
  };
}
