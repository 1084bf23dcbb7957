import { describe, expect, it } from 'vitest';
import type { DialPhase } from '../../app/_state/types.ts';
import { settle } from './client/clock.ts';
import { page, type Page } from './state/page.ts';

/** Every phase that was shown, in order. */
function phases(shown: Page): DialPhase[] {
  const seen: DialPhase[] = [];
  shown.store.subscribe(() => {
    const phase = shown.all().homes[0]?.doors?.[0]?.dial.phase;
    if (phase !== undefined && seen.at(-1) !== phase) seen.push(phase);
  });
  return seen;
}

async function loaded(): Promise<Page> {
  const made = page();
  await settle();
  return made;
}

describe('a page', () => {
  it('loads its homes, connects, and shows the door as the home said', async () => {
    const made = page();
    expect(made.store.getServerSnapshot().loaded).toBe(false);
    await settle();
    expect(made.all()).toMatchObject({ loaded: true, storageRefused: false });
    expect(made.homeState()).toMatchObject({ name: 'attic', door: 'front', address: '203.0.113.47' });
    expect(made.homeState().reach.state).toBe('answered');
    expect(made.dial().phase).toBe('closed');
  });

  it('is the same snapshot until something changes', async () => {
    const made = await loaded();
    expect(made.store.getSnapshot()).toBe(made.store.getSnapshot());
    const before = made.store.getSnapshot();
    await made.clock.pass(1100);
    expect(made.store.getSnapshot()).not.toBe(before);
  });
});

describe('holding', () => {
  it('to the end opens the door: holding, sealing, knocking, open', async () => {
    const made = await loaded();
    const seen = phases(made);
    made.store.armStart('front');
    await settle();
    expect(made.home.requests.map(({ type }) => type)).toContain('arm');
    expect(made.home.opened).toEqual([]);
    await made.clock.pass(900);
    made.store.release('front');
    await settle();
    expect(seen.slice(0, 4)).toEqual(['holding', 'sealing', 'knocking', 'open']);
    expect(made.dial().steps.map(({ step }) => step)).toEqual([
      'sealed',
      'relayed',
      'received',
      'asked',
      'rule',
      'checked',
    ]);
    expect(made.dial()).toMatchObject({ address: '203.0.113.47', vouched: false, seconds: 300 });
    const asked = made.home.requests.find(({ type }) => type === 'open');
    expect(asked).toMatchObject({ seconds: 300 });
  });

  it('let go early sends nothing to the door', async () => {
    const made = await loaded();
    made.store.armStart('front');
    await settle();
    made.store.cancel('front');
    await made.clock.pass(20_000);
    expect(made.dial().phase).toBe('closed');
    expect(made.home.requests.filter(({ type }) => type === 'open')).toEqual([]);
    expect(made.home.opened).toEqual([]);
  });

  it('a second tap after 9 s proves the address anew', async () => {
    const made = await loaded();
    made.store.armStart('front');
    await made.clock.pass(9000);
    made.store.release('front');
    await settle();
    expect(made.home.requests.filter(({ type }) => type === 'arm')).toHaveLength(2);
    expect(made.dial().phase).toBe('open');
  });

  it('while open does nothing', async () => {
    const made = await loaded();
    made.store.release('front');
    await settle();
    made.store.armStart('front');
    made.store.release('front');
    await settle();
    expect(made.dial().phase).toBe('open');
    expect(made.home.opened).toHaveLength(1);
  });

  it('over a session that is gone by the end of the hold opens in the new one, once', async () => {
    const made = await loaded();
    made.store.armStart('front');
    await settle();
    made.home.restart();
    made.relay.cut();
    await made.clock.pass(900);
    made.store.release('front');
    await made.clock.pass(3000);
    expect(made.dial().phase).toBe('open');
    expect(made.home.opened).toHaveLength(1);
  });
});

