import { presets, type PresetName } from '../../lib/generator/presets.ts';

export type PasswordMode = 'words' | 'characters' | 'digits';

/** Which characters: the presets of these names, or what a site asks for. */
export type CharacterSet = 'plain' | 'shell' | 'rules';

/** What is remembered of a visit: how passwords were made, never one of them, nor the rules of a site. */
export interface PasswordChoice {
  readonly mode: PasswordMode;
  readonly set: Exclude<CharacterSet, 'rules'>;
  readonly lengths: Readonly<Record<PresetName, number>>;
}

const names = Object.keys(presets) as PresetName[];

export const usualChoice: PasswordChoice = {
  mode: 'words',
  set: 'plain',
  lengths: Object.fromEntries(names.map((name) => [name, presets[name].usual])) as Record<PresetName, number>,
};

/** As near as may be: whole, and within what the preset offers. */
export function lengthWithin(
  length: number,
  { shortest, longest }: { readonly shortest: number; readonly longest: number },
): number {
  return Math.min(Math.max(Math.round(length), shortest), longest);
}

/** Reads what `choiceText` wrote. Whatever is not as it should be is as usual: nobody is told about that. */
export function readChoice(text: string | null): PasswordChoice {
  const kept = parsed(text);
  const lengths = recordOf(kept['lengths']);
  const mode = (['words', 'characters', 'digits'] as const).find((each) => each === kept['mode']);
  return {
    mode: mode ?? usualChoice.mode,
    set: kept['set'] === 'shell' ? 'shell' : 'plain',
    lengths: Object.fromEntries(
      names.map((name) => {
        const length = lengths[name];
        const usable = typeof length === 'number' && Number.isFinite(length);
        return [name, usable ? lengthWithin(length, presets[name]) : usualChoice.lengths[name]];
      }),
    ) as Record<PresetName, number>,
  };
}

export function choiceText(choice: PasswordChoice): string {
  return JSON.stringify(choice);
}

function parsed(text: string | null): Record<string, unknown> {
  try {
    return recordOf(JSON.parse(text ?? '{}'));
  } catch {
    return {};
  }
}

function recordOf(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}
