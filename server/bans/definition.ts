import * as v from 'valibot';
import { sourceName } from '../../lib/ban.ts';
import { LatchkeyError } from '../../lib/errors.ts';
import type { SourceType } from './source.ts';

/** A place that bans, as a person configured it, or as it was found. */
export interface SourceDefinition {
  /** `Ban.source` of all it says. */
  readonly name: string;
  readonly type: SourceType;
  /** What the type made of its own keys. */
  readonly options: unknown;
}

/** Keys of every source; the rest of the table is the type's own. */
const common = v.object({
  source: v.string('must name a kind of source'),
  /** Not read, though it is here. */
  off: v.optional(v.boolean(), false),
});

/** A file's source, and whether it is to be read. */
export interface ReadSource extends SourceDefinition {
  readonly off: boolean;
}

/** Throws LatchkeyError `config-invalid` whose detail names the key; unknown keys are refused. */
export function readSource(
  name: string,
  table: Readonly<Record<string, unknown>>,
  types: readonly SourceType[],
): ReadSource {
  if (!sourceName.test(name))
    throw invalid(`the name "${name}": a letter, then up to 30 of a-z, 0-9, _ and - (lower case)`);
  const result = v.safeParse(common, table);
  if (!result.success) {
    const issue = result.issues[0];
    throw invalid(`${v.getDotPath(issue) ?? 'source'}: ${issue.message}`);
  }
  const { source, off } = result.output;
  const type = types.find((one) => one.name === source);
  if (type === undefined)
    throw invalid(`source: "${source}" is not one of ${types.map((one) => one.name).join(', ')}`);
  const own = Object.fromEntries(
    Object.entries(table).filter(([key]) => !Object.hasOwn(common.entries, key)),
  );
  return { name, type, options: type.read(own), off };
}

/**
 * What is read: what files say, and each type that is here though no file of it says so or switches it off, under its
 * own name.
 */
export async function withWhatIsHere(
  files: readonly ReadSource[],
  types: readonly SourceType[],
): Promise<SourceDefinition[]> {
  const found: SourceDefinition[] = [];
  for (const type of types) {
    if (files.some((file) => file.type === type || file.name === type.name)) continue;
    if ((await type.isHere?.()) === true) found.push({ name: type.name, type, options: type.read({}) });
  }
  return [...files.filter(({ off }) => !off), ...found];
}

function invalid(detail: string): LatchkeyError {
  return new LatchkeyError('config-invalid', detail);
}
