import * as v from 'valibot';
import { checkResult, type CheckResult } from '../../lib/checks.ts';
import { LatchkeyError } from '../../lib/errors.ts';
import { run } from '../run.ts';

const timeoutMs = 7000;
const mostBytes = 256 * 1024;

/**
 * The system's checks in a process of their own: reading a large ruleset takes memory and time that the process which
 * opens doors has better uses for. `cli`: this program's own command line and what it needs before it. Nothing in the
 * arguments comes from outside. Throws `tool-*`.
 */
export async function lookApart(cli: readonly string[], config: string): Promise<readonly CheckResult[]> {
  const args = [...cli, 'doctor', '--system', '--config', config];
  const { stdout } = await run(process.execPath, args, { timeoutMs, maxOutput: mostBytes });
  const read = v.safeParse(v.array(checkResult), JSON.parse(stdout));
  if (!read.success) throw new LatchkeyError('tool-failed', 'doctor: not what it should say');
  return read.output;
}
