import type { ReactNode } from 'react';
import { passwordPictures } from './password-pictures.tsx';
import * as sample from './samples.ts';
import { bannedSample, banPictures } from './ban-pictures.tsx';
import { activityPictures } from './activity-pictures.tsx';
import { archivePictures } from './archive-pictures.tsx';
import { checkPictures, checksSide } from './check-pictures.tsx';
import { restorePictures } from './restore-pictures.tsx';
import { days, devices } from './sample-lists.ts';
import { ActivityScreen, ActivitySide } from '../../../app/_screens/activity-screen.tsx';
import { DeviceSide, DevicesScreen, RevokeDrawer } from '../../../app/_screens/devices-screen.tsx';
import type { DoorActs } from '../../../app/_screens/door-acts.ts';
import { DoorsScreen } from '../../../app/_screens/doors-screen.tsx';
import { FirstRunScreen } from '../../../app/_screens/first-run-screen.tsx';
import { CompareScreen, FindScreen, PairEndScreen, WaitScreen } from '../../../app/_screens/pair-screens.tsx';
import { SettingsScreen } from '../../../app/_screens/settings-screen.tsx';
import { door as sampleDoor } from '../../unit/app-home.ts';
import { Note, OpenStrip } from '../../../app/_ui/bars.tsx';
import { HomesDrawer } from '../../../app/_ui/homes-drawer.tsx';
import { Shell } from '../../../app/_ui/shell.tsx';
import type { DoorFace, OtherDoor, Place } from '../../../app/_ui/types.ts';
import { reasonWords, remedyWords } from '../../../app/_live/words.ts';

const nothing = () => undefined;

/** What the gallery's own test reads: every act that a screen asked for, in order. */
export const asked: string[] = [];
const note = (what: string) => () => void asked.push(what);
const acts: DoorActs = {
  arm: note('arm'),
  release: note('release'),
  cancel: note('cancel'),
  stop: note('stop'),
  close: note('close'),
  add: note('add'),
  ask: note('ask'),
  retry: note('retry'),
  closeAndOpen: note('closeAndOpen'),
  unban: (door) => void asked.push(`unban ${door ?? ''}`),
  choose: (door) => void asked.push(`choose ${door}`),
  armDoor: (door) => void asked.push(`arm ${door}`),
  releaseDoor: (door) => void asked.push(`release ${door}`),
  cancelDoor: (door) => void asked.push(`cancel ${door}`),
  seconds: (seconds) => void asked.push(`seconds ${seconds}`),
  report: () => '',
};

const place: Place = innerWidth >= 1100 ? 'browser' : innerWidth >= 720 ? 'tablet' : 'phone';
const others: OtherDoor[] = [
  {
    name: 'ssh',
    label: 'SSH',
    detail: 'SSH, port 22',
    state: 'Open, 4:12 left',
    open: true,
    canOpen: false,
    chosen: true,
  },
  {
    name: 'files',
    label: 'Files',
    detail: 'SFTP, port 2022',
    state: 'Closed',
    open: false,
    canOpen: true,
    chosen: false,
  },
  {
    name: 'git',
    label: 'Git',
    detail: 'SSH, port 2222',
    state: 'Closed',
    open: false,
    canOpen: true,
    chosen: false,
  },
];

interface DoorPicture {
  readonly face?: Partial<DoorFace>;
  readonly state?: string;
  readonly line?: string;
  readonly doors?: readonly OtherDoor[];
  readonly twice?: boolean;
  readonly toLookAt?: number;
}

function Doors({
  face = {},
  state = 'Closed',
  line = 'Answered 2 s ago',
  doors = [],
  twice = false,
  toLookAt = 0,
}: DoorPicture) {
  const links = (face.links ?? []).map((link) =>
    link.id === 'sealed' && place !== 'phone'
      ? { ...link, who: place === 'tablet' ? 'On this tablet' : 'In this browser' }
      : link,
  );
  return (
    <Shell
      screen="doors"
      homes={sample.homes(state, line)}
      current="attic"
      devices={3}
      toLookAt={toLookAt}
      side={<ActivitySide days={days} />}
      narrowSide
    >
      <DoorsScreen
        face={{ ...sample.face, ...face, links, place }}
        doors={doors}
        openBy={twice ? 'twice' : 'hold'}
        singleKeys={place === 'browser'}
        acts={acts}
      />
    </Shell>
  );
}

