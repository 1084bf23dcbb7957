import { Refusal, type Answer } from './answer.ts';
import type { Call } from './call.ts';

export function json(status: number, body: unknown, headers: Record<string, string> = {}): Answer {
  return {
    status,
    headers: { 'content-type': 'application/json', ...headers },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  };
}

export function invalid(message: string): Refusal {
  return new Refusal(400, 'InvalidParameterValueException', message);
}

export function notFound(message: string): Refusal {
  return new Refusal(404, 'ResourceNotFoundException', message);
}

/** A page from `marker`, each item known by `key`; at most `most`, which is also what absent means. */
export function page<Item>(
  items: readonly Item[],
  key: (item: Item) => string,
  call: Call,
  most: number,
): { items: readonly Item[]; marker: string | null } {
  const limit = call.query.get('limit');
  if (limit !== null && (!/^\d+$/.test(limit) || Number(limit) < 1 || Number(limit) > most))
    throw invalid(`Invalid limit. Valid limit must be between 1 and ${most}: ${limit}`);
  const marker = call.query.get('marker');
  const at = marker === null || marker === '' ? 0 : items.findIndex((item) => key(item) === marker);
  if (at < 0) throw invalid(`The marker is not valid: ${marker}`);
  const end = at + Number(limit ?? most);
  const next = items[end];
  return { items: items.slice(at, end), marker: next === undefined ? null : key(next) };
}
