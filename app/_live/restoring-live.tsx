'use client';
import { useState } from 'react';
import { LiveShell, type App } from './app.tsx';
import { restoreDetail } from './restore-detail-view.ts';
import { backToArchives, useHeadline, type Restores } from './restores-live.tsx';
import { restoringFace } from './restoring-view.ts';
import { sendingFace } from './sending-view.ts';
import type { HomeState } from '../_state/types.ts';
import { RestoreDrawer, RestoreSide } from '../_screens/restore-detail.tsx';
import { RestoringScreen, type RunActs } from '../_screens/restoring-screen.tsx';
import { SendingScreen, SendingSide } from '../_screens/sending-screen.tsx';
import { archivesText } from '../_text/archives.ts';

export interface RestoringLiveProps {
  readonly app: App;
  readonly home: HomeState;
  readonly restores: Restores;
  readonly mayRestore: boolean;
  readonly wide: boolean;
  readonly beside: boolean;
}

const back = backToArchives(archivesText.title);

/** What comes back. */
export function RestoringLive({ app, home, restores, mayRestore, wide, beside }: RestoringLiveProps) {
  useHeadline();
  const [chosen, setChosen] = useState<string>();
  const { progress } = restores.state;
  const wall = Date.now();
  const face = restoringFace(home, progress, { now: app.snapshot.now, wall, mayRestore });
  const detail = restoreDetail(home, progress, chosen, wall);
  const acts: RunActs = {
    onPause: (now) => restores.restores.pause(now),
    onGoOn: () => restores.restores.goOn(),
    onCap: (perDay) => restores.restores.capRunning(perDay === 0 ? undefined : perDay),
  };
  return (
    <LiveShell
      app={app}
      screen="archives"
      back={back}
      narrowSide
      side={<RestoreSide detail={detail} run={face.run} acts={acts} />}
    >
      <RestoringScreen
        face={face}
        wide={wide}
        beside={beside}
        {...(detail === undefined ? {} : { chosen: detail.key })}
        onChoose={setChosen}
        onMore={() => restores.restores.moreRows()}
        {...acts}
      />
      {!beside && detail !== undefined && detail.key === chosen && (
        <RestoreDrawer detail={detail} onClose={() => setChosen(undefined)} />
      )}
    </LiveShell>
  );
}

/** What is being sent. */
export function SendingLive({ app, home, restores, mayRestore, wide, beside }: RestoringLiveProps) {
  useHeadline();
  const face = sendingFace(home, restores.state.sending, {
    now: app.snapshot.now,
    wall: Date.now(),
    mayRestore,
  });
  const onPause = () => restores.restores.pauseSending();
  return (
    <LiveShell
      app={app}
      screen="archives"
      back={back}
      narrowSide
      side={<SendingSide face={face} onPause={onPause} />}
    >
      <SendingScreen face={face} wide={wide} beside={beside} onPause={onPause} />
    </LiveShell>
  );
}
