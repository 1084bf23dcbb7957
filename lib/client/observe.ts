import * as v from 'valibot';
import { isCanonical } from '../address.ts';
import { codeOf, LatchkeyError, type ErrorCode } from '../errors.ts';
import { toBase64 } from '../protocol/bytes.ts';
import type { Random } from '../protocol/keys.ts';
import type { Evidence, ObserverTask } from '../protocol/message.ts';
import type { Clock, Observe } from './transport.ts';

/** No observer is waited for longer: ms. */
const observeTime = 5000;
/**
 * Once one has answered, the others get this much more: ms. On a network with one family, the other family's
 * observer may hang until its time is over, and nobody should wait for it.
 */
const graceTime = 2000;

const statement = v.object({
  observer: v.string(),
  address: v.pipe(
    v.string(),
    v.check((text) => isCanonical(text) !== undefined),
  ),
  signature: v.pipe(v.string(), v.regex(/^[A-Za-z0-9_-]{86}$/)),
});

async function ask(task: ObserverTask, relay: string, observe: Observe): Promise<Evidence> {
  const said = v.safeParse(statement, await observe(task.url === '' ? relay : task.url, task.nonce));
  if (!said.success || said.output.observer !== task.key) {
    throw new LatchkeyError('protocol-malformed', 'observer statement');
  }
  const { observer, address, signature } = said.output;
  // The home would refuse all evidence for it: a name of one family that is reached by the other proves nothing.
  if (task.family !== 'any' && task.family !== `v${String(isCanonical(address))}`) {
    throw new LatchkeyError('relay-unreachable', `${task.url} by the other family`);
  }
  return { observer, address, signature };
}

/** In the order of the tasks, and what two names of one observer say alike once. */
function inOrder(found: readonly (Evidence | undefined)[]): Evidence[] {
  const said = new Set<string>();
  return found.filter((one): one is Evidence => {
    const key = `${one?.observer ?? ''} ${one?.address ?? ''}`;
    if (one === undefined || said.has(key)) return false;
    said.add(key);
    return true;
  });
}

/** The address that a relay says it sees this device at: a hint for people, proof of nothing. Throws `relay-*`. */
export async function askAddress(relay: string, observe: Observe, random: Random): Promise<string> {
  const said = v.safeParse(statement, await observe(relay, toBase64(random(32))));
  if (!said.success) throw new LatchkeyError('protocol-malformed', 'observer statement');
  return said.output.address;
}

/**
 * Every observer's statement on this device's address of either family, asked at the same time; those that do not
 * answer are left out, since the home alone decides which it needs. The first is the door's first address. Throws the first failure's code where none answers.
 */
export function collectEvidence(
  tasks: readonly ObserverTask[],
  relay: string,
  observe: Observe,
  clock: Clock,
): Promise<Evidence[]> {
  return new Promise((resolve, reject) => {
    const found: (Evidence | undefined)[] = tasks.map(() => undefined);
    let isFirst = true;
    let left = tasks.length;
    let failure: ErrorCode | undefined;
    let cancelGrace = (): void => undefined;
    const finish = (): void => {
      cancelLimit();
      cancelGrace();
      const evidence = inOrder(found);
      if (evidence.length > 0 || tasks.length === 0) resolve(evidence);
      else reject(new LatchkeyError(failure ?? 'relay-no-answer', 'no observer answered'));
    };
    const cancelLimit = clock.after(observeTime, finish);
    for (const [place, task] of tasks.entries()) {
      ask(task, relay, observe)
        .then(
          (evidence) => {
            found[place] = evidence;
            if (isFirst) cancelGrace = clock.after(graceTime, finish);
            isFirst = false;
          },
          (error: unknown) => {
            failure ??= codeOf(error, 'relay-unreachable');
          },
        )
        .finally(() => {
          if (--left === 0) finish();
        });
    }
    if (tasks.length === 0) finish();
  });
}
