import { describe, expect, it } from 'vitest';
import { encodeOffer, offerLink, type Offer } from '../../lib/protocol/pairing.ts';
import { toBase64 } from '../../lib/protocol/bytes.ts';
import type { EventView } from '../../lib/protocol/message.ts';
import { settle } from './client/clock.ts';
import { relayAddress } from './client/world.ts';
import { page, type Page } from './state/page.ts';

async function loaded(paired = true): Promise<Page> {
  const made = page(paired);
  await settle();
  return made;
}

describe('reach', () => {
  it('tells asking, silent with its age and next try, offline, and answered', async () => {
    const made = await loaded();
    made.relay.down = 'relay-home-away';
    made.relay.cut();
    await made.clock.pass(30_000);
    const { reach } = made.homeState();
    expect(reach).toMatchObject({ state: 'silent', code: 'relay-home-away' });
    expect('agoMs' in reach && reach.agoMs).toBeGreaterThan(29_000);
    expect(made.dial()).toMatchObject({ phase: 'noAnswer', code: 'relay-home-away' });
    expect(made.entry().shown).toMatchObject({ state: 'unknown', lastState: 'closed' });
    made.network(false);
    await settle();
    expect(made.homeState().reach.state).toBe('offline');
    expect(made.dial().phase).toBe('offline');
    made.relay.down = undefined;
    made.network(true);
    await settle();
    expect(made.homeState().reach.state).toBe('answered');
    expect(made.dial().phase).toBe('closed');
  });

  it('a revoked device is told so, and its home stays in the list', async () => {
    const made = await loaded();
    for (const device of made.home.devices.values()) device.revoked = true;
    made.home.restart();
    made.relay.cut();
    await made.clock.pass(3000);
    expect(made.homeState().reach).toEqual({ state: 'refused', code: 'session-revoked' });
    expect(made.all().homes).toHaveLength(1);
    expect(made.vault.rows.size).toBe(1);
  });
});

describe('lists', () => {
  it('activity: loaded, added to as events come, and again after a lost connection', async () => {
    const made = await loaded();
    expect(made.homeState().activity.load.state).toBe('none');
    made.store.loadActivity();
    await settle();
    expect(made.homeState().activity).toMatchObject({ events: [], more: false, load: { state: 'ready' } });
    const event: EventView = { n: 7, at: 1, kind: 'opened', door: 'front' };
    made.home.push({ type: 'event', event });
    await settle();
    expect(made.homeState().activity.events).toEqual([event]);
    const before = made.home.requests.filter(({ type }) => type === 'activity').length;
    made.relay.cut();
    await made.clock.pass(1000);
    expect(made.home.requests.filter(({ type }) => type === 'activity')).toHaveLength(before + 1);
    expect(made.homeState().activity.events).toEqual([event]);
  });

  it('devices: a revocation that fails is said, with the device', async () => {
    const made = await loaded();
    made.store.loadDevices();
    await settle();
    expect(made.homeState().devices.load.state).toBe('ready');
    made.relay.toHome = () => [];
    made.store.revoke('A'.repeat(22));
    await settle();
    expect(made.homeState().devices.revoking).toBe('A'.repeat(22));
    await made.clock.pass(10_100);
    expect(made.homeState().devices.revokeFailed).toMatchObject({
      device: 'A'.repeat(22),
      code: 'relay-no-answer',
    });
  });
});

