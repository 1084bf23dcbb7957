import { spawnSync } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';

const core = String(availableParallelism() - 1);
const ours = fileURLToPath(new URL('tree-hash-process.ts', import.meta.url));

/** MB a second of processor time: our tree hash of 64 MiB in memory. */
export function treeHashRate(): number {
  return Number(onOneCore(process.execPath, ['--import', 'tsx', ours]));
}

/** The same by `openssl speed`: SHA-256 of one MiB, over and over, without a tree. */
export function opensslRate(): number {
  const said = onOneCore('openssl', [
    ...['speed', '-mr', '-evp', 'sha256', '-bytes', '1048576', '-seconds', '1'],
  ]);
  // +F:22:sha256:1545325643.21, in bytes a second
  const rate = Number(/^\+F:\d+:[^:]+:([\d.]+)$/m.exec(said)?.[1]) / 1e6;
  if (!(rate > 0)) throw new Error(`openssl speed said: ${said}`);
  return rate;
}

/** What a program prints that is kept, with its threads, on one core: the same one each time. */
function onOneCore(program: string, args: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync('taskset', ['-c', core, program, ...args], {
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`${program}: ${status} ${stderr}`);
  return stdout;
}
