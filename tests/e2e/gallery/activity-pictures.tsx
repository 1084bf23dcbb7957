import { useEffect, type ReactNode } from 'react';
import * as sample from './samples.ts';
import { DayScreen } from '../../../app/_screens/day-screen.tsx';
import { OpenStrip } from '../../../app/_ui/bars.tsx';
import { Shell } from '../../../app/_ui/shell.tsx';
import type { ActivityDay, DayFace, LookItem } from '../../../app/_ui/types.ts';

const nothing = () => undefined;
const at = (hour: number, minute: number) => (hour * 60 + minute) / 1440;

const day: DayFace = {
  title: 'Today',
  today: true,
  looks: 2,
  sentence: 'One door open, 15 banned.',
  now: at(14, 33),
  hours: [0, 0.25, 0.5, 0.75],
  marks: [
    { kind: 'started', from: at(6, 13) },
    { kind: 'session', from: at(8, 14), to: at(9, 40) },
    { kind: 'opened', from: at(8, 12), to: at(8, 27) },
    { kind: 'open', from: at(14, 32), to: at(14, 33) },
    { kind: 'stopped', from: at(11, 7) },
  ],
  bars: (
    [
      [0.25, 1],
      [2.25, 1],
      [3.75, 2],
      [5.25, 1],
      [7.25, 1],
      [9.25, 1],
      [10.25, 2],
      [12.75, 3],
      [13.25, 2],
      [14.25, 1],
    ] as const
  ).map(([hour, count]) => ({ from: hour / 24, count })),
  label:
    'Today by the hour: doors open 08:12 to 08:27 and since 14:32, a session from 08:14, 15 bans, a knock stopped at 11:07, attic started at 06:15',
};

const looks: LookItem[] = [
  {
    key: '3',
    mark: 'cross',
    title: 'Knock stopped at 11:07',
    sub: 'From Tablet. knockd did not hear knock 2 of 3.',
    pins: {
      states: ['set', 'set', 'stuck', 'wait', 'wait', 'wait', 'wait'],
      words: ['stuck at', 'link 3 of 7'],
    },
    events: [3],
    act: 'seen',
  },
  {
    key: '2',
    mark: 'change',
    title: 'Tablet was paired at 09:20',
    sub: 'By a link, so nobody at home was asked.',
    events: [2],
    act: 'mine',
    device: { id: 'tablet', name: 'Tablet', revoking: false },
  },
];

const rows: ActivityDay[] = [
  {
    key: 'today',
    title: '',
    rows: [
      {
        key: '5',
        time: '14:32',
        iso: '2026-05-12T14:32',
        mark: 'open',
        title: 'Open, 4:08 left',
        sub: 'Pixel. marta connected at 14:33.',
        pins: { states: ['set', 'set', 'set', 'set', 'set', 'set', 'set'], words: ['7 of 7', 'links'] },
      },
      {
        key: '4',
        time: '14:31',
        iso: '2026-05-12T14:31',
        mark: 'change',
        title: 'Unbanned your address',
        sub: 'Pixel, ',
        address: '203.0.113.47',
      },
      {
        key: 'bans',
        time: '14:20',
        iso: '2026-05-12T14:20',
        mark: 'ban',
        title: '14 banned since 12:50',
        counts: [
          ['sshd', 12],
          ['nginx-botsearch', 2],
        ],
      },
      {
        key: '1',
        time: '08:12',
        iso: '2026-05-12T08:12',
        mark: 'opened',
        title: 'Opened for 15 min',
        sub: 'Laptop. marta connected at 08:14. Closed at 08:27.',
      },
      { key: '0', time: '06:15', iso: '2026-05-12T06:15', mark: 'ok', title: 'attic started' },
    ],
  },
];

function Day(props: Partial<Parameters<typeof DayScreen>[0]>) {
  return (
    <Shell
      screen="activity"
      homes={sample.homes('Open, 4:08 left')}
      current="attic"
      devices={3}
      above={<OpenStrip words="attic is open" left="4:08" busy={false} onClose={nothing} />}
    >
      <DayScreen
        day={day}
        looks={looks}
        rows={rows}
        days={[
          { start: 2, title: 'Today', current: true },
          { start: 1, title: 'Yesterday', current: false },
          { start: 0, title: 'Sun 10 May', current: false },
        ]}
        more={false}
        loading={false}
        onDay={nothing}
        onAll={nothing}
        onMore={nothing}
        onSeen={nothing}
        onRevoke={nothing}
        {...props}
      />
    </Shell>
  );
}

/** Scrolled as in the design's picture. */
function Below() {
  useEffect(() => document.querySelector('main')?.scrollTo(0, 255), []);
  return <Day />;
}

const flood: DayFace = {
  ...day,
  looks: 2,
  sentence: 'No door open, 5321 banned.',
  marks: [],
  bars: Array.from({ length: 29 }, (_, i) => ({ from: (i + 0.5) / 48, count: (i * i * 7) % 640 })),
};

export const activityPictures: Readonly<Record<string, () => ReactNode>> = {
  'activity-day': () => <Day />,
  'activity-day-below': () => <Below />,
  'activity-calm': () => <Day day={{ ...day, looks: 0 }} looks={[]} />,
  'activity-flood': () => (
    <Day
      day={flood}
      looks={[
        {
          key: '9',
          mark: 'ban',
          title: 'Your address was banned at 14:28',
          sub: 'sshd, ',
          address: '203.0.113.47',
          events: [9],
          act: 'seen',
        },
        {
          key: 'findings',
          mark: 'change',
          title: '2 new findings in Checks',
          sub: 'attic looked at itself.',
          events: [],
          act: 'checks',
        },
      ]}
      rows={[
        {
          key: 'today',
          title: '',
          rows: [
            {
              key: 'bans',
              time: '14:20',
              iso: '2026-05-12T14:20',
              mark: 'ban',
              title: '5321 banned since 00:10',
              counts: [
                ['<b>sshd</b>', 5200],
                ['others', 121],
              ],
            },
          ],
        },
      ]}
    />
  ),
  'activity-past': () => (
    <Day
      day={{
        ...day,
        title: 'Mon 11 May',
        today: false,
        now: 1,
        looks: 0,
        sentence: '2 openings, 15 banned.',
      }}
      rows={[]}
    />
  ),
};
