import { describe, expect, it } from 'vitest';
import { keysFrom, newSecretKeys } from '../../lib/client/keys.ts';
import { readHomeRecord } from '../../lib/client/home-record.ts';
import { checkLink, pair, type Pairing, type PairingWait } from '../../lib/client/pair.ts';
import type { LatchkeyError } from '../../lib/errors.ts';
import { encodeFrame } from '../../lib/protocol/frame.ts';
import { toBase64 } from '../../lib/protocol/bytes.ts';
import { offerLink, type Offer } from '../../lib/protocol/pairing.ts';
import { HandClock, settle } from './client/clock.ts';
import { MemoryHome } from './client/home.ts';
import { MemoryRelay, random } from './client/relay.ts';
import { relayAddress, world } from './client/world.ts';

interface Run {
  readonly pairing: Pairing;
  readonly code: Promise<unknown>;
  readonly waits: PairingWait[];
  readonly key: Uint8Array;
}

function setting(confirm = true) {
  const home = new MemoryHome();
  const relay = new MemoryRelay(home);
  const clock = new HandClock();
  const offer = home.makeOffer([relayAddress], confirm);
  const start = (name = 'phone', given: Offer = offer): Run => {
    const waits: PairingWait[] = [];
    const keys = keysFrom(newSecretKeys(random));
    const pairing = pair({
      link: checkLink(offerLink(relayAddress, given)),
      name,
      keys,
      dial: relay.dial,
      random,
      clock,
      waiting: (wait) => waits.push(wait),
    });
    const code = pairing.done.then(
      () => 'paired',
      (error: LatchkeyError) => error.code,
    );
    return { pairing, code, waits, key: keys.publicKey };
  };
  const answer = (yes: boolean): void => {
    for (const device of home.devices.values()) device.confirmed ||= yes;
    home.push({ type: 'paired', ok: yes, ...(yes ? {} : { code: 'pairing-refused' }) });
  };
  return { home, relay, clock, offer, start, answer };
}

describe('pairing', () => {
  it('shows the same code on both sides, and waits for the home', async () => {
    const { home, start, answer } = setting();
    const run = start();
    await settle();
    expect(run.waits).toHaveLength(1);
    expect(run.waits[0]?.code).toMatch(/^[0-9A-HJKMNP-TV-Z]{4}(-[0-9A-HJKMNP-TV-Z]{4}){2}$/);
    expect(run.waits[0]?.code).toBe(home.claimed?.code);
    answer(true);
    const record = readHomeRecord(await run.pairing.done);
    expect(record).toMatchObject({ name: 'attic', deviceName: 'phone', relays: [relayAddress] });
    expect(home.devices.get(toBase64(run.key))?.id).toBe(record.device);
  });

  it('asks nobody where the home does not', async () => {
    const { start } = setting(false);
    const run = start();
    await settle();
    expect(await run.code).toBe('paired');
    expect(run.waits).toEqual([]);
  });

  it('a second claim is refused, and the first goes on', async () => {
    const { home, start, answer } = setting();
    const first = start('thief');
    await settle();
    const second = start('phone');
    await settle();
    expect(await second.code).toBe('pairing-used');
    expect(second.waits).toEqual([]);
    expect(home.secondClaims).toBe(1);
    expect(home.devices.size).toBe(1);
    // what the home shows is the thief's code: the phone showed none
    expect(first.waits[0]?.code).toBe(home.claimed?.code);
    answer(false);
    expect(await first.code).toBe('pairing-refused');
  });

  it('an offer with another secret gets nothing, not even admission', async () => {
    const { home, start, offer, clock } = setting();
    const run = start('phone', { ...offer, secret: random(16) });
    await settle();
    await clock.pass(1);
    expect(await run.code).toBe('relay-not-admitted');
    expect(home.devices.size).toBe(0);
  });

  it('nor does a link whose offer is over', async () => {
    const { home, start, clock } = setting();
    home.offer = undefined;
    const run = start();
    await settle();
    await clock.pass(1);
    expect(await run.code).toBe('relay-not-admitted');
    expect(run.waits).toEqual([]);
    expect(home.devices.size).toBe(0);
  });

  it('nobody answers: says so when the home’s time is over', async () => {
    const { start, clock, relay } = setting();
    const run = start();
    await clock.pass(119_000);
    expect(run.waits).toHaveLength(1);
    await clock.pass(1_001);
    expect(await run.code).toBe('pairing-unanswered');
    expect(relay.open).toBe(0);
  });

  it('goes on waiting over a lost socket, with the same code, and learns what was said meanwhile', async () => {
    const { home, start, relay, clock } = setting();
    const run = start();
    await settle();
    relay.cut();
    for (const device of home.devices.values()) device.confirmed = true;
    await clock.pass(600);
    expect(await run.code).toBe('paired');
    expect(run.waits).toHaveLength(1);
    expect(home.secondClaims).toBe(0);
  });

  it('and by its own key, once the offer’s is no longer admitted', async () => {
    const { home, start, relay, clock } = setting();
    const run = start();
    await settle();
    for (const device of home.devices.values()) device.confirmed = true;
    home.offer = undefined;
    home.restart();
    relay.cut();
    await clock.pass(5000);
    expect(await run.code).toBe('paired');
  });

  it('an unsealed no is not believed', async () => {
    const { start, relay, answer, clock } = setting();
    const run = start();
    await settle();
    relay.inject(encodeFrame({ kind: 'gone', code: 'pairing-refused' }));
    await clock.pass(600);
    await settle();
    answer(true);
    await settle();
    expect(await run.code).toBe('paired');
  });

  it('stopped here: forgets, and sends nothing more', async () => {
    const { start, relay, clock } = setting();
    const run = start();
    await settle();
    run.pairing.cancel();
    const { dials } = relay;
    relay.sent.length = 0;
    await clock.pass(120_000);
    expect(await run.code).toBe('pairing-refused');
    expect(relay.dials).toBe(dials);
    expect(relay.sent).toEqual([]);
  });
});

describe('a link', () => {
  const { home } = world();
  const offer = home.makeOffer(
    ['https://relay.example', 'http://localhost:7444', 'https://[2001:db8::7]:7443'],
    true,
  );

  it('is for the page of its own relay only', () => {
    const link = offerLink('https://relay.example', offer);
    expect(checkLink(link, 'https://relay.example').relays).toEqual(['https://relay.example']);
    expect(() => checkLink(link, 'https://elsewhere.example')).toThrow('pairing-other-relay');
  });

  it('gives a terminal its own relay first, and no plain HTTP of another machine', () => {
    expect(checkLink(offerLink('https://[2001:db8::7]:7443', offer)).relays).toEqual([
      'https://[2001:db8::7]:7443',
      'https://relay.example',
    ]);
    expect(() => checkLink(offerLink('https://elsewhere.example', offer))).toThrow('pairing-other-relay');
  });
});
