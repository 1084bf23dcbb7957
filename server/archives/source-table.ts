import * as v from 'valibot';
import { LatchkeyError } from '../../lib/errors.ts';

/** A source's own keys; throws `config-invalid` naming the first that is wrong. */
export function optionsOf<Schema extends v.GenericSchema>(
  schema: Schema,
  keys: unknown,
): v.InferOutput<Schema> {
  const checked = v.safeParse(schema, keys);
  if (checked.success) return checked.output;
  const [issue] = checked.issues;
  throw new LatchkeyError('config-invalid', `${v.getDotPath(issue) ?? 'archives'}: ${issue.message}`);
}
