import { LatchkeyError } from '../../../lib/errors.ts';

/** A device waits 10 s for an answer (lib/client/requests.ts). */
const patience = 7000;

/** What takes longer than an answer may is gone on with, and asked about again: throws `archives-working` then. */
export async function withinAnswer<Result>(work: Promise<Result>, ms = patience): Promise<Result> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new LatchkeyError('archives-working')), ms);
  });
  // Whoever asks again hears how it ended.
  work.catch(() => undefined);
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}
