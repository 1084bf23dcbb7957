import { choiceBits } from '../../lib/generator/entropy.ts';
import { guessTime, nistCharacters } from '../../lib/generator/guessing.ts';
import { groupSize } from '../../lib/generator/presets.ts';
import type { PickerState } from '../_state/password-picker.ts';
import type { RulesVerdict } from '../_state/site-rules.ts';
import { passwordText as words } from '../_text/passwords.ts';

/** 3500 is 3,500; 82000000000000 is 82 trillion. Two figures mean something, so no more are written. */
function countWord(value: number): string {
  const [unit, name] = words.units.find(([each]) => value >= each) ?? [];
  if (unit !== undefined && name !== undefined) return `${Number((value / unit).toPrecision(2))} ${name}`;
  return String(value).replace(/\B(?=(\d{3})+$)/g, ',');
}

/** How long guessing takes, in one sentence. */
export function guessWords(bits: number): string {
  const time = guessTime(bits);
  switch (time.kind) {
    case 'beyond':
      return words.beyond;
    case 'instant':
      return words.atOnce;
    default:
      return words.about(countWord(time.value), time.kind, time.value === 1);
  }
}

/** What four candidates are worth, as the screen says it; whole bits, never rounded up. */
export interface Worth {
  readonly bits?: number;
  /** What it means, or why nothing is made; then more quietly how it is counted. */
  readonly sentence: string;
  readonly quiet: readonly string[];
}

export function worthWords(state: PickerState): Worth {
  const { worth } = state;
  if (worth === undefined) return { sentence: words.refused(state.refusal ?? ''), quiet: [] };
  return {
    bits: Math.floor(worth.bits),
    sentence: state.noWords ? words.noWords : guessWords(worth.bits),
    quiet: [
      words.deducted(Math.floor(worth.recipeBits), choiceBits),
      ...(worth.underNist ? [words.underNist(nistCharacters)] : []),
    ],
  };
}

/** A candidate as it is read out: words as words, everything else spelled, in groups. */
export function spoken(
  candidate: string,
  counts: PickerState['counts'],
  separator: string | undefined,
): string {
  if (counts === 'words' && separator !== undefined)
    return words.joined(candidate.split(separator).join(', '), separator);
  if (separator === undefined) return groupsOf(candidate).map(spelled).join(', ');
  return words.joined(candidate.split(separator).map(spelled).join(', '), separator);
}

function groupsOf(candidate: string): string[] {
  const groups = Math.ceil(candidate.length / groupSize);
  return Array.from({ length: groups }, (_, at) => candidate.slice(at * groupSize, (at + 1) * groupSize));
}

function spelled(group: string): string {
  return [...group]
    .map((character) => (/\p{Lu}/u.test(character) ? words.capital(character) : words.mark(character)))
    .join(' ');
}

/** Under the field for a site's rules. */
export function verdictWords(verdict: RulesVerdict, refusal: string | undefined): string {
  switch (verdict.kind) {
    case 'empty':
      return words.rulesEmpty;
    case 'good':
      // understood, and still there may be no password of this length that meets them
      return refusal === undefined
        ? words.rulesGood(verdict.shortest, verdict.longest)
        : words.rulesImpossible(refusal);
    case 'refused':
      return verdict.at === undefined
        ? words.rulesImpossible(verdict.why)
        : words.rulesRefused(verdict.at.position, verdict.at.found, verdict.why);
  }
}