describe('refused', () => {
  it('says why, how far it came, and that the door was never open', async () => {
    const made = await loaded();
    made.home.observerKey = new Uint8Array(32);
    made.store.release('front');
    await settle();
    expect(made.dial()).toMatchObject({
      phase: 'notOpened',
      code: 'refused-evidence',
      step: 'relayed',
      wasOpen: 'no',
    });
    expect(made.home.opened).toEqual([]);
    made.store.dismiss('front');
    await settle();
    expect(made.dial().phase).toBe('closed');
  });

  it('with the relay away: nothing was sent, and nothing is later', async () => {
    const made = await loaded();
    made.relay.down = 'relay-unreachable';
    made.store.armStart('front');
    made.relay.cut();
    await made.clock.pass(900);
    made.store.release('front');
    await made.clock.pass(500);
    expect(made.dial()).toMatchObject({ phase: 'notOpened', code: 'relay-unreachable', wasOpen: 'no' });
    expect(made.dial().step).toBeUndefined();
    made.relay.down = undefined;
    await made.clock.pass(60_000);
    expect(made.home.opened).toEqual([]);
  });
});

describe('no answer', () => {
  it('is not "not opened": the home is asked, and says open', async () => {
    const made = await loaded();
    const seen = phases(made);
    made.store.armStart('front');
    await settle();
    made.relay.toDevice = () => [];
    made.store.release('front');
    await made.clock.pass(10_100);
    expect(made.home.opened).toHaveLength(1);
    expect(made.dial()).toMatchObject({ phase: 'noAnswer', code: 'relay-no-answer' });
    made.relay.toDevice = (frame) => [frame];
    await made.clock.pass(30_000);
    expect(made.dial().phase).toBe('open');
    expect(seen).not.toContain('notOpened');
  });

  it('or says closed: then it was never open', async () => {
    const made = await loaded();
    made.store.armStart('front');
    await settle();
    made.relay.toHome = () => [];
    made.store.release('front');
    await made.clock.pass(10_100);
    expect(made.dial().phase).toBe('noAnswer');
    made.relay.toHome = (frame) => [frame];
    made.home.restart();
    await made.clock.pass(12_000);
    expect(made.dial()).toMatchObject({ phase: 'notOpened', code: 'relay-no-answer', wasOpen: 'no' });
    expect(made.home.opened).toEqual([]);
  });
});

