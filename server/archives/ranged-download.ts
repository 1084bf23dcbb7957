import { open, stat } from 'node:fs/promises';
import { LatchkeyError } from '../../lib/errors.ts';
import { asLatchkeyError } from './aws.ts';

/** One range of the output, as AWS answered. */
export interface RangeAnswer {
  /** `bytes 0-1048575/8388608` */
  readonly contentRange: string | undefined;
  readonly body: AsyncIterable<Uint8Array>;
}

export interface Download {
  /** Of the whole output. */
  readonly size: number;
  /** Is appended to. */
  readonly file: string;
  /** Inclusive, as HTTP's ranges are. */
  readonly range: (first: number, last: number) => Promise<RangeAnswer>;
  readonly pause: (ms: number) => Promise<void>;
  /** Bytes that are on the disk. */
  readonly progress: (bytes: number) => void;
  readonly rangeBytes?: number;
}

const defaultRange = 16 * 1024 * 1024;
/** Ranges in a row that brought no byte. */
const mostIdle = 6;

/**
 * Writes what is missing of an output to `file`, range after range, from where the file ends: after a broken
 * connection or a kill too. What AWS sends is measured, since an inventory has no checksum. Throws `archives-*`;
 * `tool-failed` where the disk will not take it. What has arrived stays.
 */
export async function download({
  size,
  file,
  range,
  pause,
  progress,
  rangeBytes = defaultRange,
}: Download): Promise<void> {
  let at = await sizeOf(file);
  if (at > size)
    throw new LatchkeyError('archives-malformed', `${file} is longer than the output: ${at} of ${size}`);
  for (let idle = 0; at < size;) {
    const before = at;
    let failed: unknown;
    try {
      const last = Math.min(at + rangeBytes, size) - 1;
      const answer = await range(at, last);
      const said = /^bytes (\d+)-\d+\/(\d+)$/.exec(answer.contentRange ?? '');
      if (Number(said?.[1]) !== at || Number(said?.[2]) !== size)
        throw new LatchkeyError(
          'archives-malformed',
          `asked for bytes ${at}-${last}/${size}, got ${answer.contentRange}`,
        );
      at = await append(file, at, last + 1 - at, answer.body);
    } catch (thrown) {
      const error = asDisk(thrown) ?? asLatchkeyError(thrown);
      if (error.code !== 'archives-unreachable') throw error;
      failed = error;
      at = await sizeOf(file);
    }
    if (at > before) {
      idle = 0;
      progress(at);
    } else {
      if (++idle === mostIdle)
        throw failed ?? new LatchkeyError('archives-unreachable', `no byte after ${at}`);
      await pause(500 * 2 ** idle);
    }
  }
}

async function sizeOf(file: string): Promise<number> {
  try {
    return (await stat(file)).size;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 0;
    throw asDisk(error) ?? error;
  }
}

/** Resolves with where the file ends, all of it on the disk. */
async function append(
  file: string,
  from: number,
  most: number,
  body: AsyncIterable<Uint8Array>,
): Promise<number> {
  const handle = await open(file, 'a', 0o600);
  let at = from;
  try {
    for await (const bytes of body) {
      const piece = bytes.subarray(0, from + most - at);
      for (let written = 0; written < piece.length;)
        written += (await handle.write(piece, written)).bytesWritten;
      at += piece.length;
    }
  } finally {
    await handle.sync();
    await handle.close();
  }
  return at;
}

const diskCodes = new Set([
  'ENOSPC',
  'EDQUOT',
  'EIO',
  'EROFS',
  'EACCES',
  'EPERM',
  'EMFILE',
  'EISDIR',
  'EFBIG',
]);

function asDisk(thrown: unknown): LatchkeyError | undefined {
  const { code, message } = thrown as NodeJS.ErrnoException;
  if (code === undefined || !diskCodes.has(code)) return undefined;
  return new LatchkeyError('tool-failed', message, { cause: thrown });
}
