import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Lab } from './net.ts';
import { run, type Ran } from './space.ts';
import { unpack } from './unpack.ts';

const page = new URL('../../server/bans/FILTERS.md', import.meta.url);

/** The files that the page says to put below /etc/fail2ban, by their paths there. */
export async function pageFiles(): Promise<Map<string, string>> {
  const text = await readFile(page, 'utf8');
  const files = [...text.matchAll(/^`\/etc\/fail2ban\/([^`]+)`\n\n```ini\n([^]*?)^```$/gm)];
  return new Map(files.map(([, path = '', body = '']) => [path, body]));
}

/** The block of this kind (`sh`, `toml`) under a heading that contains all these words. */
export async function pageBlock(kind: string, heading: string, words: string): Promise<string> {
  const text = await readFile(page, 'utf8');
  const part = text.split(/^#{2,3} /m).find((one) => one.startsWith(`${heading}\n`)) ?? '';
  const blocks = [...part.matchAll(new RegExp(`^\`\`\`${kind}\\n([^]*?)^\`\`\`$`, 'gm'))].map(
    ([, body = '']) => body,
  );
  const found = blocks.find((body) => body.includes(words));
  if (found === undefined) throw new Error(`FILTERS.md has no ${kind} with "${words}" under "${heading}"`);
  return found;
}

/** fail2ban's programs, unpacked, over Debian's own configuration with the page's files in it. */
export interface Fail2banTools {
  /** Which lines of this log the filter takes for failures. */
  matched(log: string, filter: string): Promise<string[]>;
  /** Reads the whole configuration, as the server would. */
  test(): Promise<Ran>;
}

/** `logs`: what stands for a log path of the page's jails. */
export async function withPageFilters(
  lab: Lab,
  logs: Readonly<Record<string, string>>,
): Promise<Fail2banTools> {
  const { root, env } = await unpack('fail2ban');
  const conf = join(lab.directory, 'fail2ban');
  await run('cp', ['-r', join(root, 'etc/fail2ban'), conf]);
  // Debian's own jail reads this machine's log.
  await rm(join(conf, 'jail.d/defaults-debian.conf'));
  for (const [path, body] of await pageFiles()) {
    const text = Object.entries(logs).reduce((done, [from, to]) => done.replaceAll(from, to), body);
    await mkdir(dirname(join(conf, path)), { recursive: true });
    await writeFile(join(conf, path), text);
  }
  const tool = (name: string, args: readonly string[]) =>
    run('/usr/bin/python3', [join(root, 'usr/bin', name), '-c', conf, ...args], {
      env: { ...env, PYTHONPATH: join(root, 'usr/lib/python3/dist-packages') },
      anyStatus: true,
    });
  return {
    async matched(log, filter) {
      const { stdout, stderr } = await tool('fail2ban-regex', [
        '--print-all-matched',
        log,
        join(conf, `filter.d/${filter}.conf`),
      ]);
      if (!/^Lines: \d+ lines, /m.test(stdout)) throw new Error(stdout + stderr);
      const part = /Matched line\(s\):\n([^]*?)`-/.exec(stdout)?.[1] ?? '';
      return part.split('\n').flatMap((line) => (line.startsWith('|  ') ? [line.slice(3)] : []));
    },
    test: () => tool('fail2ban-client', ['-t']),
  };
}