const open: DoorPicture = {
  face: { phase: 'open', leftMs: 252_000, lengthMs: 300_000, links: sample.openLinks },
  state: 'Open, 4:12 left',
  line: 'Answered 1 s ago',
};
const connected: DoorPicture = {
  face: { phase: 'connected', leftMs: 185_000, lengthMs: 300_000, links: sample.connectedLinks },
  state: 'Open, 3:05 left',
  line: 'Answered 1 s ago',
};
const strip = <OpenStrip words="attic is open" left="4:08" busy={false} onClose={note('close')} />;

function Devices({ chosen, revoke }: { chosen: string; revoke?: boolean }) {
  const one = devices.find((device) => device.id === chosen);
  const rows = devices.map((device) => ({
    ...device,
    self: device.id === (place === 'browser' ? 'laptop' : 'pixel'),
  }));
  return (
    <Shell
      screen="devices"
      homes={sample.homes('Open, 2:40 left')}
      current="attic"
      devices={3}
      back={{ href: '/settings', label: 'Settings' }}
      side={one && <DeviceSide home="attic" device={one} busy={false} onRevoke={note('revoke')} />}
      above={
        place === 'browser' ? null : (
          <OpenStrip words="Files is open" left="2:40" busy={false} onClose={nothing} />
        )
      }
    >
      <DevicesScreen
        home="attic"
        place={place}
        devices={rows}
        chosen={chosen}
        loading={false}
        onChoose={nothing}
        onAnother={nothing}
      />
      {revoke === true && one && (
        <RevokeDrawer home="attic" device={one} busy={false} onRevoke={note('revoke')} onClose={nothing} />
      )}
    </Shell>
  );
}

function Pairing({ count, children }: { count: string; children: ReactNode }) {
  return (
    <Shell
      screen="pair"
      homes={[]}
      bare
      mainClass="pairing"
      back={{ href: '/', label: 'Pair a home', count }}
    >
      {children}
    </Shell>
  );
}

const settings = (
  <Shell
    screen="settings"
    homes={sample.homes('Closed')}
    current="attic"
    devices={3}
    back={{ href: '/', label: 'attic' }}
    side={checksSide}
  >
    <SettingsScreen
      place={place}
      home={{ name: 'attic', relay: 'relay.example.net', device: 'Pixel', devices: 3, toLookAt: 3 }}
      openBy="hold"
      seconds={300}
      theme="system"
      singleKeys
      version="0.1.0"
      onOpenBy={nothing}
      onSeconds={nothing}
      onTheme={nothing}
      onSingleKeys={nothing}
      onForget={nothing}
    />
  </Shell>
);

const link = 'https://relay.example.net/pair#1.kQ7vT0sYb2Jm4c9XwZrA8n1LhUe5Dg3PfMi6oKtVxS';
const find = (check: Parameters<typeof FindScreen>[0]['check'], pasted: string) => (
  <Pairing count="1 of 3">
    <FindScreen
      link={pasted}
      {...(check === undefined ? {} : { check })}
      name="Pixel"
      busy={false}
      onLink={nothing}
      onName={nothing}
      onAsk={note('ask')}
    />
  </Pairing>
);

const banned = (kind: Parameters<typeof bannedSample>[0]): DoorPicture => ({
  face: { phase: 'banned', banned: bannedSample(kind, sampleDoor) },
  state: 'Banned here',
});

