import { describe, expect, it } from 'vitest';
import type { CheckResult } from '../../lib/checks.ts';
import { settle } from './client/clock.ts';
import { page, type Page } from './state/page.ts';

const hour = 3_600_000;

async function answering(checks: readonly CheckResult[] = [], paired = page()): Promise<Page> {
  paired.home.checks = [...checks];
  await settle();
  return paired;
}
const asked = ({ home }: Page) => home.requests.filter(({ type }) => type === 'checks').length;
const finding = (code: CheckResult['code']): CheckResult => ({ code, state: 'finding' });

describe('the sign that there are findings', () => {
  it('the home is asked once, past the first moments, and again after an hour', async () => {
    const made = await answering([finding('second-way'), { code: 'clock', state: 'ok' }]);
    expect(made.homeState().checks.found).toBeUndefined();
    await made.clock.pass(4000);
    expect(asked(made)).toBe(0);
    await made.clock.pass(3000);
    expect(asked(made)).toBe(1);
    expect(made.homeState().checks.found).toHaveLength(1);
    made.relay.cut();
    await made.clock.pass(60_000);
    expect(asked(made)).toBe(1);
    await made.clock.pass(hour);
    expect(asked(made)).toBe(2);
  });

  it('not while nobody looks at the page', async () => {
    const made = await answering();
    made.show(false);
    await made.clock.pass(2 * hour);
    expect(asked(made)).toBe(0);
  });

  it('a page that opens within the hour shows what was said, and does not ask', async () => {
    const made = await answering([finding('second-way')]);
    await made.clock.pass(7000);
    const [row] = [...made.vault.rows.values()];
    expect(row?.notes?.findings).toMatchObject([{ key: 'second-way', seen: false }]);
    const next = page(true, undefined, false, row?.notes);
    await answering([], next);
    expect(next.homeState().checks.found).toHaveLength(1);
    await next.clock.pass(60_000);
    expect(asked(next)).toBe(0);
    next.store.loadChecks();
    await settle();
    expect(asked(next)).toBe(1);
    expect(next.homeState().checks.found).toHaveLength(0);
  });

  it('a finding that a person saw is no news, and is again when it was gone', async () => {
    const made = await answering([finding('second-way')]);
    const found = async () => {
      made.store.loadChecks();
      await settle();
      return made.homeState().checks.found?.map(({ seen }) => seen);
    };
    expect(await found()).toEqual([false]);
    made.store.sawChecks();
    expect(await found()).toEqual([true]);
    made.home.checks = [];
    expect(await found()).toEqual([]);
    made.home.checks = [finding('second-way')];
    expect(await found()).toEqual([false]);
  });
});
