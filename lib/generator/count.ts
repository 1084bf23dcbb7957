import { RecipeError, type CharactersRecipe } from './recipe.ts';

/** Steps of the count; more would be felt at a slider. Only dozens of each of many classes ask for more. */
const mostSteps = 1_000_000;

/** Characters that belong to the same requirements: for the count they are alike. */
interface Kind {
  readonly size: bigint;
  /** By what each requirement has so far (`state`), what they have after one character of this kind. */
  readonly next: readonly number[];
}

/**
 * How many passwords a recipe permits, exactly. Goes along the password, place by place, and keeps how many ways lead
 * to each state: how many characters each requirement has, up to its minimum. Nothing is added twice, so that overlapping
 * requirements and minimums above one need no correction.
 * Throws `RecipeError` (too-many-requirements) where that would take too long. The recipe's shape is checked before.
 */
export function countPermitted(recipe: CharactersRecipe): bigint {
  const { length, maxConsecutive = length } = recipe;
  const free = maxConsecutive >= length;
  const states = recipe.required.reduce((product, { minimum }) => product * (minimum + 1), 1);
  const groups = groupsOf(recipe);
  if (states * groups.size * length * (free ? 1 : maxConsecutive) > mostSteps)
    throw new RecipeError(
      'too-many-requirements',
      'so many requirements that their passwords cannot be counted',
    );
  const kinds = [...groups.values()].map(({ size, meets }) => ({
    size: BigInt(size),
    next: Array.from({ length: states }, (_, state) => after(state, meets, recipe)),
  }));
  return free ? countFree(kinds, states, length) : countWithRuns(kinds, states, length, maxConsecutive);
}

/** The alphabet, grouped by the requirements that its characters belong to. */
function groupsOf({ alphabet, required }: CharactersRecipe): Map<string, { size: number; meets: number[] }> {
  const groups = new Map<string, { size: number; meets: number[] }>();
  for (const character of alphabet) {
    const meets = required.flatMap(({ characters }, at) => (characters.includes(character) ? [at] : []));
    const group = groups.get(meets.join()) ?? { size: 0, meets };
    groups.set(meets.join(), { size: group.size + 1, meets });
  }
  return groups;
}

/** A state is a number in mixed radix, one place for each requirement, 0 to its minimum. */
function after(state: number, meets: readonly number[], { required }: CharactersRecipe): number {
  let result = state;
  let weight = 1;
  required.forEach(({ minimum }, at) => {
    const has = Math.floor(state / weight) % (minimum + 1);
    if (meets.includes(at) && has < minimum) result += weight;
    weight *= minimum + 1;
  });
  return result;
}

const zeros = (length: number): bigint[] => Array<bigint>(length).fill(0n);

function countFree(kinds: readonly Kind[], states: number, length: number): bigint {
  let ways = zeros(states);
  ways[0] = 1n;
  for (let place = 0; place < length; place++) {
    const following = zeros(states);
    for (const { size, next } of kinds)
      ways.forEach((count, state) => {
        const to = next[state] ?? 0;
        if (count !== 0n) following[to] = (following[to] ?? 0n) + count * size;
      });
    ways = following;
  }
  return ways[states - 1] ?? 0n;
}

/** As above, with the kind of the last character and how often it has come in a row. */
function countWithRuns(kinds: readonly Kind[], states: number, length: number, longest: number): bigint {
  // ends[kind][run - 1][state]
  const none = (): bigint[][][] => kinds.map(() => Array.from({ length: longest }, () => zeros(states)));
  const add = (list: bigint[] | undefined, state: number, count: bigint): void => {
    if (list !== undefined && count !== 0n) list[state] = (list[state] ?? 0n) + count;
  };
  let ends = none();
  kinds.forEach(({ size, next }, kind) => add(ends[kind]?.[0], next[0] ?? 0, size));
  for (let place = 1; place < length; place++) {
    const following = none();
    for (let state = 0; state < states; state++) {
      const ofKind = ends.map((runs) => runs.reduce((sum, ways) => sum + (ways[state] ?? 0n), 0n));
      const all = ofKind.reduce((sum, count) => sum + count, 0n);
      kinds.forEach(({ size, next }, kind) => {
        const to = next[state] ?? 0;
        // any character of the kind but the last one begins a run; the last one lengthens its own
        add(following[kind]?.[0], to, all * size - (ofKind[kind] ?? 0n));
        for (let run = 1; run < longest; run++)
          add(following[kind]?.[run], to, ends[kind]?.[run - 1]?.[state] ?? 0n);
      });
    }
    ends = following;
  }
  return ends.flat().reduce((sum, ways) => sum + (ways[states - 1] ?? 0n), 0n);
}
