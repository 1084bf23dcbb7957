import type { ReactNode } from 'react';
import { archiveDetail } from '../../../app/_live/archive-detail-view.ts';
import { archivesFace } from '../../../app/_live/archives-view.ts';
import { restoreDetail } from '../../../app/_live/restore-detail-view.ts';
import { choiceFace, offerFace, planFace, refusedChoice } from '../../../app/_live/restore-plan-view.ts';
import { restoreEntry, restoringFace } from '../../../app/_live/restoring-view.ts';
import { sendingEntry, sendingFace } from '../../../app/_live/sending-view.ts';
import { archiveKey } from '../../../app/_state/archive-types.ts';
import type { RestoresState } from '../../../app/_state/restore-types.ts';
import { ArchiveDrawer, ArchiveSide, ArchiveView } from '../../../app/_screens/archive-detail.tsx';
import { ArchivesScreen } from '../../../app/_screens/archives-screen.tsx';
import { RestoreDrawer, RestoreSide } from '../../../app/_screens/restore-detail.tsx';
import { ChoosingBar, Entries, Offer } from '../../../app/_screens/restore-offer.tsx';
import { PlanDrawer } from '../../../app/_screens/restore-plan.tsx';
import { RestoringScreen } from '../../../app/_screens/restoring-screen.tsx';
import { SendingScreen, SendingSide } from '../../../app/_screens/sending-screen.tsx';
import type { ArchiveSlots } from '../../../app/_ui/archive-types.ts';
import { Shell } from '../../../app/_ui/shell.tsx';
import { home } from '../../unit/app-home.ts';
import { acts } from './archive-pictures.tsx';
import { states } from './archive-samples.ts';
import { now, restores, wall } from './restore-samples.ts';
import * as sample from './samples.ts';

const nothing = () => undefined;
const wide = innerWidth >= 1100;
const beside = innerWidth >= 1280;
const drawers = innerWidth >= 720;
const shell = {
  screen: 'archives',
  homes: sample.homes('Closed'),
  current: 'attic',
  devices: 3,
  bans: 11,
} as const;
const back = { href: '/archives', label: 'Archives', onBack: nothing };
const runActs = { onPause: nothing, onGoOn: nothing, onCap: nothing };

/** An archive looked at, with what getting back adds to it. */
function Getting({ state, mayRestore = true }: { state: RestoresState; mayRestore?: boolean }) {
  const archives = states.photos();
  const face = archivesFace(home, archives, { now, wall, fresh: true });
  const detail = archiveDetail(archives, wall);
  const choice = choiceFace(state, { vault: 'vaults/photos', name: 'photos', bytes: 1_508e9 });
  const entries = [restoreEntry(state.progress, wall), sendingEntry(state.sending, home.name, wall)].filter(
    (entry) => entry !== undefined,
  );
  const act = choice === undefined && (
    <Offer offer={offerFace(home, state.offer, mayRestore)} onGet={nothing} onMore={nothing} />
  );
  const slots: ArchiveSlots = {
    ...(entries.length === 0 ? {} : { above: <Entries entries={entries} onGo={nothing} /> }),
    ...(choice === undefined
      ? {}
      : {
          choosing: {
            chosen: new Set(
              archives.list.rows.filter(({ name }) => /20(19|20|22)/.test(name)).map(archiveKey),
            ),
            onToggle: nothing,
            refuses: ({ row }) => refusedChoice(row),
          },
        }),
  };
  const plan = state.plan !== undefined && (
    <PlanDrawer
      face={planFace(home, state.plan, wall)}
      wide={wide}
      onTier={nothing}
      onCap={nothing}
      onType={nothing}
      onStart={nothing}
      onClose={nothing}
    />
  );
  if (detail === undefined) return null;
  if (!drawers && choice === undefined)
    return (
      <Shell {...shell} back={back}>
        <ArchiveView archive={detail} act={act} />
        {plan}
      </Shell>
    );
  return (
    <Shell
      {...shell}
      side={<ArchiveSide archive={detail} act={act} />}
      above={
        choice !== undefined && (
          <ChoosingBar choice={choice} onGet={nothing} onWhole={nothing} onStop={nothing} />
        )
      }
    >
      <ArchivesScreen
        face={{ ...face, list: { ...face.list, ...(beside ? { chosen: detail.key } : {}) } }}
        wide={wide}
        slots={slots}
        acts={acts}
        onFilter={nothing}
        onSearch={nothing}
        onSeen={nothing}
        onChoose={nothing}
      />
      {!beside && choice === undefined && plan === false && (
        <ArchiveDrawer archive={detail} act={act} onClose={nothing} />
      )}
      {plan}
    </Shell>
  );
}

function Restoring({
  state,
  mayRestore = true,
  inside = false,
}: {
  state: RestoresState;
  mayRestore?: boolean;
  /** One of them is looked at, where there is no pane for it. */
  inside?: boolean;
}) {
  const face = restoringFace(home, state.progress, { now, wall, mayRestore });
  const detail = restoreDetail(home, state.progress, undefined, wall);
  return (
    <Shell
      {...shell}
      back={back}
      narrowSide
      side={<RestoreSide detail={detail} run={face.run} acts={runActs} />}
    >
      <RestoringScreen
        face={face}
        wide={wide}
        beside={beside}
        {...(detail === undefined ? {} : { chosen: detail.key })}
        onChoose={nothing}
        onMore={nothing}
        {...runActs}
      />
      {inside && !beside && detail !== undefined && <RestoreDrawer detail={detail} onClose={nothing} />}
    </Shell>
  );
}

function Sending({ state }: { state: RestoresState }) {
  const face = sendingFace(home, state.sending, { now, wall, mayRestore: true });
  return (
    <Shell {...shell} back={back} narrowSide side={<SendingSide face={face} onPause={nothing} />}>
      <SendingScreen face={face} wide={wide} beside={beside} onPause={nothing} />
    </Shell>
  );
}

export const restorePictures: Record<string, () => ReactNode> = {
  restore: () => <Getting state={restores.none()} />,
  'restore-may-not': () => <Getting state={restores.none()} mayRestore={false} />,
  'restore-choosing': () => <Getting state={restores.choosing()} />,
  'restore-plan': () => <Getting state={wide ? restores.planTyped() : restores.plan()} />,
  'restore-plan-short': () => <Getting state={restores.short()} />,
  'restore-plan-rose': () => <Getting state={restores.rose()} />,
  restoring: () => <Restoring state={restores.running()} />,
  'restoring-stopped': () => <Restoring state={restores.stopped()} mayRestore={false} inside />,
  staging: () => <Sending state={restores.sending()} />,
};
