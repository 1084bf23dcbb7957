import type { DialState } from '../_state/types.ts';
import type { LinkState } from '../_ui/types.ts';
import { text } from '../_text/en.ts';

type OpeningStep = DialState['steps'][number];

/** 0.02 s */
export function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(2)} s`;
}

/** The steps that the pins under the dial stand for, in order; each set one was really reported. */
export interface Way {
  readonly sealed: OpeningStep | undefined;
  readonly relayed: OpeningStep | undefined;
  /** Knocks that knockd heard, and how many there are; 0 where the driver does not knock or has not said. */
  readonly heard: number;
  readonly knocks: number;
  /** The tool was told, or the last knock heard. */
  readonly asked: OpeningStep | undefined;
  readonly checked: OpeningStep | undefined;
}

export function wayOf(steps: readonly OpeningStep[]): Way {
  const find = (...names: readonly OpeningStep['step'][]) => steps.find((step) => names.includes(step.step));
  const heard = steps.filter((step) => step.step === 'knock');
  const last = heard.at(-1);
  const knocks = last?.of ?? 0;
  const through = find('sesame', 'rule', 'checked');
  return {
    sealed: find('sealed'),
    relayed: find('relayed', 'received', 'asked', 'knock', 'rule', 'checked'),
    heard: heard.length,
    knocks,
    asked: knocks > 0 ? (heard.length >= knocks ? last : undefined) : (find('asked') ?? through),
    checked: find('checked'),
  };
}

/** One pin a step: sealed, relayed, each knock or the asking, read back. The first that is not through is at work or stuck. */
export function pinsOf(way: Way, stopped: boolean): LinkState[] {
  const middle =
    way.knocks > 0 ? Array.from({ length: way.knocks }, (_, i) => i < way.heard) : [way.asked !== undefined];
  const through = [way.sealed !== undefined, way.relayed !== undefined, ...middle, way.checked !== undefined];
  const at = through.indexOf(false);
  return through.map((done, i) => (done ? 'set' : i === at ? (stopped ? 'stuck' : 'now') : 'wait'));
}

/** Sealed 0.02 s, relayed 0.14 s */
export function stepLine(way: Way): [string, string][] {
  const line: [string, string][] = [];
  if (way.sealed !== undefined) line.push([text.door.stepSealed, seconds(way.sealed.atMs)]);
  if (way.relayed !== undefined) line.push([text.door.stepRelayed, seconds(way.relayed.atMs)]);
  return line;
}

/** What home is at just now. */
export function knockLede(way: Way, home: string): string {
  if (way.knocks > 0 && way.heard < way.knocks) return text.door.knockLede(way.heard + 1, way.knocks, home);
  if (way.asked !== undefined) return text.door.ruleLede(home);
  return text.door.asking(home);
}

/** Whether this page saw the opening itself; after a reload the first links are nobody's word any more. */
export function sawOpening(dial: DialState): boolean {
  return dial.steps.some((step) => step.step === 'sealed');
}
