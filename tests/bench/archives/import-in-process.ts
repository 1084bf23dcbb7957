import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const process_ = fileURLToPath(new URL('import-process.ts', import.meta.url));

/** As the command line imports, in a process of its own whose memory is looked at. */
export async function importInProcess(
  inventory: string,
  state: string,
): Promise<{ readonly inserted: number; readonly ms: number; readonly mb: number }> {
  const { stdout } = await promisify(execFile)(process.execPath, [
    '--import',
    'tsx',
    process_,
    inventory,
    state,
  ]);
  return JSON.parse(stdout) as { inserted: number; ms: number; mb: number };
}