describe('an open door', () => {
  async function open(): Promise<Page> {
    const made = await loaded();
    made.store.release('front');
    await settle();
    expect(made.dial().phase).toBe('open');
    return made;
  }

  it('counts down on the second’s edge, and is not called closed when the clock runs out here', async () => {
    const made = await open();
    await made.clock.pass(2000);
    const left = made.entry().shown.own?.remainingMs ?? 0;
    expect(left % 1000).toBeGreaterThan(990);
    const seen = phases(made);
    // the home says nothing new: its answers are held back
    made.relay.toHome = () => [];
    await made.clock.pass(9000);
    expect(made.dial().phase).toBe('open');
    await made.clock.pass(290_000);
    expect(seen).not.toContain('closed');
    expect(['noAnswer', 'asking']).toContain(made.dial().phase);
  });

  it('is asked about when its time is up, and closed when the home says so', async () => {
    const made = await open();
    await made.clock.pass(299_000);
    made.home.door = { ...made.home.door, state: 'closed', openings: [] };
    await made.clock.pass(4000);
    expect(made.dial().phase).toBe('closed');
  });

  it('is closed by the home, and by nothing else', async () => {
    const made = await open();
    const seen = phases(made);
    made.store.closeNow('front');
    await settle();
    expect(seen).toEqual(['closing', 'closed']);
    expect(made.home.door.state).toBe('closed');
  });

  it('that nobody confirms closed may still be open', async () => {
    const made = await open();
    made.relay.toHome = () => [];
    made.store.closeNow('front');
    await settle();
    expect(made.dial()).toMatchObject({ phase: 'closing', busy: 'closing' });
    await made.clock.pass(10_100);
    expect(made.dial()).toMatchObject({ phase: 'closeUnconfirmed', failed: { what: 'closing' } });
    made.relay.toHome = (frame) => [frame];
    await made.clock.pass(20_000);
    expect(made.dial().phase).toBe('open');
  });

  it('is lengthened by five minutes', async () => {
    const made = await open();
    await made.clock.pass(10_000);
    made.store.addFive('front');
    await settle();
    expect(made.home.requests.filter(({ type }) => type === 'open').at(-1)).toMatchObject({ seconds: 590 });
    expect(made.dial().busy).toBeUndefined();
  });

  it('stays unverified after the page was hidden, until the home was asked again', async () => {
    const made = await open();
    made.show(false);
    await settle();
    expect(made.dial().phase).toBe('asking');
    await made.clock.pass(60_000);
    made.relay.toDevice = () => [];
    made.show(true);
    await settle();
    expect(made.dial().phase).toBe('asking');
    expect(made.entry().shown).toMatchObject({ standing: 'doubted', state: 'unverified', lastState: 'open' });
    made.relay.toDevice = (frame) => [frame];
    await made.clock.pass(3000);
    expect(made.dial().phase).toBe('open');
  });

  it('and after the machine slept, though its clock did not see it', async () => {
    const made = await open();
    made.relay.toDevice = () => [];
    made.slept(3_600_000);
    await made.clock.pass(1001);
    expect(made.dial().phase).toBe('asking');
    made.relay.toDevice = (frame) => [frame];
    await made.clock.pass(4000);
    expect(made.dial().phase).toBe('open');
  });

  it('is what the newest question was answered, whatever comes last', async () => {
    const made = await open();
    made.store.loadChecks(); // or the page asks for them meanwhile
    await settle();
    const held: (() => void)[] = [];
    made.home.hold = (send) => held.push(send);
    made.home.door = { ...made.home.door, state: 'closed', openings: [] };
    await made.clock.pass(16_000); // the page asks by itself
    expect(held).toHaveLength(1);
    made.home.door = { ...made.home.door, state: 'connected', openings: [] };
    await made.clock.pass(10);
    made.store.askAgain('front');
    await settle();
    made.home.hold = undefined;
    for (const send of held.reverse()) send();
    await settle();
    expect(made.entry().shown.lastState).toBe('connected');
  });

  it('stopped before anything was sent is not asked for', async () => {
    const made = await loaded();
    const held: (() => void)[] = [];
    made.home.hold = (send) => held.push(send);
    made.store.release('front');
    await settle();
    expect(made.dial().phase).toBe('sealing');
    made.store.stop('front');
    made.home.hold = undefined;
    for (const send of held) send();
    await made.clock.pass(5000);
    expect(made.dial().phase).toBe('closed');
    expect(made.home.requests.filter(({ type }) => type === 'open' || type === 'close')).toEqual([]);
    expect(made.home.opened).toEqual([]);
  });

  it('stopped while knocking is closed', async () => {
    const made = await loaded();
    const held: (() => void)[] = [];
    made.home.hold = (send) => held.push(send);
    made.store.armStart('front');
    await settle();
    made.home.hold = undefined;
    for (const send of held.splice(0)) send();
    await settle();
    made.home.hold = (send) => held.push(send);
    made.store.release('front');
    await settle();
    made.store.stop('front');
    await settle();
    expect(made.dial().phase).toBe('closing');
    made.home.hold = undefined;
    for (const send of held.splice(0)) send();
    await settle();
    expect(made.dial().phase).toBe('closed');
    expect(made.home.door.state).toBe('closed');
  });
});

describe('what the home says', () => {
  const cases: [Parameters<typeof state>[0], DialPhase][] = [
    ['closed', 'closed'],
    ['opening', 'knocking'],
    ['open', 'open'],
    ['unverified', 'unchecked'],
    ['connected', 'connected'],
    ['closing', 'closing'],
    ['unconfirmed', 'closeUnconfirmed'],
    ['stale', 'stale'],
    ['unknown', 'noAnswer'],
  ];
  function state(name: Page['home']['door']['state'], remainingMs: number | undefined = 60_000) {
    const opening = { address: '203.0.113.47', mine: true, ...(remainingMs < 0 ? {} : { remainingMs }) };
    return { state: name, openings: name === 'closed' ? [] : [opening] };
  }

  it('is what the dial shows, word by word', async () => {
    const made = await loaded();
    for (const [said, phase] of cases) {
      made.home.door = { ...made.home.door, ...state(said) };
      made.home.push({ type: 'state', doors: [made.home.door] });
      await settle();
      expect([said, made.dial().phase]).toEqual([said, phase]);
    }
    made.home.door = { ...made.home.door, ...state('connected', -1) };
    made.home.push({ type: 'state', doors: [made.home.door] });
    await settle();
    expect(made.dial().phase).toBe('connectedTimeUp');
  });
});
