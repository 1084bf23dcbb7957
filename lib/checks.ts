import * as v from 'valibot';
import { doorName } from './door.ts';

/** Scripts may rely on them. */
export const checkCodes = [
  'second-way',
  'config',
  'default-deny',
  'port-open',
  'family-open',
  'established',
  'mark-rule',
  'rule-order',
  'opening-blocked',
  'proxy-blocked',
  'ssh-root',
  'ssh-password',
  'ssh-port',
  'ssh-listen',
  'family-silent',
  'knockd',
  'files',
  'keys',
  'saved-opening',
  'stale-opening',
  'clock',
  'relay',
  'agent',
  'doors',
  'bans',
  'bans-deaf',
  'bans-rule',
  'bans-clock',
] as const;
export type CheckCode = (typeof checkCodes)[number];

/**
 * What `latchkey doctor` looks at: one code, its words, and what mends it. As with errors, only codes and plain facts
 * cross the wire; the words are looked up where they are shown.
 */
export interface CheckResult {
  readonly code: CheckCode;
  /** `unknown`: it could not be looked at, and is never counted as fine. */
  readonly state: 'ok' | 'finding' | 'unknown';
  readonly door?: string;
  /** What the words need: ports, paths, addresses. */
  readonly facts?: CheckFacts;
}
export type CheckFacts = Readonly<Record<string, string | number>>;

/** As it crosses a wall: from the helper to the home agent, and from there to devices. */
export const checkResult = v.strictObject({
  code: v.picklist(checkCodes),
  state: v.picklist(['ok', 'finding', 'unknown']),
  door: v.exactOptional(v.pipe(v.string(), v.regex(doorName))),
  facts: v.exactOptional(
    v.pipe(
      v.record(
        v.pipe(v.string(), v.regex(/^[a-z]{1,16}$/)),
        v.union([v.pipe(v.string(), v.maxLength(400)), v.pipe(v.number(), v.safeInteger())]),
      ),
      v.check((facts) => Object.keys(facts).length <= 12, 'too many facts'),
    ),
  ),
});
