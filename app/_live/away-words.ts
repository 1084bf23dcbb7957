import { reasonWords, remedyWords } from './words.ts';
import type { ErrorCode } from '../../lib/errors.ts';
import type { HomeState } from '../_state/types.ts';
import type { DoorFace } from '../_ui/types.ts';
import { text } from '../_text/en.ts';

const words = text.door;

/** Nothing is said about asking before this: ms. */
const quiet = 400;

/** While it is asked. */
export function askingWords(home: HomeState): string {
  return home.reach.state === 'asking' && home.reach.sinceMs < quiet ? '\u00a0' : words.askingLede(home.name);
}

export function reachCode(home: HomeState): ErrorCode {
  return home.reach.state === 'silent' || home.reach.state === 'refused'
    ? home.reach.code
    : 'relay-no-answer';
}

/** Relay away, home away, or home says no: three causes, each in its own words. */
export function awayWords(home: HomeState, code: ErrorCode): Partial<DoorFace> {
  if (home.reach.state === 'refused') {
    return {
      title: words.turnedAway,
      lede: `${reasonWords(code)} ${remedyWords(code)}`,
      pairAgain: 'instead',
    };
  }
  if (home.reach.state === 'answered' && !code.startsWith('relay-')) {
    return { title: words.notKnownTitle, lede: reasonWords(code), remedy: remedyWords(code) };
  }
  if (code === 'relay-unreachable') return { lede: words.noRelayLede, remedy: remedyWords(code) };
  // A relay says no more than that, to who was revoked and while the home is away.
  if (code === 'relay-not-admitted')
    return { lede: reasonWords(code), remedy: remedyWords(code), pairAgain: 'beside' };
  if (code === 'relay-home-away') return { lede: words.noAnswerLede(home.name), remedy: words.usually };
  return { lede: reasonWords(code), remedy: remedyWords(code) };
}

export function asksIn(home: HomeState): Partial<DoorFace> {
  return home.reach.state === 'silent' && home.reach.retryMs !== undefined
    ? { asksInSeconds: Math.ceil(home.reach.retryMs / 1000) }
    : {};
}
