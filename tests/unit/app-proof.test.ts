import { describe, expect, it } from 'vitest';
import { proofOf } from '../../app/_live/proof-links.ts';
import { linkInWords } from '../../app/_ui/proof.tsx';
import { door, home } from './app-home.ts';
import type { DialState, DoorEntry } from '../../app/_state/types.ts';
import type { ShownOpening } from '../../lib/client/doors.ts';

const wall = Date.UTC(2026, 4, 12, 12, 0, 0);
const dial: DialState = {
  phase: 'open',
  seconds: 300,
  releasedAt: wall - 30_000,
  steps: [
    { step: 'sealed', atMs: 20 },
    { step: 'relayed', atMs: 140 },
    { step: 'asked', atMs: 200 },
    { step: 'rule', atMs: 300 },
    { step: 'checked', atMs: 310 },
  ],
};
const own: ShownOpening = {
  address: '203.0.113.47',
  mine: true,
  lengthMs: 300_000,
  remainingMs: 270_000,
  overdue: false,
  seen: false,
};
type Found = NonNullable<ShownOpening['proof']>;
const found: Found = {
  ruleMs: 5000,
  service: { state: 'listens', ms: 4000 },
  packet: { seen: false, ms: 500 },
  sessions: true,
};

function chain(opening: Partial<ShownOpening>, polls = false, others: readonly ShownOpening[] = []) {
  const entry: DoorEntry = {
    ...door,
    dial,
    shown: {
      ...door.shown,
      state: opening.session === undefined ? 'open' : 'connected',
      lastState: 'open',
      verifiedMs: 1000,
      own: { ...own, ...opening },
      others,
    },
  };
  return proofOf({ ...home, polls, doors: [entry] }, entry, 'phone', wall);
}
const states = ({ links }: ReturnType<typeof chain>) => links.map(({ id, state }) => `${id} ${state}`);
const way = ['sealed set', 'relayed set', 'asked set', 'checked set'];

describe('the chain of proof on the screen', () => {
  it('says only what somebody found: nothing is set before the home has looked', () => {
    expect(states(chain({ proof: { ruleMs: 100, sessions: true, packet: { seen: false, ms: 0 } } }))).toEqual(
      [...way, 'service now', 'packet wait', 'session wait'],
    );
  });
  it('the rule stays in words while the first packet is waited for', () => {
    const proof = chain({ proof: found });
    expect(states(proof)).toEqual([...way, 'service set', 'packet now', 'session wait']);
    const row = linkInWords(proof.links)?.row;
    expect(row).toMatchObject({ title: 'attic checked the rule is in place', green: true });
    expect(row?.sub).toMatch(/^\d\d:\d\d:\d\d\. Waiting for your first packet\.$/);
    expect(proof.lede).toBeUndefined();
  });
  it('then the packet, then who is in', () => {
    const packet = { seen: true, ms: 3000 };
    const through = (sessions: boolean) =>
      linkInWords(chain({ proof: { ...found, packet, sessions } }).links)?.row;
    expect(through(true)?.title).toBe('Your first packet came through');
    expect(through(true)?.sub).toMatch(/^\d\d:\d\d:\d\d\. Waiting for your session\.$/);
    // nobody waits for what will never be told
    expect(through(false)?.sub).toMatch(/^\d\d:\d\d:\d\d\.$/);
    const session = { user: 'marta', sinceMs: 2000 };
    const proof = chain({ proof: { ...found, packet }, session, seen: true });
    expect(states(proof)).toEqual([...way, 'service set', 'packet set', 'session set']);
    expect(linkInWords(proof.links)?.row).toMatchObject({
      title: 'marta, over SSH',
      address: '203.0.113.47',
    });
  });
  it('leaves out what nobody at this home can see, rather than a pin that is grey for ever', () => {
    const proof = chain({
      proof: { ruleMs: 60_000, service: { state: 'unknown', ms: 0 }, sessions: false },
    });
    expect(states(proof)).toEqual(way);
    expect(linkInWords(proof.links)?.row?.sub).toMatch(/^\d\d:\d\d:\d\d\.$/);
  });
  it('a service that is not there is the first thing said, with what it means', () => {
    for (const [state, title] of [
      ['silent', 'Nothing listens on port 22'],
      ['loopback', 'Port 22 listens for home alone'],
      ['family', 'Port 22 does not listen for IPv4'],
    ] as const) {
      const proof = chain({ proof: { ...found, ruleMs: 50_000, service: { state, ms: 0 } } });
      expect(linkInWords(proof.links)).toMatchObject({ id: 'service', state: 'stuck', title });
      expect(proof.lede).toBe('The door is open. Nobody waits behind it.');
      expect(proof.remedy).toContain('port 22');
    }
  });
  it('no packet for 20 s: asks whether SSH leaves elsewhere, in the words that fit', () => {
    const late = { proof: { ...found, ruleMs: 21_000 } };
    expect(states(chain(late))).toEqual([...way, 'service set', 'packet stuck', 'session wait']);
    expect(linkInWords(chain(late).links)?.title).toBe('No packet from 203.0.113.47 yet');
    expect(chain(late).remedy).toContain('ssh -4');
    expect(chain(late, true).remedy).toContain('a proxy speaks for it');
    const both = chain(late, false, [{ ...own, address: '2001:db8::7' }]);
    expect(both.remedy).toContain('A VPN, Private Relay or a jump host');
    // somebody else's opening says nothing of this device's other address
    const other = chain(late, false, [{ ...own, mine: false, address: '2001:db8::9' }]);
    expect(other.remedy).toContain('ssh -4');
  });
  it('packets and no session for 20 s more: the key or the name', () => {
    const proof = chain({ proof: { ...found, ruleMs: 60_000, packet: { seen: true, ms: 25_000 } } });
    expect(states(proof)).toEqual([...way, 'service set', 'packet set', 'session stuck']);
    expect(proof.lede).toBe('The door is open. Packets come, nobody has logged in.');
  });
  it('a session that is over is said to be', () => {
    const proof = chain({
      proof: { ...found, packet: { seen: true, ms: 9000 }, ended: { user: 'marta', ms: 1000 } },
    });
    expect(proof.links.at(-1)).toMatchObject({ id: 'session', title: 'Session over', who: 'marta was in' });
  });
});
