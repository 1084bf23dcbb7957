import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { banKey, type Ban } from '../../lib/ban.ts';
import { Ledger, type Page } from '../../server/bans/ledger.ts';
import { count } from '../counts.ts';

const ban = (value: string, more: Partial<Ban> = {}): Ban => ({ source: 'f', jail: 'j', value, ...more });

/** Somebody who keeps what the ledger says, as the home agent does. */
class Owner {
  readonly #ledger: Ledger;
  readonly bans = new Map<string, Ban>();
  #cursor = '';
  resets = 0;

  constructor(ledger: Ledger) {
    this.#ledger = ledger;
  }

  /** One question; true where more is to be asked at once. */
  ask(): boolean {
    const page: Page = this.#ledger.since(this.#cursor);
    this.#cursor = page.cursor;
    if (page.reset) {
      this.resets++;
      this.bans.clear();
    }
    expect(page.changes.length).toBeLessThanOrEqual(2000);
    for (const { gone, ...one } of page.changes) {
      if (gone) this.bans.delete(banKey(one));
      else this.bans.set(banKey(one), one);
    }
    return page.more === true;
  }

  askAll(): void {
    while (this.ask());
  }
}

test('who asks again and again knows every ban and no other, whatever comes between', () => {
  const step = fc.oneof(
    fc.record({ kind: fc.constant('put'), value: fc.nat(30), until: fc.constantFrom(1, 100_000, 200_000) }),
    fc.record({ kind: fc.constant('remove'), value: fc.nat(30) }),
    fc.constant({ kind: 'ask' }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const ledger = new Ledger('b1');
      const truth = new Map<string, Ban>();
      const owner = new Owner(ledger);
      owner.askAll();
      for (const one of steps) {
        const value =
          'value' in one ? ban(String(one.value), 'until' in one ? { until: one.until } : {}) : ban('');
        if (one.kind === 'put') {
          ledger.put(value);
          truth.set(banKey(value), value);
        } else if (one.kind === 'remove') {
          ledger.remove(value);
          truth.delete(banKey(value));
        } else owner.askAll();
      }
      owner.askAll();
      expect(owner.bans).toEqual(truth);
      expect(ledger.size).toBe(truth.size);
      expect(owner.resets).toBe(1);
    }),
    { numRuns: count(200, 20_000) },
  );
});

describe('100,000 bans', () => {
  test('come in pages, and what changes while they come is right in the end', () => {
    const ledger = new Ledger('b1');
    for (let i = 0; i < 100_000; i++) ledger.put(ban(String(i)));
    const owner = new Owner(ledger);
    let pages = 0;
    for (let more = true; more; pages++) {
      more = owner.ask();
      ledger.remove(ban(String(pages * 1000)));
      ledger.put(ban(String(pages * 777), { until: 1e9 + pages * 1e6 }));
    }
    owner.askAll();
    expect(pages).toBeGreaterThanOrEqual(50);
    expect(owner.bans.size).toBe(ledger.size);
    expect(owner.resets).toBe(1);
  });

  test('gone for long and forgotten: who began before begins anew, who began after need not', () => {
    const ledger = new Ledger('b1');
    const churn = () => {
      for (let i = 0; i < 60_000; i++) {
        ledger.put(ban(`c${i}`));
        ledger.remove(ban(`c${i}`));
      }
    };
    ledger.put(ban('stays'));
    const early = new Owner(ledger);
    early.askAll();
    churn();
    for (let i = 0; i < 5000; i++) ledger.put(ban(String(i)));
    const late = new Owner(ledger);
    late.ask();
    early.askAll();
    expect(early.resets).toBe(2);
    late.askAll();
    expect(late.resets).toBe(1);
    for (const { bans } of [early, late]) expect(bans.size).toBe(5001);
    // In the middle of its pages, all that it was not told yet is gone and forgotten.
    const middle = new Owner(ledger);
    middle.ask();
    for (let i = 0; i < 5000; i++) ledger.remove(ban(String(i)));
    churn();
    middle.askAll();
    expect([...middle.bans.values()]).toEqual([ban('stays')]);
  });
});

test.each(['', 'x', 'b2.0.0', 'b1.5.0', 'b1.0.5', 'b1.-1.0', 'b1.0.0.0', 'b1.9999999999999999.0'])(
  'the cursor %j begins anew',
  (cursor) => {
    const ledger = new Ledger('b1');
    ledger.put(ban('1'));
    expect(ledger.since(cursor)).toMatchObject({ reset: true, changes: [ban('1')] });
  },
);

test('a time that is told anew each time and differs by a moment is no change', () => {
  const ledger = new Ledger('b1');
  ledger.put(ban('1', { until: 100_000 }));
  const { cursor } = ledger.since('');
  ledger.put(ban('1', { until: 100_900 }));
  expect(ledger.since(cursor).changes).toEqual([]);
  ledger.put(ban('1', { until: 160_000 }));
  expect(ledger.since(cursor).changes).toEqual([ban('1', { until: 160_000 })]);
  ledger.put(ban('1', { permanent: true }));
  expect(ledger.since(cursor).changes).toEqual([ban('1', { permanent: true })]);
});