/** Every picture, under the design's name for it. */
export const pictures: Record<string, () => ReactNode> = {
  'first-run': () => (
    <Shell screen="none" homes={[]} mainClass="first-run">
      <FirstRunScreen place={place} />
    </Shell>
  ),
  'pair-paste': () => find({ ok: true, relay: 'relay.example.net' }, link),
  'pair-empty': () => find(undefined, ''),
  'pair-bad': () => find({ ok: false, why: 'That code is not from Latchkey.' }, 'hello'),
  'pairing-compare': () => (
    <Pairing count="2 of 3">
      <CompareScreen
        home="attic"
        homeKey={sample.atticKey}
        code="7KQM-2D9F-XH41"
        relay="relay.example.net"
        device="Pixel"
        onMatch={note('match')}
        onDiffer={note('differ')}
      />
    </Pairing>
  ),
  'pair-wait': () => (
    <Pairing count="3 of 3">
      <WaitScreen
        home="attic"
        homeKey={sample.atticKey}
        code="7KQ2-M4TX-9HPA"
        device="Pixel"
        place={place}
        leftMs={250_000}
        totalMs={300_000}
        onStop={nothing}
      />
    </Pairing>
  ),
  'pair-refused': () => (
    <Pairing count="3 of 3">
      <PairEndScreen why="attic said no. Nothing is kept here." onAgain={nothing} />
    </Pairing>
  ),
  banned: () => <Doors {...banned('here')} />,
  'banned-again': () => <Doors {...banned('again')} />,
  'banned-network': () => <Doors {...banned('network')} />,
  'banned-stands': () => <Doors {...banned('stands')} />,
  'banned-several': () => <Doors {...banned('here')} doors={others} />,
  'doors-closed': () => <Doors />,
  'doors-to-look-at': () => <Doors toLookAt={3} />,
  'doors-closed-twice': () => <Doors twice />,
  'doors-closed-vouched': () => <Doors face={{ lengths: sample.vouchedLengths, vouchedMinutes: 5 }} />,
  'doors-sealing': () => (
    <Doors face={{ phase: 'sealing', steps: ['now', 'wait', 'wait', 'wait'] }} line="Working on it" />
  ),
  'doors-knocking': () => (
    <Doors
      face={{
        phase: 'knocking',
        lede: 'Knock 2 of 3 at attic.',
        steps: ['set', 'set', 'set', 'now', 'wait', 'wait'],
        stepLine: [
          ['Sealed', '0.02 s'],
          ['relayed', '0.14 s'],
        ],
        links: sample.knockingLinks,
      }}
      line="Working on it"
    />
  ),
  'doors-open-proof': () => <Doors {...open} />,
  'proof-missing': () => (
    <Doors
      {...open}
      face={{
        ...open.face,
        links: sample.noPacketLinks,
        proofLede: 'The door is open. Nothing has come through it.',
        proofRemedy:
          'A VPN, Private Relay or a jump host gives SSH an address of its own. Turn it off, or open from the machine that runs SSH.',
      }}
    />
  ),
  'proof-silent': () => (
    <Doors
      {...open}
      face={{
        ...open.face,
        links: sample.silentLinks,
        proofLede: 'The door is open. Nobody waits behind it.',
        proofRemedy:
          'On attic, see which programs listen: ss -ltn. One of them must have port 22, for this address.',
      }}
    />
  ),
  'doors-open-soon': () => (
    <Doors {...open} face={{ ...open.face, leftMs: 22_000 }} state="Open, 0:22 left" />
  ),
  'doors-open-vouched': () => <Doors {...open} face={{ ...open.face, vouched: true, canAdd: false }} />,
  'doors-open-web': () => (
    <Doors
      {...open}
      face={{
        ...open.face,
        service: 'HTTPS',
        command: { text: 'https://attic.example.net:8443', href: 'https://attic.example.net:8443' },
      }}
    />
  ),
  'doors-open-through': () => (
    <Doors
      {...open}
      face={{
        ...open.face,
        service: 'HTTPS',
        command: {
          text: 'ssh -N -L 8443:192.168.1.30:443 attic.example.net',
          then: 'https://localhost:8443',
        },
      }}
    />
  ),
  'doors-unchecked': () => (
    <Doors
      face={{
        phase: 'unchecked',
        leftMs: 22_000,
        lengthMs: 30_000,
        canAdd: false,
        links: sample.uncheckedLinks,
      }}
      state="Open? 0:22 left"
      line="Answered 1 s ago"
    />
  ),
  'doors-connected-proof': () => <Doors {...connected} />,
  'doors-connected-up': () => (
    <Doors
      face={{ phase: 'connectedTimeUp', lengthMs: 300_000, links: sample.connectedLinks }}
      state="Connected"
    />
  ),
  'doors-closing': () => <Doors face={{ phase: 'closing' }} line="Working on it" />,
  'doors-close-unconfirmed': () => (
    <Doors face={{ phase: 'closeUnconfirmed', leftMs: 120_000, lengthMs: 300_000, closesAt: '14:37' }} />
  ),
  'doors-failed': () => (
    <Doors
      face={{
        phase: 'notOpened',
        reason: 'The relay is full.',
        steps: ['set', 'stuck', 'wait', 'wait', 'wait', 'wait'],
        remedy: 'Try again in a minute. The door was never open.',
      }}
    />
  ),
  'doors-offline': () => (
    <Doors
      face={{
        phase: 'noAnswer',
        lede: 'The relay is there, attic is not. A knock would not reach it, so none is sent.',
        known: {
          age: '13:54, 38 min ago',
          facts: [
            ['Door', 'Closed'],
            ['Session', 'None'],
          ],
        },
        remedy: 'Usually it is power, the line or the agent.',
        asksInSeconds: 12,
      }}
      state="No answer"
      line="No answer for 38 min"
    />
  ),
  'doors-not-admitted': () => (
    <Doors
      face={{
        phase: 'noAnswer',
        lede: reasonWords('relay-not-admitted'),
        known: {
          age: '13:54, 38 min ago',
          facts: [
            ['Door', 'Closed'],
            ['Session', 'None'],
          ],
        },
        remedy: remedyWords('relay-not-admitted'),
        pairAgain: 'beside',
        asksInSeconds: 12,
      }}
      state="No answer"
      line="No answer for 38 min"
    />
  ),
  'doors-phone-offline': () => (
    <Doors
      face={{
        phase: 'offline',
        lede: 'Nothing can be asked until it is back. A door that is open closes by itself.',
        known: { age: '14:30, 2 min ago', facts: [['Door', 'Open']] },
      }}
      line="Offline"
    />
  ),
  'doors-asking': () => (
    <Doors face={{ phase: 'asking', title: 'Closed', lede: 'Asking attic.' }} line="Asking attic" />
  ),
  'doors-stale': () => (
    <Doors
      face={{
        phase: 'stale',
        leftMs: 1_420_000,
        lengthMs: 3_600_000,
        stale: {
          address: '198.51.100.61',
          by: 'Pixel',
          at: '13:56',
          minutes: 60,
          here: '203.0.113.47',
          mine: true,
        },
      }}
    />
  ),
  'doors-several': () => <Doors {...open} doors={others} />,
  'doors-several-closed': () => (
    <Doors
      face={{ service: 'SFTP', door: 'files', label: 'Files' }}
      doors={others.map((door) => ({ ...door, chosen: door.name === 'files' }))}
    />
  ),
  homes: () => (
    <>
      <Doors />
      <HomesDrawer homes={sample.drawerHomes} current="attic" onHome={nothing} onClose={nothing} />
    </>
  ),
  settings: () => settings,
  devices: () => <Devices chosen="tablet" />,
  'devices-revoke': () => <Devices chosen="laptop" revoke />,
  activity: () => (
    <Shell
      screen="activity"
      homes={sample.homes('Open, 4:08 left')}
      current="attic"
      devices={3}
      above={strip}
    >
      <ActivityScreen
        days={days}
        filter="all"
        onFilter={nothing}
        more
        loading={false}
        onMore={nothing}
        onDay={nothing}
      />
    </Shell>
  ),
  'activity-empty': () => (
    <Shell
      screen="activity"
      homes={sample.homes('Closed')}
      current="attic"
      above={<Note words="Latchkey 0.2.0 is ready." act="Update" onAct={note('update')} />}
    >
      <ActivityScreen
        days={[]}
        filter="all"
        onFilter={nothing}
        more={false}
        loading={false}
        onMore={nothing}
        onDay={nothing}
      />
    </Shell>
  ),
  ...activityPictures,
  ...passwordPictures,
  ...banPictures,
  ...archivePictures,
  ...checkPictures,
  ...restorePictures,
};
