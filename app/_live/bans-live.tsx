'use client';
import { useCallback, useEffect } from 'react';
import { LiveShell, useApp, type App } from './app.tsx';
import { banChart, tryingFace } from './ban-charts.ts';
import { banDetail } from './ban-detail-view.ts';
import { bansFace } from './bans-view.ts';
import { room, useRoom } from './room.ts';
import { reasonWords } from './words.ts';
import { shownText } from '../../lib/shown-text.ts';
import type { Lifted } from '../_state/ban-types.ts';
import type { HomeState } from '../_state/types.ts';
import { BanDrawer, BanSide } from '../_screens/ban-detail.tsx';
import { NetworksDrawer } from '../_screens/ban-flood.tsx';
import { BansScreen } from '../_screens/bans-screen.tsx';
import { NeedsHomeScreen } from '../_screens/needs-home-screen.tsx';
import { Note } from '../_ui/bars.tsx';
import { bansText as words } from '../_text/bans.ts';

export function BansLive() {
  const app = useApp();
  const { snapshot, home } = app;
  if (home !== undefined) return <HomeBansLive key={home.id} app={app} home={home} />;
  return (
    <LiveShell app={app} screen="bans">
      {snapshot.loaded && <NeedsHomeScreen title={words.title} />}
    </LiveShell>
  );
}

function HomeBansLive({ app, home }: { app: App; home: HomeState }) {
  const { store, snapshot } = app;
  const wide = useRoom(room.table);
  const beside = useRoom(room.pane);
  const wall = Date.now();
  const face = bansFace(home, snapshot.now, wall);
  const detail = banDetail(home, snapshot.now, wall);
  const chart = banChart(home, wall);
  const trying = tryingFace(home, wall);
  const { list, lifted, networks, chosen } = home.bans;

  const answers = home.reach.state === 'answered';
  const minute = Math.floor(snapshot.now / 60_000);
  useEffect(() => {
    if (answers) store.loadBanCharts(wide);
  }, [answers, wide, minute, store]);
  useEffect(() => {
    store.lookAtBans(0, 20);
    return () => {
      store.lookAtBans();
      store.filterBans({});
      store.chooseBan();
      store.closeNetworks();
    };
  }, [store]);
  // Beside a table something is chosen: the newest, until a person chooses.
  const first = beside && chosen === undefined ? face.list.row(0)?.ban : undefined;
  const firstKey = first === undefined ? undefined : `${first.source}\n${first.jail}\n${first.value}`;
  useEffect(() => {
    if (first !== undefined) store.chooseBan(first);
    // one ban is one key
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [firstKey, store]);

  const onSeen = useCallback((from: number, to: number) => store.lookAtBans(from, to), [store]);
  const search = (text: string) => {
    const { search: _before, ...rest } = list.query;
    store.filterBans(text === '' ? rest : { ...rest, search: text });
  };
  const unban = () => chosen !== undefined && store.unban(chosen.ban.value);
  const flood = face.floods.find(
    ({ source, jailName }) => source === networks?.source && jailName === networks.jail,
  );
  return (
    <LiveShell
      app={app}
      screen="bans"
      narrowSide
      side={
        detail === undefined ? (
          <p className="sub">{words.choose}</p>
        ) : (
          <BanSide ban={detail} onUnban={unban} />
        )
      }
      note={lifted !== undefined && <Undo lifted={lifted} onUndo={store.undoUnban} />}
    >
      <BansScreen
        face={face}
        wide={wide}
        {...(chart === undefined ? {} : { chart })}
        {...(trying === undefined ? {} : { trying })}
        onFilter={store.filterBans}
        onSearch={search}
        onFlood={({ source, jailName }) => store.openNetworks({ source, jail: jailName })}
        onSeen={onSeen}
        onChoose={({ ban }) => store.chooseBan(ban)}
      />
      {detail !== undefined && !beside && (
        <BanDrawer ban={detail} onUnban={unban} onClose={() => store.chooseBan()} />
      )}
      {networks !== undefined && (
        <NetworksDrawer
          title={flood?.title ?? words.networks}
          rows={networks.rows.map(({ network, count }) => ({ network, shown: shownText(network), count }))}
          more={networks.total !== undefined && networks.rows.length < networks.total}
          loading={networks.load.state === 'loading'}
          {...(networks.load.state === 'failed' ? { failed: reasonWords(networks.load.code) } : {})}
          onMore={store.moreNetworks}
          onNetwork={(network) => {
            store.closeNetworks();
            store.filterBans({ source: networks.source, jail: networks.jail, search: network });
          }}
          onClose={store.closeNetworks}
        />
      )}
    </LiveShell>
  );
}

/** Above the tabs for 8 s. */
export function Undo({ lifted, onUndo }: { lifted: Lifted; onUndo: () => void }) {
  const value = <bdi className="mono">{shownText(lifted.value)}</bdi>;
  if (lifted.undone)
    return (
      <Note
        words={
          <>
            {words.undone}
            {value}
          </>
        }
      />
    );
  const left = [...new Set(lifted.left.map(({ jail }) => shownText(jail)))].join(', ');
  return (
    <Note
      words={
        <>
          {words.unbanned}
          {value}
          {left !== '' && words.stands(left)}
          {lifted.comesBack && words.comesBack}
        </>
      }
      {...(lifted.undoMs === undefined ? {} : { act: words.undo, onAct: onUndo })}
    />
  );
}
