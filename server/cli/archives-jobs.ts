import type { Command } from 'commander';
import { existsSync } from 'node:fs';
import { shown } from '../../lib/archive/safe-text.ts';
import type { Job } from '../../lib/archive.ts';
import type { Catalogue } from '../archives/catalogue.ts';
import { formatBytes } from './archive-report.ts';
import { databaseFile, openHere } from './archives.ts';
import { askOnce } from './devices.ts';

/** Adds what has to do with questions that take AWS hours. */
export function registerJobs(archives: Command): void {
  archives
    .command('inventory [vault]')
    .description('asks AWS for the list of a vault, by name or ARN, or of all: it takes 3 to 5 hours')
    .option('--json')
    .action(async (vault: string | undefined, options: { json?: boolean }) => {
      const { vaults } = await askOnce({ verb: 'inventory', ...(vault === undefined ? {} : { vault }) });
      if (options.json === true) return void process.stdout.write(`${JSON.stringify({ vaults })}\n`);
      const many = vaults === 1 ? '1 vault is' : `${String(vaults)} vaults are`;
      process.stdout.write(`The list of ${many} on its way or here: see latchkey archives jobs.\n`);
    });
  archives
    .command('jobs')
    .description('what AWS was asked for, newest first')
    .option('--json')
    .action(async (options: { json?: boolean }) => {
      const { jobs, restore } = await everyJob();
      if (options.json === true) return void process.stdout.write(`${JSON.stringify(jobs)}\n`);
      if (restore !== undefined) process.stdout.write(restore);
      if (jobs.length === 0 && restore === undefined)
        process.stdout.write('AWS was asked for nothing yet: latchkey archives inventory\n');
      for (const job of jobs) process.stdout.write(jobLine(job));
    });
}

async function everyJob(): Promise<{ jobs: readonly Job[]; restore?: string }> {
  if (!existsSync(databaseFile())) return { jobs: [] };
  const catalogue = await openHere(false);
  try {
    const jobs = await catalogue.jobs();
    const restore = await restoreLine(catalogue);
    return { jobs, ...(restore === undefined ? {} : { restore }) };
  } finally {
    await catalogue.close();
  }
}

/** Of the restore that is under way; undefined: none is. */
async function restoreLine({ restores }: Catalogue): Promise<string | undefined> {
  const record = (await restores.records()).find(({ status }) => status !== 'done');
  if (record === undefined) return undefined;
  const { states } = await restores.sums(record.id, 0);
  const count = (state: string) => states.find((each) => each.state === state)?.archives ?? 0;
  const [down, failed] = [states.reduce((sum, each) => sum + each.down, 0), count('failed')];
  const lost = failed === 0 ? '' : `, ${failed} failed`;
  return `A restore is ${record.status === 'paused' ? 'paused' : 'under way'}: ${count('back')} of ${record.archives} archives back${lost}, ${formatBytes(down)} of ${formatBytes(record.bytes)} here (latchkey archives restore)\n`;
}

export function jobLine(job: Job): string {
  const what = job.kind === 'inventory' ? 'list' : `archive ${shown(job.archive ?? '?')}`;
  const parts = [
    what,
    job.doneAt !== null ? 'here' : job.status,
    job.size === null ? undefined : formatBytes(job.size),
    job.doneAt === null && job.status === 'ready' ? `${formatBytes(job.fetched)} fetched` : undefined,
    job.expiresAt === null || job.status !== 'ready'
      ? undefined
      : `until ${new Date(job.expiresAt).toISOString().slice(0, 16)}Z`,
    job.message === null ? undefined : shown(job.message),
  ].filter((part) => part !== undefined);
  return `${new Date(job.askedAt).toISOString().slice(0, 16)}Z  ${shown(job.vault)}  ${parts.join(', ')}\n`;
}
