import { spoken, verdictWords, worthWords } from './password-words.ts';
import { shownAtOnce, type PickerState } from '../_state/password-picker.ts';
import type { PasswordsScreenProps } from '../_screens/passwords-screen.tsx';

/** What the Passwords screen says now, but for copying and what can be done. */
export function passwordFace(
  state: PickerState,
): Omit<PasswordsScreenProps, 'place' | 'copied' | 'justCopied' | 'fresh' | 'acts'> {
  const { mode, set, counts, length, shortest, longest, separator, chosen, rulesVerdict } = state;
  const refusal = set === 'rules' ? state.refusal : undefined;
  return {
    kind: mode,
    from: set,
    counts,
    length,
    shortest,
    longest,
    rows: shownAtOnce,
    candidates: state.candidates.map((password) => ({
      password,
      spoken: spoken(password, counts, separator),
    })),
    ...(separator === undefined ? {} : { separator }),
    chosen,
    ...worthWords(state),
    rules: state.rulesText,
    verdict: verdictWords(rulesVerdict, refusal),
    rulesRefused: rulesVerdict.kind === 'refused' || refusal !== undefined,
  };
}
