'use client';
import { useEffect, useState } from 'react';
import { LiveShell, useApp, type App } from './app.tsx';
import { deviceRows } from './device-rows.ts';
import { usePlace } from './place.ts';
import { room, useRoom } from './room.ts';
import { reasonWords } from './words.ts';
import type { HomeState } from '../_state/types.ts';
import { AnotherDrawer, DeviceSide, DevicesScreen, RevokeDrawer } from '../_screens/devices-screen.tsx';
import { NeedsHomeScreen } from '../_screens/needs-home-screen.tsx';
import { text } from '../_text/en.ts';

const back = { href: '/settings', label: text.nav.settings };

export function DevicesLive() {
  const app = useApp();
  const { snapshot, home } = app;
  if (home !== undefined) return <HomeDevices app={app} home={home} />;
  return (
    <LiveShell app={app} screen="devices" back={back}>
      {snapshot.loaded && <NeedsHomeScreen title={text.devices.asking} />}
    </LiveShell>
  );
}

function HomeDevices({ app: { store, ...rest }, home }: { app: App; home: HomeState }) {
  const app = { store, ...rest };
  const place = usePlace();
  const beside = useRoom(room.pane);
  const [chosen, setChosen] = useState<string>();
  const [drawer, setDrawer] = useState<'none' | 'device' | 'another'>('none');
  const answers = home.reach.state === 'answered';
  useEffect(() => {
    if (answers) store.loadDevices();
  }, [answers, home.id, store]);

  const rows = deviceRows(home, place, Date.now());
  const device = rows.find((row) => row.id === chosen) ?? rows[0];
  const { revoking, revokeFailed, load } = home.devices;
  const failed = revokeFailed?.device === device?.id ? revokeFailed : undefined;
  const one = device && {
    home: home.name,
    device,
    busy: revoking === device.id,
    ...(failed === undefined ? {} : { failed: `${text.devices.failed} ${reasonWords(failed.code)}` }),
    onRevoke: () => store.revoke(device.id),
  };
  // A revoked device goes from the list, and its drawer with it.
  const shown = drawer === 'device' && rows.some((row) => row.id === chosen);
  return (
    <LiveShell app={app} screen="devices" back={back} side={one && <DeviceSide {...one} />}>
      <DevicesScreen
        home={home.name}
        place={place}
        devices={rows}
        {...(device === undefined ? {} : { chosen: device.id })}
        {...(load.state === 'failed' ? { line: reasonWords(load.code) } : {})}
        loading={load.state === 'loading'}
        onChoose={(id) => {
          setChosen(id);
          if (!beside) setDrawer('device');
        }}
        onAnother={() => setDrawer('another')}
      />
      {shown && one && <RevokeDrawer {...one} onClose={() => setDrawer('none')} />}
      {drawer === 'another' && <AnotherDrawer onClose={() => setDrawer('none')} />}
    </LiveShell>
  );
}
