import { describe, expect, it } from 'vitest';
import { capsFor, firstCap } from '../../app/_state/restore-caps.ts';
import { mostChosen } from '../../lib/protocol/restores.ts';
import { settle } from './client/clock.ts';
import { planOf, restoreOf, rowOf, sendingOf } from './restore-samples.ts';
import { photos, restoringHome } from './state/restore-home.ts';

const [first] = photos;
if (first === undefined) throw new Error('no sample');

async function planned() {
  const made = await restoringHome();
  made.restores.openPlan({ archives: photos });
  await settle();
  return made;
}

describe('what it would cost at least', () => {
  it('is asked when the archive is looked at, once, and AWS is asked nothing', async () => {
    const made = await restoringHome();
    made.restores.look(true);
    made.restores.offer(first);
    made.restores.offer({ ...first });
    await settle();
    expect(made.asked('restorePlan')).toEqual([
      { type: 'restorePlan', archives: [{ vault: 'vaults/photos', id: '2019' }] },
    ]);
    expect(made.state().offer).toMatchObject({ archive: first, said: { value: { plan: 'plan-1' } } });
    expect(made.room.started).toEqual([]);
    made.restores.offer();
    await settle();
    expect(made.state().offer).toBeUndefined();
  });

  it('a device that may not restore is told so', async () => {
    const made = await restoringHome();
    made.room.mayRestore = false;
    made.restores.offer(first);
    await settle();
    expect(made.state().offer?.load).toMatchObject({ state: 'failed', code: 'refused-permission' });
  });

  it('is asked again on a new line where there was no answer', async () => {
    const made = await restoringHome();
    made.restores.look(true);
    made.room.fails = 'tool-failed';
    made.restores.offer(first);
    await settle();
    made.room.fails = undefined;
    made.relay.cut();
    await made.clock.pass(5000);
    expect(made.state().offer?.said?.value.plan).toBe('plan-1');
  });
});

describe('choosing more', () => {
  it('goes in and out, and ends at what one plan may name', async () => {
    const made = await restoringHome();
    made.restores.choose(first);
    for (let i = 0; i < mostChosen + 5; i++) made.restores.toggle({ vault: '', id: `${i}`, name: '' });
    await settle();
    expect(made.state()).toMatchObject({ choosing: true });
    expect(made.state().chosen).toHaveLength(mostChosen);
    made.restores.toggle({ ...first });
    await settle();
    expect(made.state().chosen).toHaveLength(mostChosen - 1);
    made.restores.stopChoosing();
    await settle();
    expect(made.state()).toMatchObject({ choosing: false, chosen: [] });
    expect(made.home.requests.some(({ type }) => type === 'restorePlan')).toBe(false);
  });
});

