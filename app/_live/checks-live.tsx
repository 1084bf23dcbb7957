'use client';
import { LiveShell, useApp } from './app.tsx';
import { useChecks } from './use-checks.ts';
import { ChecksScreen } from '../_screens/checks-screen.tsx';
import { NeedsHomeScreen } from '../_screens/needs-home-screen.tsx';
import { checksText } from '../_text/checks.ts';
import { text } from '../_text/en.ts';

const back = { href: '/settings', label: text.nav.settings };

export function ChecksLive() {
  const app = useApp();
  const checks = useChecks(app, true);
  return (
    <LiveShell app={app} screen="checks" back={back}>
      {checks === undefined ? (
        app.snapshot.loaded && <NeedsHomeScreen title={checksText.title} />
      ) : (
        <ChecksScreen {...checks} />
      )}
    </LiveShell>
  );
}
