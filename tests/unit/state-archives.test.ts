import { describe, expect, it } from 'vitest';
import { settle } from './client/clock.ts';
import { archivePageOf, rowsOf } from './state/archive-home.ts';

async function opened(count = 120) {
  const made = await archivePageOf();
  made.room.rows = rowsOf(count);
  made.archives.open();
  await settle();
  return made;
}

const ofArchives = ['archives', 'archiveList', 'archive', 'restores', 'sending'] as const;

describe('archives are asked for by who opens them', () => {
  it('nothing of them is asked before, whatever the home tells', async () => {
    const made = await archivePageOf();
    await made.say();
    await made.clock.pass(60_000);
    expect(ofArchives.flatMap((type) => made.asked(type))).toEqual([]);
  });

  it('opening asks for totals, what is under way and the first page, each once', async () => {
    const made = await opened();
    expect(made.asked('archives')).toHaveLength(1);
    expect(made.asked('archiveList')).toEqual([
      { type: 'archiveList', active: true, limit: 50 },
      { type: 'archiveList', limit: 50 },
      // the screen after what is seen
      { type: 'archiveList', after: 'id0000049', limit: 50 },
    ]);
    expect(made.state().totals?.value.archives).toBe(120);
    expect(made.state().list).toMatchObject({ settling: false, more: true, count: 120 });
  });

  it('left, it asks nothing more', async () => {
    const made = await opened();
    made.archives.close();
    const before = made.home.requests.length;
    made.room.revision = 2;
    await made.say();
    made.archives.tick();
    await settle();
    expect(ofArchives.flatMap((type) => made.asked(type))).toHaveLength(
      made.home.requests
        .slice(0, before)
        .filter(({ type }) => (ofArchives as readonly string[]).includes(type)).length,
    );
  });
});

describe('the list', () => {
  it('comes page after page as it is looked at, whatever fits into one', async () => {
    const made = await archivePageOf();
    made.room.rows = rowsOf(300);
    made.room.fits = 17;
    made.archives.open();
    await settle();
    for (let at = 0; at < 300; at += 20) {
      made.archives.look(at, at + 20);
      for (let i = 0; i < 8; i++) await settle();
    }
    const { rows, more } = made.state().list;
    expect(rows.map(({ id }) => id)).toEqual(made.room.rows.map(({ id }) => id));
    expect(more).toBe(false);
    // each page once
    expect(made.asked('archiveList').length).toBe(1 + Math.ceil(300 / 17));
  });

  it('of a million is fetched as far as somebody looks', async () => {
    const made = await archivePageOf();
    made.room.rows = rowsOf(10_000);
    made.archives.open();
    await settle();
    made.archives.look(500, 520);
    for (let i = 0; i < 20; i++) await settle();
    expect(made.state().list.rows.length).toBeGreaterThanOrEqual(580);
    expect(made.state().list.rows.length).toBeLessThan(700);
  });

  it('searches as fast as the home answers: what is typed over is one question, and never shown', async () => {
    const made = await opened(300);
    const before = made.asked('archiveList').length;
    const held: (() => void)[] = [];
    made.home.hold = (send) => held.push(send);
    for (const search of ['P', 'Ph', 'Pho', 'Photos 1', 'Photos 12', 'Photos 123']) {
      made.archives.filter({ search });
      await settle();
    }
    expect(made.asked('archiveList').length - before).toBe(2);
    expect(made.state().list.settling).toBe(true);
    made.home.hold = undefined;
    // the answers come the wrong way round
    for (const send of held.reverse()) send();
    for (let i = 0; i < 4; i++) await settle();
    expect(made.state().list).toMatchObject({ settling: false, query: { search: 'Photos 123' }, count: 1 });
    expect(made.state().list.rows.map(({ name }) => name)).toEqual(['Photos 123']);
    expect(made.asked('archiveList').at(-1)).toMatchObject({ search: 'Photos 123' });
  });

  it('at another revision only what is looked at comes again', async () => {
    const made = await opened(400);
    made.archives.look(100, 120);
    for (let i = 0; i < 6; i++) await settle();
    const before = made.asked('archiveList').length;
    made.room.revision = 2;
    made.room.rows = made.room.rows.map((row, i) =>
      i === 110 ? { ...row, state: 'restoring' as const } : row,
    );
    await made.say();
    for (let i = 0; i < 6; i++) await settle();
    expect(made.state().list.rows[110]?.state).toBe('restoring');
    expect(made.state().active.said?.value.rows).toHaveLength(1);
    const again = made.asked('archiveList').slice(before);
    expect(again.filter((one) => 'active' in one)).toHaveLength(1);
    // rows 100 to 180, not the first hundred
    expect(again.filter((one) => !('active' in one) && !('after' in one))).toEqual([]);
    expect(again.length).toBeLessThanOrEqual(4);
  });

  it('a page that failed comes again by itself, and what was there stays', async () => {
    const made = await opened(300);
    made.room.fails = 'archives-busy';
    made.archives.look(100, 120);
    await settle();
    expect(made.state().list.load).toMatchObject({ state: 'failed', code: 'archives-busy' });
    expect(made.state().list.rows.length).toBeGreaterThan(40);
    made.room.fails = undefined;
    await made.clock.pass(6000);
    made.archives.tick();
    for (let i = 0; i < 6; i++) await settle();
    expect(made.state().list.rows.length).toBeGreaterThan(150);
  });
});

describe('what the home said', () => {
  it('is fresh while it answers, and never while it is silent or the page was hidden', async () => {
    const made = await opened();
    expect(made.archives.isFresh()).toBe(true);
    await made.clock.pass(10);
    made.show(false);
    expect(made.archives.isFresh()).toBe(false);
    made.show(true);
    await made.clock.pass(2000);
    made.archives.tick();
    await settle();
    expect(made.archives.isFresh()).toBe(true);
    made.relay.down = 'relay-home-away';
    made.relay.cut();
    await made.clock.pass(5000);
    expect(made.archives.isFresh()).toBe(false);
    expect(made.state().totals?.value.archives).toBe(120);
  });

  it('is asked again on a new link, once', async () => {
    const made = await opened();
    const before = made.asked('archives').length;
    made.relay.cut();
    await made.clock.pass(5000);
    expect(made.asked('archives').length - before).toBe(1);
    expect(made.archives.isFresh()).toBe(true);
  });

  it('one archive is asked for when it is chosen, again when something changed', async () => {
    const made = await opened();
    const [row] = made.state().list.rows;
    made.archives.choose(row);
    made.archives.choose(row);
    await settle();
    expect(made.asked('archive')).toHaveLength(1);
    expect(made.state().chosen?.said?.value.archive?.id).toBe(row?.id);
    made.room.revision = 2;
    await made.say();
    expect(made.asked('archive')).toHaveLength(2);
  });
});

describe('lists from AWS', () => {
  it('are asked for once, whatever is pressed meanwhile', async () => {
    const made = await opened();
    void made.archives.askInventory();
    void made.archives.askInventory();
    await settle();
    expect(made.asked('inventory')).toHaveLength(1);
    expect(made.state().inventory).toEqual({ step: 'asked', vaults: 1 });
  });

  it('a refusal is told with its code', async () => {
    const made = await opened();
    made.room.fails = 'refused-permission';
    await Promise.all([made.archives.askInventory('vaults/photos'), settle()]);
    expect(made.state().inventory).toEqual({ step: 'failed', code: 'refused-permission' });
  });
});
