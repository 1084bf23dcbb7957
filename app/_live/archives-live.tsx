'use client';
import { useEffect, useMemo, useSyncExternalStore } from 'react';
import { archiveDetail } from './archive-detail-view.ts';
import { archivesFace } from './archives-view.ts';
import { LiveShell, type App } from './app.tsx';
import { listActs } from './archive-acts.ts';
import { useFileDrop } from './file-drop.ts';
import { useRestores } from './restores-live.tsx';
import { RestoringLive, SendingLive } from './restoring-live.tsx';
import { room, useRoom } from './room.ts';
import type { HomeLine } from '../_state/archive-types.ts';
import { HomeArchives } from '../_state/home-archives.ts';
import type { HomeState } from '../_state/types.ts';
import { ArchiveDrawer, ArchiveSide, ArchiveView } from '../_screens/archive-detail.tsx';
import { ArchivesScreen } from '../_screens/archives-screen.tsx';
import { Note } from '../_ui/bars.tsx';
import type { ArchiveRowFace } from '../_ui/archive-types.ts';
import { useView, view } from '../_ui/view.ts';
import { archivesText as words } from '../_text/archives.ts';

/** For the life of the page: what was loaded, and an import that runs, outlive a change of screen. */
const known = new WeakMap<HomeLine, HomeArchives>();

function archivesOf(line: HomeLine): HomeArchives {
  const made = known.get(line) ?? new HomeArchives(line);
  known.set(line, made);
  return made;
}

export interface ArchivesProps {
  readonly app: App;
  readonly home: HomeState;
}

export function ArchivesLive({ app, home }: ArchivesProps) {
  const line = app.store.lineOf(home.id);
  return line === undefined ? null : <HomeArchivesLive app={app} home={home} archives={archivesOf(line)} />;
}

function HomeArchivesLive({ app, home, archives }: ArchivesProps & { archives: HomeArchives }) {
  const state = useSyncExternalStore(archives.subscribe, archives.get, archives.get);
  const wide = useRoom(room.table);
  const beside = useRoom(room.pane);
  const drawers = useRoom(room.drawer);
  const inside = useView();
  const { now } = app.snapshot;
  const wall = Date.now();

  useEffect(() => {
    archives.open();
    return archives.close;
  }, [archives]);
  useEffect(() => archives.tick(), [archives, now]);

  const face = archivesFace(home, state, { now, wall, fresh: archives.isFresh() });
  const detail = archiveDetail(state, wall);
  // Beside a table something is chosen: the first, until a person chooses.
  const first = beside && detail === undefined ? (face.active[0] ?? face.list.row(0))?.row : undefined;
  useEffect(() => {
    if (first !== undefined) archives.choose(first);
  }, [archives, first]);

  const acts = useMemo(() => listActs(archives), [archives]);
  const mayBring = state.totals?.value.mayRestore === true && !face.more.busy;
  const over = useFileDrop(mayBring ? acts.onFile : undefined);
  const looksAt = beside ? inside === '' : inside === 'archive';
  const restores = useRestores({ app, home, line: archives.line, archives: state, wide, looksAt });
  const { slots, note, plan } = restores;
  const act = slots.act === undefined ? {} : { act: slots.act };
  const search = (typed: string) => {
    const { search: _before, ...query } = state.list.query;
    archives.filter(typed === '' ? query : { ...query, search: typed });
  };
  const choose = ({ row }: ArchiveRowFace) => {
    archives.choose(row);
    if (!beside) view.go('archive');
  };
  if (inside === 'restoring' || inside === 'sending') {
    const View = inside === 'restoring' ? RestoringLive : SendingLive;
    const mayRestore = state.totals?.value.mayRestore ?? false;
    return (
      <View app={app} home={home} restores={restores} mayRestore={mayRestore} wide={wide} beside={beside} />
    );
  }
  const shown = inside === 'archive' ? detail : undefined;
  if (shown !== undefined && !drawers)
    return (
      <LiveShell
        app={app}
        screen="archives"
        back={{ href: '/archives', label: words.title, onBack: view.leave }}
      >
        <ArchiveView archive={shown} {...act} />
        {plan}
      </LiveShell>
    );
  return (
    <LiveShell
      app={app}
      screen="archives"
      note={over ? <Note words={words.drop} /> : note}
      side={
        detail === undefined ? (
          <p className="sub">{words.choose}</p>
        ) : (
          <ArchiveSide archive={detail} {...act} />
        )
      }
    >
      <ArchivesScreen
        face={face}
        wide={wide}
        slots={slots}
        acts={acts}
        onFilter={archives.filter}
        onSearch={search}
        onSeen={archives.look}
        onChoose={choose}
      />
      {shown !== undefined && !beside && <ArchiveDrawer archive={shown} {...act} onClose={view.leave} />}
      {plan}
    </LiveShell>
  );
}
