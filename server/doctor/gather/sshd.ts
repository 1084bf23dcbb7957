import { existsSync, readFileSync, readlinkSync } from 'node:fs';
import { codeOf } from '../../../lib/errors.ts';
import { allPids, processFacts } from '../../process-facts.ts';
import { requireRootOwned } from '../../root-owned.ts';
import { run } from '../../run.ts';
import { known, unknown, type Fact, type Sshd, type SshdSettings } from '../facts.ts';

interface Command {
  readonly program: string;
  /** Those of its options that say what is configured. */
  readonly args: readonly string[];
}

const usual: Command = { program: '/usr/sbin/sshd', args: [] };

/**
 * What each sshd that listens here would do, by `sshd -T` with its own options. Its file as it is now: an sshd that
 * was not told of a change still goes by the old one.
 */
export async function gatherSshd(): Promise<Fact<readonly Sshd[]>> {
  const found = runningSshds();
  // Under socket activation (Ubuntu) nobody but systemd listens.
  const commands = found.length > 0 ? found : existsSync(usual.program) ? [usual] : [];
  if (commands.length === 0) return known([]);
  if (process.geteuid?.() !== 0) return unknown('tool-needs-root');
  try {
    return known(await Promise.all(commands.map(ask)));
  } catch (error) {
    return unknown(codeOf(error, 'tool-failed'));
  }
}

async function ask({ program, args }: Command): Promise<Sshd> {
  // Root runs it: nobody else may have put it there.
  const real = requireRootOwned(program);
  const as = async (user: string): Promise<SshdSettings> => {
    // A documentation address (RFC 5737): somebody from outside
    const who = `user=${user},host=stranger.invalid,addr=198.51.100.1`;
    return readSettings((await run(real, [...args, '-T', '-C', who])).stdout);
  };
  const [root, somebody] = await Promise.all([as('root'), as('somebody')]);
  const at = args.indexOf('-f');
  return {
    root,
    somebody,
    ports: (root.get('port') ?? []).map(Number),
    file: at < 0 ? '/etc/ssh/sshd_config' : (args[at + 1] ?? ''),
  };
}

/** `sshd -T`: one `key value…` a line; some keys come more than once. */
export function readSettings(text: string): SshdSettings {
  const settings = new Map<string, string[]>();
  for (const line of text.split('\n')) {
    const [, key, value] = /^(\S+) (.*)$/.exec(line) ?? [];
    if (key === undefined || value === undefined) continue;
    settings.set(key, [...(settings.get(key) ?? []), value]);
  }
  return settings;
}

/** Root's sshds that listen in this network, by the title that they give themselves. */
function runningSshds(): Command[] {
  const here = networkOf('self');
  return allPids()
    .filter((pid) => processFacts(pid)?.command === 'sshd')
    .map(String)
    .filter((pid) => here === undefined || (networkOf(pid) ?? here) === here)
    .filter((pid) => /^Uid:\t0\t/m.test(textOf(`/proc/${pid}/status`)))
    .flatMap((pid) => readTitle(textOf(`/proc/${pid}/cmdline`)) ?? []);
}

/** `sshd: /usr/sbin/sshd -D -f /etc/other [listener] 0 of 10-100 startups`; undefined for a session's process. */
export function readTitle(title: string): Command | undefined {
  const [, words] = /^sshd: (\/.*?) \[listener\]/.exec(title) ?? [];
  if (words === undefined) return undefined;
  const [program = '', ...rest] = words.split(' ');
  const args: string[] = [];
  for (let i = 0; i < rest.length; i++) {
    const word = rest[i]!;
    if (/^-[fpo]$/.test(word)) args.push(word, rest[++i] ?? '');
    else if (/^-[46]$|^-[po]./.test(word)) args.push(word);
    else if (/^-[EghbCck]$/.test(word)) i++;
  }
  return { program, args };
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}

function networkOf(pid: string): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/ns/net`);
  } catch {
    return undefined;
  }
}
