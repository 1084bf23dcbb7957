'use client';
import { useEffect, useSyncExternalStore, type ReactNode } from 'react';
import type { App } from './app.tsx';
import { vaultName } from './archives-view.ts';
import { choiceFace, offerFace, planFace, refusedChoice } from './restore-plan-view.ts';
import { restoreEntry } from './restoring-view.ts';
import { sendingEntry } from './sending-view.ts';
import { archiveKey, type ArchivesState, type HomeLine } from '../_state/archive-types.ts';
import { HomeRestores } from '../_state/home-restores.ts';
import type { RestoresState, WantedArchive } from '../_state/restore-types.ts';
import type { HomeState } from '../_state/types.ts';
import { ChoosingBar, Entries, Offer, UnderWay } from '../_screens/restore-offer.tsx';
import { PlanDrawer } from '../_screens/restore-plan.tsx';
import type { ArchiveSlots } from '../_ui/archive-types.ts';
import { view } from '../_ui/view.ts';
import type { ArchiveRow } from '../../lib/protocol/archives.ts';

/** For the life of the page, as what they stand beside. */
const known = new WeakMap<HomeLine, HomeRestores>();

function restoresOf(line: HomeLine): HomeRestores {
  const made = known.get(line) ?? new HomeRestores(line);
  known.set(line, made);
  return made;
}

export interface Restores {
  readonly restores: HomeRestores;
  readonly state: RestoresState;
  /** What getting back and sending add to the screen of Archives. */
  readonly slots: ArchiveSlots;
  /** Above the tabs. */
  readonly note: ReactNode;
  /** Over the page. */
  readonly plan: ReactNode;
}

const wantedOf = ({ vault, id, name, size }: ArchiveRow): WantedArchive => ({
  vault,
  id,
  name,
  ...(size === undefined ? {} : { size }),
});

/** `looksAt`: the archive's detail is on the screen. */
export function useRestores({
  app,
  home,
  line,
  archives,
  wide,
  looksAt,
}: {
  app: App;
  home: HomeState;
  line: HomeLine;
  archives: ArchivesState;
  wide: boolean;
  looksAt: boolean;
}): Restores {
  const restores = restoresOf(line);
  const state = useSyncExternalStore(restores.subscribe, restores.get, restores.get);
  const wall = Date.now();
  const { now } = app.snapshot;
  useEffect(() => {
    restores.look(true);
    return () => {
      restores.look(false);
      restores.stopChoosing();
    };
  }, [restores]);
  useEffect(() => restores.tick(), [restores, now]);
  const { started } = state;
  useEffect(() => {
    if (started === undefined) return;
    restores.leaveStarted();
    view.instead('restoring');
  }, [restores, started]);

  // the way back leads out of the plan, too
  useEffect(() => () => restores.closePlan(), [restores, looksAt]);

  const { totals, chosen, list } = archives;
  const mayRestore = totals?.value.mayRestore ?? false;
  // as the home last said of it, else as the list has it
  const row: ArchiveRow | undefined = chosen && { ...chosen.row, ...(chosen.said?.value.archive ?? {}) };
  const lies = row !== undefined && row.state !== 'deleted' && row.state !== 'restoring';
  const wants = looksAt && lies && mayRestore && home.reach.state === 'answered';
  const key = wants ? archiveKey(row) : undefined;
  useEffect(() => {
    restores.offer(wants ? wantedOf(row) : undefined);
    // one archive is one key
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [restores, key]);

  const vault = totals?.value.vaults.find((one) => one.vault === list.query.vault);
  const choice = choiceFace(
    state,
    vault && { vault: vault.vault, name: vaultName(vault), bytes: vault.bytes },
  );
  const entries = [restoreEntry(state.progress, wall), sendingEntry(state.sending, home.name, wall)].filter(
    (entry) => entry !== undefined,
  );
  return {
    restores,
    state,
    slots: {
      ...(entries.length === 0 ? {} : { above: <Entries entries={entries} onGo={view.go} /> }),
      ...(totals === undefined || choice !== undefined || row === undefined
        ? {}
        : actSlot(home, state, row, mayRestore, restores)),
      ...(choice === undefined
        ? {}
        : {
            choosing: {
              chosen: new Set(state.chosen.map(archiveKey)),
              onToggle: (face) => restores.toggle(wantedOf(face.row)),
              refuses: (face) => refusedChoice(face.row),
            },
          }),
    },
    note: choice !== undefined && (
      <ChoosingBar
        choice={choice}
        onGet={() => restores.openPlan({ archives: state.chosen })}
        onWhole={(whole) => restores.openPlan(whole)}
        onStop={() => restores.stopChoosing()}
      />
    ),
    plan: state.plan !== undefined && (
      <PlanDrawer
        face={planFace(home, state.plan, wall)}
        wide={wide}
        onTier={(tier) => restores.setTier(tier)}
        onCap={(perDay) => restores.setCap(perDay === 0 ? undefined : perDay)}
        onType={(text) => restores.type(text)}
        onStart={() => restores.start()}
        onClose={() => restores.closePlan()}
      />
    ),
  };
}

/** At the foot of the detail; nothing for what is there no more. */
function actSlot(
  home: HomeState,
  state: RestoresState,
  row: ArchiveRow,
  mayRestore: boolean,
  restores: HomeRestores,
): Pick<ArchiveSlots, 'act'> {
  if (row.state === 'deleted') return {};
  if (row.state === 'restoring') {
    const ours = state.progress.said?.value.restore !== undefined;
    return ours ? { act: <UnderWay onSee={() => view.go('restoring')} /> } : {};
  }
  return {
    act: (
      <Offer
        offer={offerFace(home, state.offer, mayRestore)}
        onGet={() => restores.openPlan({ archives: [wantedOf(row)] })}
        onMore={() => {
          restores.choose(wantedOf(row));
          // on the phone the detail is in front of the rows
          view.leave();
        }}
      />
    ),
  };
}

/** The way back to the list, where there is no rail that says where one is. */
export const backToArchives = (label: string) => ({ href: '/archives', label, onBack: view.leave });

/** A view of its own takes the focus to its headline. */
export function useHeadline(): void {
  useEffect(() => document.querySelector<HTMLElement>('.screen h1')?.focus({ preventScroll: true }), []);
}
