import { isRefusedByNft } from './effect-nft.ts';
import type { Family } from '../address.ts';
import type { Effect } from './effect.ts';
import type { LintCase } from './lint-case.ts';

/** A door whose start command closes something. */
export interface Closer {
  readonly index: number;
  readonly door: string;
  /** Of the command. */
  readonly line: number;
  readonly family: Family;
  readonly effect: Effect;
}

export interface Closers {
  /** Another door than `index` that undoes this, or deletes by number with the same tool. */
  of(family: Family, opening: Effect, index: number): Closer | undefined;
  /** Those that delete what no door adds; each once. */
  readonly stray: readonly Closer[];
}

const keyOf = (family: Family, verb: string, effect: Effect) =>
  [family, verb, effect.tool, effect.persistent === true, effect.thing].join('\n');

export function findClosers({ file, at, effects }: LintCase): Closers {
  const byThing = new Map<string, Closer[]>();
  const byNumber = new Map<string, Closer[]>();
  const opened = new Set<string>();
  const all: Closer[] = [];
  const put = (map: Map<string, Closer[]>, key: string, closer: Closer) => {
    const some = map.get(key);
    if (some === undefined) map.set(key, [closer]);
    else some.push(closer);
  };
  for (const [index, door] of file.doors.entries()) {
    for (const family of [4, 6] as const) {
      const own = family === 6 && door.startCommand6 !== undefined;
      const command = own ? door.startCommand6 : door.startCommand;
      if (command === undefined) continue;
      const keys = own ? ['START_COMMAND_6', 'COMMAND_6'] : ['START_COMMAND', 'COMMAND'];
      for (const effect of effects(command).effects) {
        if ((effect.family ?? family) !== family) continue;
        if (effect.direction === 'opens') opened.add(keyOf(family, effect.verb, effect));
        else {
          const closer = { index, door: door.name, line: at(index, ...keys), family, effect };
          all.push(closer);
          if (effect.byNumber === true) put(byNumber, `${family} ${effect.tool}`, closer);
          else put(byThing, keyOf(family, effect.verb, effect), closer);
        }
      }
    }
  }
  const opposite = { add: 'delete', delete: 'add' } as const;
  return {
    of(family, opening, index) {
      const same = byThing.get(keyOf(family, opposite[opening.verb], opening)) ?? [];
      const numbered = byNumber.get(`${family} ${opening.tool}`) ?? [];
      const works = (one: Closer) => one.index !== index && !isRefusedByNft(one.effect);
      return same.find(works) ?? numbered.find(works);
    },
    stray: all.filter(
      ({ family, effect, line }, i) =>
        effect.byNumber !== true &&
        !isRefusedByNft(effect) &&
        !opened.has(keyOf(family, opposite[effect.verb], effect)) &&
        // A command that serves both families is one mistake.
        all[i - 1]?.line !== line,
    ),
  };
}
