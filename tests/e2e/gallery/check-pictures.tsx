import type { ReactNode } from 'react';
import { wordsOf } from '../../../lib/check-words.ts';
import type { CheckResult } from '../../../lib/checks.ts';
import { ChecksScreen, ChecksSide, type CheckRow } from '../../../app/_screens/checks-screen.tsx';
import { Shell } from '../../../app/_ui/shell.tsx';
import * as sample from './samples.ts';

const findings: CheckResult[] = [
  { code: 'port-open', state: 'finding', facts: { port: 22, gate: 1 } },
  { code: 'second-way', state: 'finding' },
  { code: 'mark-rule', state: 'finding', door: 'files', facts: { family: 6, mark: '0x6c61' } },
];
const unseen: CheckResult[] = [
  { code: 'ssh-password', state: 'unknown', facts: { why: 'tool-needs-root' } },
  { code: 'default-deny', state: 'unknown', facts: { why: 'tool-helper-gone' } },
];
const sound: CheckResult[] = [
  { code: 'port-open', state: 'ok', door: 'ssh', facts: { port: 22 } },
  { code: 'second-way', state: 'ok', facts: { said: 'screen and keyboard in the cellar' } },
  { code: 'relay', state: 'ok', facts: { url: 'https://relay.example.net' } },
  ...(
    ['established', 'stale-opening', 'files', 'ssh-password', 'default-deny', 'clock', 'agent'] as const
  ).map((code) => ({ code, state: 'ok' as const })),
];

function rows(results: readonly CheckResult[]): CheckRow[] {
  return results.map((result, i) => ({
    key: String(i),
    ...wordsOf(result),
    ...(result.door === undefined ? {} : { door: result.door === 'ssh' ? 'SSH' : 'Files' }),
  }));
}

function Checks(props: Partial<Parameters<typeof ChecksScreen>[0]>) {
  return (
    <Shell
      screen="checks"
      homes={sample.homes('Closed')}
      current="attic"
      devices={3}
      back={{ href: '/settings', label: 'Settings' }}
    >
      <ChecksScreen
        home="attic"
        at="14:31"
        findings={[]}
        unseen={[]}
        sound={rows(sound)}
        more={0}
        loading={false}
        onAgain={() => undefined}
        {...props}
      />
    </Shell>
  );
}

/** Beside the settings. */
export const checksSide = (
  <ChecksSide
    home="attic"
    at="14:31"
    findings={rows(findings)}
    unseen={[]}
    sound={rows(sound)}
    more={0}
    loading={false}
    onAgain={() => undefined}
  />
);

export const checkPictures: Readonly<Record<string, () => ReactNode>> = {
  'settings-checks': () => <Checks findings={rows(findings)} />,
  'settings-checks-sound': () => <Checks />,
  'settings-checks-unseen': () => (
    <Checks unseen={rows(unseen)} loading line="The home did not answer in 10 s." />
  ),
  'settings-checks-asking': () => (
    <Shell
      screen="checks"
      homes={sample.homes('Closed')}
      current="attic"
      back={{ href: '/settings', label: 'Settings' }}
    >
      <ChecksScreen
        home="attic"
        findings={[]}
        unseen={[]}
        sound={[]}
        more={0}
        loading
        onAgain={() => undefined}
      />
    </Shell>
  ),
};
