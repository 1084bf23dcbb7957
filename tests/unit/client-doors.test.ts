import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { showDoor, type Moment } from '../../lib/client/doors.ts';
import { doorStates, type DoorState } from '../../lib/door.ts';
import type { DoorView } from '../../lib/protocol/message.ts';

function door(state: DoorState, remainingMs?: number): DoorView {
  const own = { address: '203.0.113.47', mine: true, lengthMs: 300_000 };
  return {
    name: 'front',
    driver: 'nftables',
    state,
    endpoint: { port: 22 },
    choosesTime: true,
    extends: true,
    readsBack: true,
    defaultSeconds: 300,
    longestSeconds: 3600,
    openings: remainingMs === undefined ? [] : [{ ...own, remainingMs }],
    verifiedMs: 500,
  };
}
const seen = (value: DoorView, sentAt = 1000, heardAt = 1200) => ({ value, sentAt, heardAt });
const at = (now: number, more: Partial<Moment> = {}): Moment => ({ now, answering: true, ...more });

describe('what may be shown of a door', () => {
  it('counts from when the request was sent, not from when the answer came', () => {
    const shown = showDoor(seen(door('open', 60_000), 1000, 9000), at(11_000));
    expect(shown.state).toBe('open');
    expect(shown.own?.remainingMs).toBe(50_000);
    expect(shown.verifiedMs).toBe(10_500);
  });

  it('an answer after 10 s is unknown', () => {
    expect(showDoor(seen(door('open', 60_000), 1000, 11_001), at(11_002))).toMatchObject({
      standing: 'late',
      state: 'unknown',
      lastState: 'open',
    });
  });

  it('everything is unverified once hidden, until it was asked for again', () => {
    const moment = at(5000, { doubtedAt: 4000 });
    expect(showDoor(seen(door('open', 60_000)), moment)).toMatchObject({
      standing: 'doubted',
      state: 'unverified',
    });
    expect(showDoor(seen(door('closed')), moment)).toMatchObject({ standing: 'doubted', state: 'unknown' });
    // asked before it was hidden and answered after: the answer is as old as the question
    expect(showDoor(seen(door('closed'), 3999, 4500), moment).standing).toBe('doubted');
    expect(showDoor(seen(door('closed'), 4001, 4500), moment).state).toBe('closed');
  });

  it('a home that does not answer leaves the last known, with its age', () => {
    const shown = showDoor(seen(door('closed')), at(121_000, { answering: false }));
    expect(shown).toMatchObject({
      standing: 'silent',
      state: 'unknown',
      lastState: 'closed',
      ageMs: 120_000,
    });
  });

  it('a clock that runs out here does not close the door: it says ask', () => {
    const shown = showDoor(seen(door('open', 5000)), at(7000));
    expect(shown).toMatchObject({ state: 'unverified', due: true });
    expect(shown.own?.remainingMs).toBe(0);
    expect(showDoor(seen(door('connected', 5000)), at(7000))).toMatchObject({
      state: 'connected',
      due: true,
    });
  });

  it('another device’s opening is not this device’s', () => {
    const view: DoorView = {
      ...door('closed'),
      openings: [{ address: '198.51.100.23', mine: false, by: 'laptop', remainingMs: 9000 }],
    };
    const shown = showDoor(seen(view), at(2000));
    expect(shown.state).toBe('closed');
    expect(shown.own).toBeUndefined();
    expect(shown.others).toMatchObject([{ by: 'laptop', remainingMs: 8000 }]);
  });

  it('never says more than the home did', () => {
    const times = fc.nat(200_000);
    fc.assert(
      fc.property(
        fc.constantFrom(...doorStates),
        fc.option(times, { nil: undefined }),
        times,
        times,
        times,
        fc.boolean(),
        fc.option(times, { nil: undefined }),
        (state, remaining, sentAt, took, later, answering, doubtedAt) => {
          const heardAt = sentAt + took;
          const shown = showDoor(
            seen(door(state, remaining), sentAt, heardAt),
            at(heardAt + later, { answering, doubtedAt }),
          );
          expect([state, 'unknown', 'unverified']).toContain(shown.state);
          if (shown.state !== 'unknown' && shown.state !== 'unverified') {
            expect(took).toBeLessThanOrEqual(10_000);
            expect(answering).toBe(true);
            expect(doubtedAt === undefined || doubtedAt < sentAt).toBe(true);
          }
          expect(shown.own?.remainingMs ?? 0).toBeLessThanOrEqual(
            Math.max(0, (remaining ?? 0) - took - later),
          );
        },
      ),
    );
  });
});