describe('the plan', () => {
  it('begins with the cap for its size and the cheapest way; another cap asks again', async () => {
    const made = await planned();
    expect(made.asked('restorePlan')).toMatchObject([{ perDay: 200e9 }]);
    expect(made.state().plan).toMatchObject({ tier: 'Bulk', perDay: 200e9, ready: false });
    made.restores.setCap();
    await settle();
    expect(made.asked('restorePlan')[1]).not.toHaveProperty('perDay');
    expect(made.state().plan?.perDay).toBeUndefined();
    made.restores.setTier('Standard');
    await settle();
    expect(made.state().plan?.tier).toBe('Standard');
    // a way that is not offered is none
    made.restores.setTier('Expedited');
    await settle();
    expect(made.state().plan?.tier).toBe('Bulk');
  });

  it('of a vault names the vault alone', async () => {
    const made = await restoringHome();
    made.restores.openPlan({ vault: 'vaults/photos', name: 'photos', bytes: 5e9 });
    await settle();
    expect(made.asked('restorePlan')).toEqual([{ type: 'restorePlan', vault: 'vaults/photos' }]);
  });

  it('a wrong size wakes nothing and starts nothing', async () => {
    const made = await planned();
    for (const wrong of ['', '1.14', '1.14 GB', '1.41 TB', '1,14 TB', '1141 GB']) {
      made.restores.type(wrong);
      await settle();
      expect(made.state().plan?.ready, wrong).toBe(false);
      made.restores.start();
      await settle();
    }
    expect(made.asked('restoreStart')).toEqual([]);
    expect(made.room.started).toEqual([]);
  });

  it('starts with the size typed, spaces and case aside, and with the whole cost that was shown', async () => {
    const made = await planned();
    made.restores.look(true);
    made.restores.choose(first);
    made.restores.type(' 1.14tb ');
    await settle();
    expect(made.state().plan?.ready).toBe(true);
    made.restores.start();
    made.restores.start();
    await settle();
    expect(made.room.started).toMatchObject([
      { plan: 'plan-1', tier: 'Bulk', typed: ' 1.14tb ', cost: 105_540_000 },
    ]);
    expect(made.state()).toMatchObject({ started: 'restore-1', choosing: false, chosen: [] });
    expect(made.state().plan).toBeUndefined();
    expect(made.state().progress.said?.value.restore).toMatchObject({ restore: 'restore-1' });
    made.restores.leaveStarted();
    await settle();
    expect(made.state().started).toBeUndefined();
  });

  it('dearer by over 5 %: nothing is started, the new plan is looked at and typed again', async () => {
    const made = await planned();
    made.room.plan = planOf({ plan: 'plan-1', transfer: 112_690_000 });
    made.restores.type('1.14 TB');
    made.restores.start();
    await settle();
    expect(made.room.started).toEqual([]);
    expect(made.state().plan).toMatchObject({
      before: 105_540_000,
      failed: 'refused-cost',
      typed: '',
      ready: false,
      starting: false,
      said: { value: { transfer: 112_690_000 } },
    });
    made.restores.type('1.14 TB');
    made.restores.start();
    await settle();
    expect(made.room.started).toMatchObject([{ cost: 115_540_000 }]);
  });

  it('too old: the same', async () => {
    const made = await planned();
    made.room.plan = planOf({ plan: 'plan-2' });
    made.restores.type('1.14 TB');
    made.restores.start();
    await settle();
    expect(made.room.started).toEqual([]);
    expect(made.state().plan).toMatchObject({
      failed: 'refused-plan',
      typed: '',
      said: { value: { plan: 'plan-2' } },
    });
  });

  it('is not ready while the disk is short, nothing is left to get, or another plan is on its way', async () => {
    const made = await restoringHome();
    for (const change of [
      { disk: { need: 2_140e9, free: 1_920e9 } },
      { archives: 0 },
      { choices: [] },
    ] as const) {
      made.room.plan = planOf({ ...change, choices: 'choices' in change ? [] : planOf().choices });
      made.restores.openPlan({ archives: photos });
      await settle();
      made.restores.type('1.14 TB');
      await settle();
      expect(made.state().plan?.ready).toBe(false);
      made.restores.start();
    }
    made.room.plan = planOf();
    made.restores.openPlan({ archives: photos });
    await settle();
    made.restores.type('1.14 TB');
    const held: (() => void)[] = [];
    made.home.hold = (send) => held.push(send);
    made.restores.setCap(400e9);
    await settle();
    expect(made.state().plan).toMatchObject({ ready: false, load: { state: 'loading' } });
    made.restores.start();
    made.home.hold = undefined;
    held.forEach((send) => send());
    await settle();
    expect(made.asked('restoreStart')).toEqual([]);
    expect(made.state().plan).toMatchObject({ ready: true, perDay: 400e9 });
  });

  it('closed: nothing of it is left', async () => {
    const made = await planned();
    made.restores.type('1.14 TB');
    made.restores.closePlan();
    made.restores.start();
    await settle();
    expect(made.state().plan).toBeUndefined();
    expect(made.room.started).toEqual([]);
  });
});

describe('caps', () => {
  it('are a small number of nice ones, and none where they would change nothing', () => {
    expect(capsFor(1_141e9)).toEqual([100e9, 200e9, 400e9]);
    expect(capsFor(388e9)).toEqual([100e9, 200e9, 400e9]);
    expect(capsFor(18.2e9)).toEqual([1e9, 2e9, 4e9]);
    expect(capsFor(40e12)).toEqual([10e12, 20e12, 40e12]);
    expect(capsFor(640e6)).toEqual([]);
    expect(firstCap(1_141e9)).toBe(200e9);
    expect(firstCap(18.2e9)).toBeUndefined();
  });
});

