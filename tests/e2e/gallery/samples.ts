import type { DoorFace, HomeHead, Length, ProofLink } from '../../../app/_ui/types.ts';

/** Facts for pictures, the same as in the design's. No product code imports this. */

// First bytes cut the key: 1 3 0 2 4 1.
export const atticKey = Uint8Array.from({ length: 32 }, (_, i) => [1, 3, 0, 2, 4, 1][i] ?? 0);
const workshopKey = Uint8Array.from({ length: 32 }, (_, i) => [3, 0, 2, 1, 0, 4][i] ?? 0);
const cabinKey = Uint8Array.from({ length: 32 }, (_, i) => [2, 4, 1, 0, 3, 2][i] ?? 0);

export function homes(state: string, line = 'Answered 2 s ago'): HomeHead[] {
  return [
    {
      id: 'attic',
      name: 'attic',
      key: atticKey,
      line,
      state,
      since: line.charAt(0).toLowerCase() + line.slice(1),
      open: state.startsWith('Open'),
    },
    {
      id: 'workshop',
      name: 'workshop',
      key: workshopKey,
      line: 'Answered 1 min ago',
      state: 'Closed',
      since: 'answered 1 min ago',
      open: false,
    },
    {
      id: 'cabin',
      name: 'cabin',
      key: cabinKey,
      line: 'No answer for 38 min',
      state: 'No answer',
      since: 'for 38 min',
      open: false,
    },
  ];
}

/** One of each kind: closed, open, away. */
export const drawerHomes: HomeHead[] = homes('Closed').map((home) =>
  home.id === 'workshop' ? { ...home, state: 'Open, 2:40 left', open: true } : home,
);

const lengths: Length[] = [
  { seconds: 60, words: '1 min' },
  { seconds: 300, words: '5' },
  { seconds: 900, words: '15' },
  { seconds: 3600, words: '60' },
];

export const face: DoorFace = {
  phase: 'closed',
  home: 'attic',
  place: 'phone',
  service: 'SSH',
  door: 'ssh',
  address: '203.0.113.47',
  notBanned: true,
  seconds: 300,
  lengths,
  vouched: false,
  canAdd: true,
  addSeconds: 300,
  steps: [],
  links: [],
  command: { text: 'ssh attic.example.net', href: 'ssh://attic.example.net' },
};

export const vouchedLengths: Length[] = [
  { seconds: 60, words: '1 min' },
  { seconds: 120, words: '2' },
  { seconds: 300, words: '5' },
];

const sealed: ProofLink = {
  id: 'sealed',
  state: 'set',
  title: 'Sealed',
  who: 'On this phone',
  when: '0.02 s',
};
const relayed: ProofLink = {
  id: 'relayed',
  state: 'set',
  title: 'Relayed',
  who: 'relay.example.net',
  when: '0.14 s',
  mono: true,
};
const knocks: ProofLink = {
  id: 'asked',
  state: 'set',
  title: 'Three knocks',
  who: 'knockd heard all three',
  when: '0.96 s',
};
const service: ProofLink = {
  id: 'service',
  state: 'set',
  title: 'Port 22 listens',
  who: 'attic found a program there',
  when: '14:32:09',
};
const packet: ProofLink = {
  id: 'packet',
  state: 'set',
  title: 'First packet seen',
  who: 'From 203.0.113.47',
  address: '203.0.113.47',
  when: '14:33:01',
};
const session: ProofLink = {
  id: 'session',
  state: 'wait',
  title: 'Waiting for your session',
  who: 'Not yet',
};

const checked: ProofLink = {
  id: 'checked',
  state: 'set',
  title: 'Rule in place, 4:12 left',
  who: 'attic read it back 2 s ago',
  when: '14:32:08',
};
const row = {
  title: 'attic checked the rule is in place',
  sub: '14:32:08. Waiting for your first packet.',
  green: true,
};

export const openLinks: ProofLink[] = [
  sealed,
  relayed,
  knocks,
  { ...checked, row },
  { ...service, row },
  { ...packet, state: 'now', title: 'Waiting for your first packet', when: '' },
  session,
];
export const noPacketLinks: ProofLink[] = [
  ...openLinks.slice(0, 5),
  {
    ...packet,
    state: 'stuck',
    title: 'No packet from 203.0.113.47 yet',
    who: 'Is SSH leaving by another address?',
    when: '',
  },
  session,
];
export const silentLinks: ProofLink[] = [
  sealed,
  relayed,
  knocks,
  { ...checked, row },
  {
    ...service,
    state: 'stuck',
    title: 'Nothing listens on port 22',
    who: 'Is the service running?',
    when: '',
  },
  { ...packet, state: 'wait', title: 'Waiting for your first packet', when: '' },
  session,
];
export const connectedLinks: ProofLink[] = [
  sealed,
  relayed,
  knocks,
  {
    id: 'checked',
    state: 'set',
    title: 'Rule in place, 3:05 left',
    who: 'attic read it back 2 s ago',
    when: '14:32:08',
  },
  service,
  packet,
  {
    id: 'session',
    state: 'set',
    title: 'Session up',
    who: 'marta, since 14:33',
    when: '14:33:02',
    row: { title: 'marta, over SSH', address: '203.0.113.47', sub: ', since 14:33:02' },
  },
];
export const uncheckedLinks: ProofLink[] = [
  sealed,
  relayed,
  knocks,
  {
    id: 'checked',
    state: 'stuck',
    title: 'attic cannot read this rule back',
    who: 'knockd says it ran. That is all attic knows.',
  },
];
export const knockingLinks: ProofLink[] = [
  sealed,
  relayed,
  { id: 'asked', state: 'now', title: 'Knock 2 of 3', who: 'attic' },
  { id: 'checked', state: 'wait', title: 'Rule in place', who: 'Not yet' },
];
