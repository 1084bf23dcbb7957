import { randomBytes } from 'node:crypto';
import * as v from 'valibot';
import { tiers } from '../../../lib/archive.ts';
import { LatchkeyError } from '../../../lib/errors.ts';
import { restorePage } from '../../../lib/protocol/restores.ts';
import type { Restores } from '../../archives/restore/restores.ts';
import type { Restoring } from './restoring.ts';

/**
 * Getting archives back for the command line at home: what devices ask with the permission `restore`. Whoever may open
 * the control socket may all of it.
 */

/** Archives that one plan of the command line may name; more are a whole vault. */
export const mostNamed = 5000;
/** Of `restored`, at once. */
const restoredPage = 500;

const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const text = (most: number) => v.pipe(v.string(), v.minLength(1), v.maxLength(most));
const restore = text(22);

export const restoreVerbs = [
  v.strictObject({
    verb: v.literal('restorePlan'),
    archives: v.exactOptional(
      v.pipe(
        v.array(v.strictObject({ vault: text(400), id: text(1024) })),
        v.minLength(1),
        v.maxLength(mostNamed),
      ),
    ),
    vault: v.exactOptional(text(400)),
    perDay: v.exactOptional(v.pipe(count, v.minValue(1))),
  }),
  v.strictObject({
    verb: v.literal('restoreStart'),
    plan: restore,
    tier: v.picklist(tiers),
    typed: text(40),
    cost: count,
  }),
  v.strictObject({
    verb: v.literal('restores'),
    from: count,
    limit: v.pipe(count, v.minValue(1), v.maxValue(restorePage)),
  }),
  /** What lies in the folder of the restore that is under way or was last, of earlier restores too: from this number on. */
  v.strictObject({ verb: v.literal('restored'), from: count }),
  v.strictObject({ verb: v.literal('restorePause'), restore, now: v.exactOptional(v.literal(true)) }),
  v.strictObject({ verb: v.literal('restoreGoOn'), restore }),
  v.strictObject({
    verb: v.literal('restoreCap'),
    restore,
    perDay: v.exactOptional(v.pipe(count, v.minValue(1))),
  }),
] as const;

type RestoreVerb = v.InferOutput<(typeof restoreVerbs)[number]>;

/** A file that came back: what the command line needs to put it together with others. */
export interface RestoredFile {
  readonly restore: string;
  readonly file: string;
  readonly size: number;
  /** Compared as it came; null: AWS told none. */
  readonly treeHash: string | null;
  readonly checkedAt: number;
}

/** Throws `archives-no-source`, and what `Restores` throws. */
export async function answerRestore(asked: RestoreVerb, restoring: Restoring): Promise<object> {
  const restores = await restoring.restores();
  if (restores === undefined) throw new LatchkeyError('archives-no-source');
  switch (asked.verb) {
    case 'restorePlan': {
      const { archives, vault, perDay } = asked;
      if ((archives === undefined) === (vault === undefined)) throw new LatchkeyError('protocol-malformed');
      const plan = await restores.plan(
        vault === undefined ? { archives: archives ?? [] } : { vault },
        perDay,
      );
      return { plan, folder: restores.folder };
    }
    case 'restoreStart': {
      const { plan, tier, typed, cost } = asked;
      const order = { id: randomBytes(16).toString('base64url'), plan, tier, typed, cost };
      return { restore: await restoring.begin(order, 'home') };
    }
    case 'restores': {
      const { restore: view, rows } = await restores.view(asked.from, asked.limit);
      return { restore: view, rows, folder: (await restores.overview.folder()) ?? restores.folder };
    }
    case 'restored':
      return restored(restores, asked.from);
    case 'restorePause':
      await restores.pause(asked.restore, asked.now === true ? { now: true } : {});
      return {};
    case 'restoreGoOn':
      await restores.goOn(asked.restore);
      return {};
    case 'restoreCap':
      await restores.cap(asked.restore, asked.perDay);
      return {};
  }
}

async function restored(restores: Restores, from: number): Promise<object> {
  const items = await restores.overview.back(from, restoredPage);
  const files = items.flatMap(({ restore: id, file, size, treeHash, checkedAt }): RestoredFile[] =>
    file === null || checkedAt === null ? [] : [{ restore: id, file, size, treeHash, checkedAt }],
  );
  return { files, ...(items.length < restoredPage ? {} : { next: (items.at(-1)?.n ?? 0) + 1 }) };
}