describe('what is under way', () => {
  it('is asked only while somebody looks, on the home’s word and by itself', async () => {
    const made = await restoringHome();
    const questions = () => made.asked('restores').filter((one) => 'from' in one && one.from === 0);
    await made.say();
    await made.seconds(25);
    expect(questions()).toEqual([]);
    made.restores.look(true);
    await settle();
    expect(questions()).toHaveLength(1);
    made.room.restore = restoreOf();
    made.room.rows = [rowOf('2020', { state: 'downloading', down: 61e9 })];
    await made.say();
    expect(made.state().progress).toMatchObject({
      fresh: true,
      more: true,
      said: { value: { restore: { backBytes: 412e9 }, rows: [{ id: '2020' }] } },
    });
    const before = questions().length;
    await made.seconds(21);
    expect(questions()).toHaveLength(before + 1);
    made.restores.look(false);
    await made.say();
    await made.seconds(25);
    expect(questions()).toHaveLength(before + 1);
  });

  it('is the last known once the home does not answer, and keeps its age', async () => {
    const made = await restoringHome();
    made.room.restore = restoreOf();
    made.restores.look(true);
    await settle();
    made.relay.down = 'relay-home-away';
    made.relay.cut();
    await made.seconds(120);
    const { said, fresh } = made.state().progress;
    expect(fresh).toBe(false);
    expect(said?.value.restore?.restore).toBe('restore-1');
    expect(made.clock.now() - (said?.at ?? 0)).toBeGreaterThan(110_000);
    made.relay.down = undefined;
    await made.seconds(60);
    expect(made.state().progress.fresh).toBe(true);
  });

  it('fetches further rows where they are wanted, and shows none twice when rows move', async () => {
    const made = await restoringHome();
    made.room.restore = restoreOf({ archives: 60 });
    made.room.rows = Array.from({ length: 60 }, (_, i) => rowOf(`${i}`));
    made.restores.look(true);
    await settle();
    expect(made.state().progress).toMatchObject({ more: true });
    expect(made.state().progress.said?.value.rows).toHaveLength(24);
    made.restores.moreRows();
    made.restores.moreRows();
    await settle();
    const { rows } = made.state().progress.said?.value ?? { rows: [] };
    expect(rows).toHaveLength(60);
    expect(made.state().progress.more).toBe(false);
    // one goes to the end between the pages
    made.home.more = (request) => {
      const answer = made.room.answer(request);
      if (request.type === 'restores')
        made.room.rows = [...made.room.rows.slice(1), ...made.room.rows.slice(0, 1)];
      return answer;
    };
    await made.say();
    const seen = made.state().progress.said?.value.rows.map(({ id }) => id) ?? [];
    expect(new Set(seen).size).toBe(seen.length);
  });

  it('pauses, goes on and changes its cap; each is read back', async () => {
    const made = await restoringHome();
    made.room.restore = restoreOf();
    made.restores.look(true);
    await settle();
    made.restores.pause();
    await settle();
    expect(made.asked('restorePause')).toMatchObject([{ restore: 'restore-1' }]);
    expect(made.asked('restorePause')[0]).not.toHaveProperty('now');
    expect(made.state().progress.said?.value.restore?.status).toBe('paused');
    made.restores.goOn();
    await settle();
    expect(made.state().progress.said?.value.restore?.status).toBe('running');
    made.restores.pause(true);
    await settle();
    expect(made.asked('restorePause')[1]).toMatchObject({ now: true });
    made.restores.capRunning(400e9);
    await settle();
    expect(made.state().progress.said?.value.restore?.perDay).toBe(400e9);
    made.restores.capRunning();
    await settle();
    expect(made.state().progress.said?.value.restore?.perDay).toBeUndefined();
  });

  it('a refused pause says why, and nothing is another', async () => {
    const made = await restoringHome();
    made.room.restore = restoreOf();
    made.restores.look(true);
    await settle();
    made.home.more = (request) => {
      if (request.type === 'restorePause') made.room.fails = 'refused-permission';
      try {
        return made.room.answer(request);
      } finally {
        made.room.fails = undefined;
      }
    };
    made.restores.pause();
    await settle();
    expect(made.state().progress).toMatchObject({
      failed: { what: 'pause', code: 'refused-permission' },
      said: { value: { restore: { status: 'running' } } },
    });
  });

  it('a home that cannot say is asked seldom', async () => {
    const made = await restoringHome();
    made.room.fails = 'tool-unsupported';
    made.restores.look(true);
    await made.seconds(10);
    expect(made.asked('restores')).toHaveLength(1);
    expect(made.state().progress.load).toMatchObject({ state: 'failed', code: 'tool-unsupported' });
  });
});

describe('what is being sent', () => {
  it('is asked with the rest, and pauses', async () => {
    const made = await restoringHome();
    made.room.sending = sendingOf();
    made.restores.look(true);
    await settle();
    expect(made.state().sending).toMatchObject({ fresh: true, said: { value: { sending: { files: 6 } } } });
    made.restores.pauseSending();
    await settle();
    expect(made.asked('sendingPause')).toHaveLength(1);
    expect(made.state().sending).toMatchObject({
      pausing: false,
      said: { value: { sending: { pausing: true } } },
    });
  });
});
