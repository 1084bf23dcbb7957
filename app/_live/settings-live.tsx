'use client';
import { useEffect } from 'react';
import { LiveShell, useApp } from './app.tsx';
import { toLookAt } from './home-view.ts';
import { room, useRoom } from './room.ts';
import { useChecks } from './use-checks.ts';
import { usePlace } from './place.ts';
import { ChecksSide } from '../_screens/checks-screen.tsx';
import { SettingsScreen } from '../_screens/settings-screen.tsx';
import type { HomeState } from '../_state/types.ts';
import { text } from '../_text/en.ts';

export function SettingsLive() {
  const app = useApp();
  const place = usePlace();
  const { store, snapshot, home } = app;
  const wanted = home?.devices.load.state === 'none' && home.reach.state === 'answered';
  useEffect(() => {
    if (wanted) store.loadDevices();
  }, [wanted, store]);
  const devices = home?.devices.devices.length ?? 0;
  const findings = home === undefined ? undefined : findingsOf(home);
  const beside = useRoom(room.pane);
  const checks = useChecks(app, beside);
  // A home that never said has nothing to show here.
  const side =
    beside && checks !== undefined && (checks.at !== undefined || home?.reach.state === 'answered');
  const { settings } = snapshot;
  return (
    <LiveShell
      app={app}
      screen="settings"
      back={{ href: '/', label: home?.name ?? text.app.name }}
      {...(side ? { side: <ChecksSide {...checks} /> } : {})}
    >
      {snapshot.loaded && (
        <SettingsScreen
          place={place}
          {...(home === undefined
            ? {}
            : {
                home: {
                  name: home.name,
                  relay: home.relay,
                  device: home.deviceName,
                  ...(devices === 0 ? {} : { devices }),
                  ...(findings === undefined ? {} : { toLookAt: findings }),
                },
              })}
          openBy={settings.openBy}
          seconds={settings.seconds}
          theme={settings.theme}
          singleKeys={settings.shortcuts}
          version={process.env['NEXT_PUBLIC_VERSION'] ?? ''}
          onOpenBy={(value) => store.set('openBy', value)}
          onSeconds={(value) => store.set('seconds', value)}
          onTheme={(value) => store.set('theme', value)}
          onSingleKeys={(value) => store.set('shortcuts', value)}
          onForget={() => {
            if (home !== undefined) store.forgetHome(home.id);
          }}
        />
      )}
    </LiveShell>
  );
}

/** Undefined where nothing can be said: not asked yet, or sound as far as it was seen, which is not sound. */
function findingsOf(home: HomeState): number | undefined {
  const { checks, lookedMs } = home.checks;
  const count = toLookAt(home);
  if (count !== undefined && count > 0) return count;
  return lookedMs !== undefined && checks.every(({ state }) => state === 'ok') ? 0 : undefined;
}
