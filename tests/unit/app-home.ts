import type { DialState, DoorEntry, HomeState } from '../../app/_state/types.ts';

/** A home that answers, with one door that is closed: what tests of the views start from. */

export const dial: DialState = { phase: 'closed', steps: [], seconds: 300 };
export const door: DoorEntry = {
  name: 'ssh',
  dial,
  shown: {
    name: 'ssh',
    driver: 'nftables',
    endpoint: { host: 'attic.example.net', port: 22 },
    serves: 'ssh',
    choosesTime: true,
    extends: true,
    readsBack: true,
    defaultSeconds: 300,
    longestSeconds: 3600,
    state: 'closed',
    lastState: 'closed',
    standing: 'present',
    ageMs: 0,
    others: [],
    due: false,
  },
};
export const home: HomeState = {
  id: 'attic',
  name: 'attic',
  key: new Uint8Array(32),
  device: 'd',
  deviceName: 'Pixel',
  ownRelay: true,
  relay: 'relay.example.net',
  reach: { state: 'answered', agoMs: 0 },
  doors: [door],
  door: 'ssh',
  activity: { events: [], load: { state: 'none' }, more: false, days: [], settled: [] },
  devices: { devices: [], load: { state: 'none' } },
  checks: { checks: [], more: 0, load: { state: 'none' } },
  bans: {
    fresh: false,
    load: { state: 'none' },
    list: { query: {}, settling: true, pages: new Map(), load: { state: 'none' } },
    counts: { edges: [], load: { state: 'none' } },
    attacks: { load: { state: 'none' } },
  },
};
