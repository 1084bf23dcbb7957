import { mkdtemp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { until } from '../support/until.ts';
import { denyByDefault, type Lab } from './net.ts';
import type { Space } from './space.ts';
import { unpack } from './unpack.ts';

/** A host that runs the real knockd on its own interface, behind a default deny: nothing of Latchkey is there. */
export interface FarKnockd {
  /** What knockd said, line by line. */
  readonly lines: string[];
  rules(): Promise<string[]>;
}

export async function startFarKnockd(lab: Lab, at: Space, conf: string): Promise<FarKnockd> {
  await denyByDefault(at);
  const file = join(await mkdtemp(join(lab.directory, 'far-')), 'knockd.conf');
  await writeFile(file, `[options]\n logfile = /dev/null\n${conf}`);
  const knockd = await unpack('knockd');
  const child = at.spawn(knockd.path('usr/sbin/knockd'), ['-i', 'eth0', '-D', '-v', '-c', file], {
    env: knockd.env,
  });
  const lines: string[] = [];
  for (const stream of [child.stdout, child.stderr])
    createInterface({ input: stream }).on('line', (line) => lines.push(line));
  await until(() => {
    if (child.exitCode !== null) throw new Error(`knockd ended:\n${lines.join('\n')}`);
    return lines.some((line) => line.includes('listening on eth0'));
  }, 5000);
  return {
    lines,
    async rules() {
      const { stdout } = await at.run('iptables', ['-S', 'INPUT']);
      return stdout.split('\n').filter((line) => line.includes('--dport 22 '));
    },
  };
}
