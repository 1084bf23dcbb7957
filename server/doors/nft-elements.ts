import { isCanonical } from '../../lib/address.ts';
import { doorName } from '../../lib/door.ts';
import { LatchkeyError } from '../../lib/errors.ts';
import type { Opening } from './driver.ts';
import { NftDied, type NftSession } from './nft-session.ts';

/**
 * Set elements with a timeout, over one nft session shared by every door of the process. What waits while nft
 * is busy becomes one transaction: nft reads a whole set for each question, so fifty openings asked one by one
 * cost twenty times one question for fifty.
 */
export interface NftElements {
  /** Puts the address into the door's set for whole seconds, from now, and reads back what the kernel holds. */
  add(door: string, address: string, seconds: number): Promise<Opening>;
  /** Resolves once the kernel says that the address is not there. */
  remove(door: string, address: string): Promise<void>;
  list(door: string): Promise<Opening[]>;
  /** One line of nft; throws `tool-failed` with what nft said. Never with text from outside. */
  transact(line: string): Promise<void>;
  stop(): Promise<void>;
}

/** Thrown when the door's set or table is gone: somebody flushed the ruleset. */
export class NftMissing extends LatchkeyError {
  constructor(detail: string) {
    super('tool-failed', detail);
    this.name = 'NftMissing';
  }
}

/** A read line of `nft -i` has no limit that we know of; 64 openings make 7 kB. */
const largestBatch = 64;

interface Addition {
  readonly kind: 'add';
  readonly set: string;
  readonly address: string;
  readonly seconds: number;
  readonly resolve: (opening: Opening) => void;
  readonly reject: (error: unknown) => void;
}

interface Other {
  readonly kind: 'other';
  readonly work: () => Promise<void>;
  readonly reject: (error: unknown) => void;
}

/** The set of a door. Prefixed: a door may be called `ip`, and `ip6` is a word of nft's own. */
export function setName(door: string, family: 4 | 6): string {
  if (!doorName.test(door))
    throw new LatchkeyError('tool-failed', `not a door name: ${JSON.stringify(door)}`);
  return `v${family}_${door}`;
}

/** Where the kernel notes who began a connection through the door, and when: see `setupLine`. */
export function seenName(door: string, family: 4 | 6): string {
  return setName(door, family).replace(/^v/, 's');
}

/** How long the kernel remembers that somebody came, in seconds: far longer than between two looks of the home. */
export const seenSeconds = 3600;

function familyOf(address: string): 4 | 6 {
  const family = isCanonical(address);
  if (family === undefined) throw new LatchkeyError('tool-failed', 'not a canonical address');
  return family;
}

const where = (set: string) => `inet latchkey ${set}`;

export function openNftElements(session: NftSession): NftElements {
  const queue: (Addition | Other)[] = [];
  let running = false;

  const ask = async (lines: readonly string[]): Promise<string[]> => {
    try {
      return await session.ask(lines);
    } catch (error) {
      // Every line here may be run twice. One more try with a fresh nft; a second death is an answer.
      if (error instanceof NftDied) return session.ask(lines);
      throw error;
    }
  };

  const drain = async () => {
    if (running) return;
    running = true;
    for (let batch = take(queue); batch.length > 0; batch = take(queue)) {
      const [first] = batch;
      try {
        if (first?.kind === 'other') await first.work();
        else await addAll(batch as Addition[]);
      } catch (error) {
        for (const job of batch) job.reject(error);
      }
    }
    running = false;
  };

  const addAll = async (batch: readonly Addition[]) => {
    const sets = new Map<string, Addition[]>();
    for (const job of batch) sets.set(job.set, [...(sets.get(job.set) ?? []), job]);
    const changes = [...sets].map(([set, jobs]) => additionOf(set, jobs)).join('; ');
    const reads = [...sets].map(
      ([set, jobs]) => `get element ${where(set)} { ${jobs.map((job) => job.address).join(', ')} }`,
    );
    // The answer is judged as a whole: one complaint, and each opening is asked again by itself. So a bad one
    // among fifty harms nobody else, and the usual case pays for one marker instead of two.
    const answer = (await ask([[changes, ...reads].join('\n')]))[0] ?? '';
    const found = new Map(parseElements(answer).map((opening) => [opening.address, opening]));
    if (!answer.includes('Error:') && batch.every((job) => found.has(job.address))) {
      for (const job of batch) job.resolve(found.get(job.address)!);
      return;
    }
    for (const job of batch) await addOne(job).then(job.resolve, job.reject);
  };

  const addOne = async (job: Addition): Promise<Opening> => {
    const [change = '', read = ''] = await ask([
      additionOf(job.set, [job]),
      `get element ${where(job.set)} { ${job.address} }`,
    ]);
    refuse(change);
    const opening = parseElements(read).find((one) => one.address === job.address);
    if (opening === undefined) throw new LatchkeyError('tool-not-open', firstLine(read));
    return opening;
  };

  const push = <T>(
    job: (resolve: (value: T) => void, reject: (error: unknown) => void) => Addition | Other,
  ) =>
    new Promise<T>((resolve, reject) => {
      queue.push(job(resolve, reject));
      void drain();
    });
  const other = <T>(work: () => Promise<T>) =>
    push<T>((resolve, reject) => ({
      kind: 'other',
      work: async () => resolve(await work()),
      reject,
    }));

  return {
    async add(door, address, seconds) {
      const set = setName(door, familyOf(address));
      if (!Number.isSafeInteger(seconds) || seconds < 1)
        throw new LatchkeyError('tool-failed', 'not whole seconds');
      return push((resolve, reject) => ({ kind: 'add', set, address, seconds, resolve, reject }));
    },
    async remove(door, address) {
      const set = setName(door, familyOf(address));
      const seen = seenName(door, familyOf(address));
      const element = `{ ${address} }`;
      // Added first, so that deleting what is not there is no error.
      const without = (name: string) =>
        `add element ${where(name)} { ${address} timeout 1s }; delete element ${where(name)} ${element}`;
      await other(async () => {
        const [change = '', read = ''] = await ask([
          `${without(set)}; ${without(seen)}`,
          `get element ${where(set)} ${element}`,
        ]);
        refuse(change);
        if (!/No such file or directory/.test(read))
          throw new LatchkeyError('tool-still-open', firstLine(read));
      });
    },
    async list(door) {
      const open = [setName(door, 4), setName(door, 6)];
      const seen = [seenName(door, 4), seenName(door, 6)];
      return other(async () => {
        const answers = await ask([...open, ...seen].map((set) => `list set ${where(set)}`));
        answers.forEach(refuse);
        const came = new Map(
          answers
            .slice(open.length)
            .flatMap(parseElements)
            .map(({ address, remainingMs }) => [address, seenSeconds * 1000 - (remainingMs ?? 0)]),
        );
        return answers
          .slice(0, open.length)
          .flatMap(parseElements)
          .map((opening) => {
            const agoMs = came.get(opening.address);
            return { ...opening, packet: agoMs === undefined ? 'none' : { agoMs } };
          });
      });
    },
    transact: (line) =>
      other(async () => {
        for (const answer of await ask([line])) refuse(answer);
      }),
    stop: () => session.stop(),
  };
}

