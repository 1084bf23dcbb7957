import type { Command } from 'commander';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { codeOf, LatchkeyError } from '../../lib/errors.ts';
import { readRuns, type RunRecord } from '../archives/journal.ts';
import { readStageConfig } from '../archives/stage-config.ts';
import { bucketTarget } from '../archives/upload-bucket.ts';
import type { UploadTarget } from '../archives/upload-target.ts';
import { upload, type PlannedPiece, type Uploaded } from '../archives/upload.ts';
import { vaultTarget } from '../archives/upload-vault.ts';
import { folders } from '../folders.ts';
import { formatBytes } from './archive-report.ts';
import { barOn } from './archives-bar.ts';
import { openKnown } from './known-archives.ts';
import { Sending } from './sending.ts';

interface Options {
  readonly vault?: string;
  readonly bucket?: string;
  readonly region?: string;
  readonly class: string;
  readonly prefix: string;
  readonly run?: string;
  readonly again?: boolean;
  readonly config?: string;
  readonly json?: boolean;
}

export function registerUpload(archives: Command): void {
  archives
    .command('upload')
    .description('sends what was staged and is not there yet; credentials as the AWS tools find them')
    .option('--vault <name>', 'into a vault (who has one: AWS makes no new ones)')
    .option('--bucket <name>', 'into a bucket of S3')
    .option('--region <region>', 'default: AWS_REGION')
    .option('--class <class>', 'of a bucket: GLACIER, DEEP_ARCHIVE or GLACIER_IR', 'DEEP_ARCHIVE')
    .option('--prefix <text>', 'of a bucket: what every key begins with', 'latchkey/')
    .option('--run <run>', 'this run alone; default: every finished one')
    .option('--again', 'what is there already, as the list of archives here says, is sent all the same')
    .option('--config <file>', 'default: stage.toml in LATCHKEY_DIR')
    .option('--json')
    .action(uploadAll);
}

async function uploadAll(options: Options): Promise<void> {
  const { root } = folders();
  const journals = path.join(root, 'journal');
  const { staging } = readStageConfig(options.config ?? path.join(root, 'stage.toml'));
  const complete = path.join(staging, 'complete');
  const runs = readRuns(journals).filter((record) => isHere(record, complete, options.run));
  if (options.run !== undefined && runs.length === 0)
    throw new LatchkeyError('config-missing', `run ${options.run} in ${complete}`);
  // both load much, and neither needs the other
  const opening = openKnown().catch((error: unknown) => codeOf(error, 'tool-failed'));
  const target = await targetOf(options);
  const bar = barOn(process.stderr);
  const json = options.json === true;
  const onNote = (note: string): void => {
    bar.clear();
    process.stderr.write(`${note}\n`);
  };
  const opened = await opening;
  const known = typeof opened === 'string' ? undefined : opened;
  if (typeof opened === 'string')
    onNote(`The list of archives here cannot be opened (${opened}): sending goes on.`);
  const sending = new Sending(folders().controlSocket, target);
  let failure: string | undefined;
  try {
    const done = await upload({
      runs,
      complete,
      journals,
      target,
      ...(known === undefined ? {} : { known }),
      ...(options.again === undefined ? {} : { again: options.again }),
      onNote,
      onPlan(pieces) {
        sending.plan(pieces);
        process.stdout.write(json ? leftOutJson(pieces) : leftOutReport(pieces, target.name));
      },
      onProgress(progress) {
        const { piece, pieces, ofPieces, bytes, ofBytes } = progress;
        sending.tell(progress);
        const label = `${Math.min(pieces + 1, ofPieces)}/${ofPieces} ${piece}`;
        bar.tell({ label, done: bytes, of: ofBytes });
      },
      onArrived: ({ name }, arrived) => {
        if (json) process.stdout.write(`${JSON.stringify({ uploaded: { piece: name, ...arrived } })}\n`);
      },
      pause: () => sending.pausing,
    });
    bar.clear();
    process.stdout.write(json ? `${JSON.stringify({ done })}\n` : report(done, journals));
    if (done.paused) throw new LatchkeyError('archives-paused');
  } catch (error) {
    failure = codeOf(error, 'tool-failed');
    throw error;
  } finally {
    bar.clear();
    target.stop();
    await sending.end(failure === 'archives-paused' ? undefined : failure);
    await known?.close();
  }
}

function leftOutJson(pieces: readonly PlannedPiece[]): string {
  return pieces
    .filter(({ state }) => state === 'there')
    .map(({ run, name }) => `${JSON.stringify({ leftOut: { piece: `${run.run}/${name}` } })}\n`)
    .join('');
}

/** Of many only the first ones. */
const mostNamed = 20;

function leftOutReport(pieces: readonly PlannedPiece[], target: string): string {
  const there = pieces.filter(({ state }) => state === 'there');
  if (there.length === 0) return '';
  const named = there.slice(0, mostNamed).map(({ run, name }) => `  ${run.run}/${name}\n`);
  const more = there.length > mostNamed ? `  and ${there.length - mostNamed} more\n` : '';
  const bytes = there.reduce((sum, { size }) => sum + size, 0);
  return `${count(there.length)}, ${formatBytes(bytes)}, left out: ${target} has them already (--again sends them all the same).\n${named.join('')}${more}`;
}

function isHere({ run, done }: RunRecord, complete: string, wanted: string | undefined): boolean {
  return done && existsSync(path.join(complete, run.run)) && (wanted === undefined || wanted === run.run);
}

const usage = (why: string) => new LatchkeyError('config-usage', why);

function targetOf({
  vault,
  bucket,
  region: given,
  class: storageClass,
  prefix,
}: Options): Promise<UploadTarget> {
  if ((vault === undefined) === (bucket === undefined)) throw usage('either --vault or --bucket');
  const region = given ?? (process.env['AWS_REGION'] || process.env['AWS_DEFAULT_REGION']);
  if (!region) throw usage('--region');
  if (vault !== undefined) return vaultTarget(region, vault);
  if (storageClass !== 'GLACIER' && storageClass !== 'DEEP_ARCHIVE' && storageClass !== 'GLACIER_IR')
    throw usage('--class: GLACIER, DEEP_ARCHIVE or GLACIER_IR');
  return bucketTarget(region, bucket!, prefix, storageClass);
}

function count(pieces: number): string {
  return `${pieces} ${pieces === 1 ? 'piece' : 'pieces'}`;
}

function report({ pieces, before, bytes, there }: Uploaded, journals: string): string {
  if (pieces === 0 && before + there === 0) return 'Nothing is staged. See latchkey archives stage.\n';
  if (pieces === 0) return 'Everything staged is there already.\n';
  return `${count(pieces)}, ${formatBytes(bytes)}, uploaded${before === 0 ? '' : `; ${before} were there before`}.\nCopy the journals to another place now: ${journals}\n`;
}
