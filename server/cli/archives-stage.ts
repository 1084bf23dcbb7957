import type { Command } from 'commander';
import path from 'node:path';
import { readStageConfig, sampleConfig } from '../archives/stage-config.ts';
import { stage, type Staged, type StageProgress } from '../archives/stage.ts';
import { folders } from '../folders.ts';
import { formatBytes } from './archive-report.ts';
import { barOn, gpgEnvironment } from './archives-bar.ts';

interface Options {
  readonly config?: string;
  readonly sample?: boolean;
  readonly json?: boolean;
}

export function registerStage(archives: Command): void {
  archives
    .command('stage')
    .description('directories and dumps into pieces, compressed and maybe encrypted, ready to be uploaded')
    .option('--config <file>', 'default: stage.toml in LATCHKEY_DIR')
    .option('--sample', 'prints a configuration to begin with')
    .option('--json', 'one line a second and one at the end, for scripts')
    .action(stageAll);
}

async function stageAll(options: Options): Promise<void> {
  if (options.sample === true) return void process.stdout.write(sampleConfig);
  const { root } = folders();
  const config = readStageConfig(options.config ?? path.join(root, 'stage.toml'));
  const bar = barOn(process.stderr);
  const json = options.json === true;
  try {
    const staged = await stage({
      config,
      journals: path.join(root, 'journal'),
      env: gpgEnvironment(),
      onNote: (note) => {
        bar.clear();
        process.stderr.write(`${note}\n`);
      },
      onProgress: json
        ? eachSecond((progress) => process.stdout.write(`${JSON.stringify({ progress })}\n`))
        : ({ tree, bytes, ofBytes }) => bar.tell({ label: tree, done: bytes, of: ofBytes }),
    });
    bar.clear();
    process.stdout.write(json ? `${JSON.stringify({ staged })}\n` : report(staged));
  } finally {
    bar.clear();
  }
}

function eachSecond(say: (progress: StageProgress & { perSecond: number }) => void) {
  const began = performance.now();
  let next = began + 1000;
  return (progress: StageProgress) => {
    const now = performance.now();
    if (now < next) return;
    next = now + 1000;
    say({ ...progress, perSecond: Math.round(progress.bytes / ((now - began) / 1000)) });
  };
}

function report({ folder, journal, trees, pieces, bytes, staged, removed }: Staged): string {
  const lines = [
    `${trees} ${trees === 1 ? 'tree' : 'trees'}, ${formatBytes(bytes)}, staged in ${pieces} ${pieces === 1 ? 'piece' : 'pieces'} of ${formatBytes(staged)}: ${folder}`,
    `Keep a copy of its journal in another place, without it the order must be guessed: ${journal}`,
  ];
  if (removed.length > 0)
    lines.push(`Older runs that were kept long enough are removed: ${removed.join(', ')}`);
  return `${lines.join('\n')}\n`;
}
