import { open, rename } from 'node:fs/promises';
import path from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { LatchkeyError } from '../../lib/errors.ts';
import { syncFolder } from '../files.ts';
import { start, type Child } from '../run.ts';
import type { StageConfig } from './stage-config.ts';
import { TreeHash } from './tree-hash.ts';

/**
 * Cuts one stream into rows of so many bytes. Make it in the moment in which the program starts: what one that has
 * ended wrote is thrown away by Node, without a word, unless somebody has begun to read by then.
 */
export class Cutter {
  readonly #bytes: AsyncIterator<Buffer>;
  #coming: Promise<IteratorResult<Buffer>> | undefined;
  #left: Buffer | undefined;
  #ended = false;
  /** How much was given out. */
  taken = 0;

  constructor(stream: AsyncIterable<Buffer>) {
    this.#bytes = stream[Symbol.asyncIterator]();
    this.#coming = this.#bytes.next();
    this.#coming.catch(() => undefined); // met where it is awaited
  }

  async #fill(): Promise<void> {
    while (this.#left === undefined && !this.#ended) {
      const next = await (this.#coming ?? this.#bytes.next());
      this.#coming = undefined;
      if (next.done === true) this.#ended = true;
      else if (next.value.length > 0) this.#left = next.value;
    }
  }

  async hasMore(): Promise<boolean> {
    await this.#fill();
    return this.#left !== undefined;
  }

  async *take(most: number): AsyncGenerator<Buffer> {
    for (let room = most; room > 0;) {
      await this.#fill();
      const left = this.#left;
      if (left === undefined) return;
      const part = left.subarray(0, room);
      this.#left = part.length < left.length ? left.subarray(part.length) : undefined;
      room -= part.length;
      this.taken += part.length;
      yield part;
    }
  }
}

export interface MadePiece {
  readonly size: number;
  readonly treeHash: string;
  /** SHA-256 of each MiB. */
  readonly leaves: Buffer;
}

/** What runs over a piece's name, innermost first: `root.tar.000000` + `.xz.gpg`. */
export function endingOf({ compress, encrypt }: StageConfig): string {
  return `${compress === null ? '' : compress === 'xz' ? '.xz' : '.zst'}${encrypt === null ? '' : `.${encrypt}`}`;
}

/**
 * Compresses and encrypts `bytes` into `folder/name`. The file has that name only when all of it is on the disk; what a
 * crash leaves is called `.part`. Throws `tool-*`, `archives-space`.
 */
export async function writePiece(
  folder: string,
  name: string,
  bytes: AsyncIterable<Buffer>,
  config: StageConfig,
  env: Readonly<Record<string, string>>,
): Promise<MadePiece> {
  const part = path.join(folder, `${name}.part`);
  const file = await open(part, 'wx', 0o600);
  const children: Started[] = [];
  try {
    for (const [program, args] of stepsOf(config, name)) {
      const child = await start(program, args, { env });
      children.push({ program, child, said: collect(child) });
    }
    const leaves: Buffer[] = [];
    const hash = new TreeHash((leaf) => leaves.push(leaf));
    const keep = async (made: AsyncIterable<Buffer>) => {
      for await (const each of made) {
        hash.update(each);
        for (let at = 0; at < each.length;) at += (await file.write(each, at)).bytesWritten;
      }
    };
    const links: Promise<void>[] = [];
    let from: Readable = Readable.from(bytes);
    for (const { child } of children) {
      links.push(pipeline(from, child.stdin));
      from = child.stdout;
    }
    links.push(pipeline(from, keep));
    const outcomes = await Promise.all([settled(links, children), ...children.map(ending)]);
    // what a program said is the reason; the broken pipe before it only follows
    const failure = outcomes.slice(1).find(Boolean) ?? outcomes[0];
    if (failure !== undefined) throw failure;
    await file.sync();
    const treeHash = hash.digest().toString('hex');
    await rename(part, path.join(folder, name));
    syncFolder(folder);
    return { size: hash.bytes, treeHash, leaves: Buffer.concat(leaves) };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOSPC')
      throw new LatchkeyError('archives-space', part, { cause: error });
    throw error;
  } finally {
    for (const { child } of children) child.kill('SIGKILL');
    await file.close();
  }
}

interface Started {
  readonly program: string;
  readonly child: Child;
  readonly said: () => string;
}

function stepsOf(config: StageConfig, name: string): [string, string[]][] {
  const { compress, level, encrypt, recipients } = config;
  const steps: [string, string[]][] = [];
  if (compress === 'xz') steps.push(['xz', ['--compress', '--stdout', '--threads=0', `-${level}`]]);
  if (compress === 'zstd') steps.push(['zstd', ['-q', '--stdout', '-T0', `-${level}`]]);
  if (encrypt === 'gpg') {
    const inner = name.slice(0, -'.gpg'.length);
    const quiet = ['--batch', '--no-tty', '--quiet', '--trust-model', 'always', '--compress-algo', 'none'];
    // the name goes into the literal packet: it tells the order when everything else is lost
    const whom = recipients.flatMap((each) => ['--recipient', each]);
    steps.push(['gpg', [...quiet, '--set-filename', inner, ...whom, '--encrypt', '--output', '-']]);
  }
  if (encrypt === 'age')
    steps.push(['age', ['--encrypt', ...recipients.flatMap((each) => ['--recipient', each])]]);
  return steps;
}

/** The end of what a program says, for people. */
export function collect(child: Child): () => string {
  let said = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    said = (said + text).slice(-2000);
  });
  return () => said.trim().slice(-400);
}

async function ending({ program, child, said }: Started): Promise<LatchkeyError | undefined> {
  const { code, signal } = await child.ended;
  if (code === 0 || signal === 'SIGKILL') return undefined;
  return new LatchkeyError('tool-failed', `${program}: ${signal ?? `exit ${code}`}: ${said()}`);
}

/** The first failure of the row; then the programs end too, since nothing feeds or reads them any more. */
async function settled(links: readonly Promise<void>[], children: readonly Started[]): Promise<unknown> {
  try {
    await Promise.all(links);
    return undefined;
  } catch (error) {
    await new Promise((resolve) => setTimeout(resolve, 100)); // a program that failed says why
    for (const { child } of children) child.kill('SIGKILL');
    await Promise.allSettled(links);
    return error;
  }
}