/** The next work: a single other job, or as many additions as can go together. */
function take(queue: (Addition | Other)[]): (Addition | Other)[] {
  const batch: (Addition | Other)[] = [];
  const seen = new Set<string>();
  for (let job = queue[0]; job !== undefined && batch.length < largestBatch; job = queue[0]) {
    if (job.kind === 'other') {
      if (batch.length === 0) batch.push(queue.shift()!);
      break;
    }
    const key = `${job.set} ${job.address}`;
    if (seen.has(key)) break; // twice the same address: in the order asked, each with its own answer
    seen.add(key);
    batch.push(queue.shift()!);
  }
  return batch;
}

/**
 * Add, delete, add in one transaction. Adding what is there refreshes its time only on kernels from about 6.12
 * on; older ones keep the old time silently. No packet sees the moment between.
 */
function additionOf(set: string, jobs: readonly Addition[]): string {
  const timed = jobs.map((job) => `${job.address} timeout ${job.seconds}s`).join(', ');
  const bare = jobs.map((job) => job.address).join(', ');
  const at = where(set);
  return `add element ${at} { ${timed} }; delete element ${at} { ${bare} }; add element ${at} { ${timed} }`;
}

function refuse(answer: string): void {
  if (!answer.includes('Error:')) return;
  const detail = firstLine(answer);
  if (/Operation not permitted/.test(detail)) throw new LatchkeyError('tool-needs-root', detail);
  if (/No such file or directory/.test(detail)) throw new NftMissing(detail);
  throw new LatchkeyError('tool-failed', detail);
}

function firstLine(answer: string): string {
  return `nft: ${answer.split('\n')[0]?.slice(0, 200) ?? ''}`;
}

const units = { d: 86_400_000, h: 3_600_000, m: 60_000, s: 1000, ms: 1 } as const;

/** `elements = { 203.0.113.7 timeout 5m expires 4m59s996ms, … }`, as nft 0.9 to 1.1 print it. */
export function parseElements(text: string): Opening[] {
  const openings: Opening[] = [];
  for (const [, elements = ''] of text.matchAll(/elements = \{([^}]*)\}/g)) {
    for (const element of elements.split(',')) {
      const [address = '', ...words] = element.trim().split(/\s+/);
      if (isCanonical(address) === undefined) continue;
      const expires = words[words.indexOf('expires') + 1];
      openings.push(
        words.includes('expires') && expires !== undefined
          ? { address, remainingMs: parseTime(expires) }
          : { address },
      );
    }
  }
  return openings;
}

function parseTime(text: string): number {
  let milliseconds = 0;
  for (const [, digits, unit] of text.matchAll(/(\d+)(ms|[dhms])/g))
    milliseconds += Number(digits) * units[unit as keyof typeof units];
  return milliseconds;
}