describe('pairing', () => {
  async function offered(confirm = true) {
    const made = await loaded(false);
    const offer = made.home.makeOffer([relayAddress], confirm);
    return { ...made, offer, link: offerLink(relayAddress, offer) };
  }

  it('checks the link as it comes', async () => {
    const { store, link, offer } = await offered();
    expect(store.checkLink(link)).toEqual({ ok: true, key: offer.home });
    expect(store.checkLink('https://example.org')).toEqual({ ok: false, code: 'pairing-malformed' });
    const elsewhere: Offer = { ...offer, relays: ['https://elsewhere.example'] };
    const other = `https://elsewhere.example/pair#${toBase64(encodeOffer(elsewhere))}`;
    expect(store.checkLink(other)).toEqual({ ok: false, code: 'pairing-other-relay' });
  });

  it('waits with the code that the home shows, then keeps the home and connects', async () => {
    const made = await offered();
    made.store.pair(made.link, 'phone');
    await settle();
    expect(made.all().pairing).toMatchObject({ step: 'waiting', home: 'attic', totalMs: 120_000 });
    const { pairing } = made.all();
    expect('code' in pairing && pairing.code).toBe(made.home.claimed?.code);
    expect(made.vault.rows.size).toBe(0);
    await made.clock.pass(5000);
    const later = made.all().pairing;
    expect('leftMs' in later && later.leftMs).toBeLessThanOrEqual(115_000);
    for (const device of made.home.devices.values()) device.confirmed = true;
    made.home.push({ type: 'paired', ok: true });
    await settle();
    expect(made.all().pairing).toMatchObject({ step: 'done', name: 'attic' });
    expect(made.vault.rows.size).toBe(1);
    expect(made.persisted()).toBe(1);
    expect(made.homeState()).toMatchObject({ name: 'attic', deviceName: 'phone' });
    expect(made.dial().phase).toBe('closed');
    made.store.pairDismiss();
    await settle();
    expect(made.all().pairing).toEqual({ step: 'none' });
  });

  it('refused: says why, and keeps nothing', async () => {
    const made = await offered();
    made.store.pair(made.link, 'phone');
    await settle();
    made.home.push({ type: 'paired', ok: false, code: 'pairing-refused' });
    await settle();
    expect(made.all().pairing).toEqual({ step: 'failed', code: 'pairing-refused', home: 'attic' });
    expect(made.vault.rows.size).toBe(0);
    expect(made.all().homes).toEqual([]);
  });

  it('they differ: forgets everything', async () => {
    const made = await offered();
    made.store.pair(made.link, 'phone');
    await settle();
    made.store.pairCancel();
    made.home.push({ type: 'paired', ok: true });
    await made.clock.pass(10_000);
    expect(made.all().pairing).toEqual({ step: 'none' });
    expect(made.vault.rows.size).toBe(0);
    expect(made.relay.open).toBe(0);
  });

  it('with storage refused it works, and says that it will not last', async () => {
    const made = await offered(false);
    made.vault.refuses = true;
    made.store.pair(made.link, 'phone');
    await settle();
    await settle();
    expect(made.all()).toMatchObject({ storageRefused: true, pairing: { step: 'done' } });
    expect(made.dial().phase).toBe('closed');
  });
});

describe('what is kept', () => {
  it('settings hold at once and are stored', async () => {
    const made = await loaded();
    made.store.set('seconds', 900);
    made.store.set('openBy', 'twice');
    await settle();
    expect(made.all().settings).toMatchObject({ seconds: 900, openBy: 'twice' });
    expect(made.vault.kept).toMatchObject({ seconds: 900, openBy: 'twice', theme: 'system' });
    expect(made.dial().seconds).toBe(900);
    made.store.setSeconds('front', 60);
    await settle();
    expect(made.dial().seconds).toBe(60);
  });

  it('the home that was shown last, and no other', async () => {
    const made = await loaded();
    const { id } = made.homeState();
    made.store.chooseHome('somebody else’s');
    await settle();
    expect(made.vault.kept?.home).toBeUndefined();
    expect(made.all().current).toBe(id);
    made.store.chooseHome(id);
    await settle();
    expect(made.vault.kept?.home).toBe(id);
  });

  it('what the home said last, for a page that opens without it: with its age, and never as the present', async () => {
    const before = await loaded();
    const { kept } = [...before.vault.rows.values()][0] ?? {};
    expect(kept?.doors).toMatchObject([{ name: 'front', state: 'closed' }]);
    const at = (kept?.at ?? 0) - 3_600_000;
    const doors = kept?.doors.map((door) => ({ ...door, state: 'open' as const })) ?? [];

    const made = page(true, { at, doors }, true);
    await settle();
    expect(made.dial().phase).toMatch(/^(asking|noAnswer)$/);
    expect(made.entry().shown).toMatchObject({ state: 'unverified', lastState: 'open' });
    await made.clock.pass(30_000);
    expect(made.dial()).toMatchObject({ phase: 'noAnswer', code: 'relay-home-away' });
    expect(made.entry().shown.ageMs).toBeGreaterThan(3_600_000);
    const { reach } = made.homeState();
    expect('agoMs' in reach && reach.agoMs).toBeGreaterThan(3_600_000);
    // nothing of it can be acted on
    made.store.armStart('front');
    made.store.release('front');
    await settle();
    expect(made.dial().phase).toBe('noAnswer');

    made.relay.down = undefined;
    await made.clock.pass(40_000);
    expect(made.dial().phase).toBe('closed');
    expect(made.entry().shown).toMatchObject({ state: 'closed', lastState: 'closed' });
  });

  it('a forgotten home is gone here, with its keys', async () => {
    const made = await loaded();
    made.store.forgetHome(made.homeState().id);
    await made.clock.pass(20_000);
    expect(made.all().homes).toEqual([]);
    expect(made.all().current).toBeUndefined();
    expect(made.vault.rows.size).toBe(0);
    expect(made.relay.open).toBe(0);
  });
});
