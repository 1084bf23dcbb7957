import { chosenDoor, doorState, openBehind } from './door-view.ts';
import { doorLabel } from './words.ts';
import type { DoorEntry, HomeState, Snapshot } from '../_state/types.ts';
import { clock, span } from '../_ui/durations.ts';
import type { HomeHead } from '../_ui/types.ts';
import { text } from '../_text/en.ts';

const words = text.home;

/** Nothing is said about asking before this: ms. */
const quiet = 400;

const working = new Set<DoorEntry['dial']['phase']>(['sealing', 'knocking', 'closing']);

function line(home: HomeState): string {
  const { reach } = home;
  if (home.doors?.some((door) => working.has(door.dial.phase)) === true) return words.working;
  switch (reach.state) {
    case 'answered':
      return words.answered(span(reach.agoMs));
    case 'asking':
      return reach.sinceMs < quiet ? '\u00a0' : words.askingHome(home.name);
    case 'silent':
      return reach.agoMs === undefined ? words.never : words.silent(span(reach.agoMs));
    case 'offline':
      return words.offline;
    case 'refused':
      return text.door.turnedAway;
  }
}

/** In lists: the door that matters most, an open one first. */
function stateOf(home: HomeState): { readonly words: string; readonly open: boolean } {
  const states = (home.doors ?? []).map(doorState);
  const open = states.find((state) => state.open);
  if (open !== undefined) return open;
  const { reach } = home;
  if (reach.state === 'silent' || reach.state === 'offline') return { words: words.noAnswer, open: false };
  if (reach.state === 'refused') return { words: text.door.turnedAway, open: false };
  const chosen = chosenDoor(home);
  return chosen === undefined ? { words: words.asking, open: false } : doorState(chosen);
}

/** What a list adds to the state; nothing where it would say the same again. */
function sinceOf(home: HomeState, state: string): string | undefined {
  const { reach } = home;
  if (reach.state === 'silent' && state === words.noAnswer)
    return reach.agoMs === undefined ? undefined : words.noAnswerFor(span(reach.agoMs));
  const said = line(home);
  return said.trim() === '' || said.startsWith(state)
    ? undefined
    : said.charAt(0).toLowerCase() + said.slice(1);
}

export function homeHeads(snapshot: Snapshot): HomeHead[] {
  return snapshot.homes.map((home) => {
    const state = stateOf(home);
    const since = sinceOf(home, state.words);
    return {
      id: home.id,
      name: home.name,
      key: home.key,
      line: line(home),
      state: state.words,
      ...(since === undefined ? {} : { since }),
      open: state.open,
    };
  });
}

export function currentHome(snapshot: Snapshot): HomeState | undefined {
  return snapshot.homes.find((home) => home.id === snapshot.current) ?? snapshot.homes[0];
}

/** The open door that the strip names; on the doors' screen, only one that is not shown there. */
export function stripDoor(home: HomeState, onDoors: boolean): DoorEntry | undefined {
  const shown = onDoors ? chosenDoor(home) : undefined;
  const open = (home.doors ?? []).filter(
    (door) =>
      openBehind(door) ||
      (door !== shown &&
        (door.dial.phase === 'open' || door.dial.phase === 'connected' || door.dial.phase === 'unchecked')),
  );
  return open[0];
}

export function stripWords(
  home: HomeState,
  door: DoorEntry,
): { readonly words: string; readonly left: string | undefined } {
  const name = (home.doors?.length ?? 0) > 1 ? doorLabel(door.name) : home.name;
  const left = door.shown.own?.remainingMs;
  return {
    words: door.dial.phase === 'unchecked' ? text.strip.unchecked(name) : text.strip.open(name),
    left: left === undefined ? undefined : clock(left),
  };
}

/** Findings in the home's own checks when it last said; undefined: it never did. */
export function toLookAt({ checks: { found } }: HomeState): number | undefined {
  return found?.length;
}

const calm = new Set<DoorEntry['dial']['phase']>(['closed', 'notOpened']);
const unasked = new Set<DoorEntry['dial']['phase']>(['noAnswer', 'offline', 'asking', 'banned']);

/** No door of any home is open or on its way, nor was when home last spoke: an update may be taken. */
export function nothingOpen(snapshot: Snapshot): boolean {
  return snapshot.homes.every((home) =>
    (home.doors ?? []).every(
      ({ dial, shown }) => calm.has(dial.phase) || (unasked.has(dial.phase) && shown.lastState === 'closed'),
    ),
  );
}
