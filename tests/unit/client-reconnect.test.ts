import { expect, it } from 'vitest';
import type { LatchkeyError } from '../../lib/errors.ts';
import { decodeFrame, encodeFrame } from '../../lib/protocol/frame.ts';
import { settle } from './client/clock.ts';
import { world } from './client/world.ts';

const kinds = (frames: readonly Uint8Array[]): string[] => frames.map((frame) => decodeFrame(frame).kind);
const code = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => 'done',
    (error: LatchkeyError) => error.code,
  );

it('a session outlives its socket: no second handshake, and the home knows where to answer', async () => {
  const { client, relay, clock, home } = world();
  const device = client();
  await device.connect();
  relay.sent.length = 0;
  relay.cut();
  expect(device.state.phase).toBe('waiting');
  await clock.pass(600);
  await settle();
  expect(device.state.phase).toBe('ready');
  expect(kinds(relay.sent)).toEqual(['sealed']);
  expect(home.sessions.size).toBe(1);
  expect((await device.doors()).value).toHaveLength(1);
});

it('is told that the network is back, and does not wait', async () => {
  const { client, relay } = world();
  const device = client();
  await device.connect();
  relay.down = 'relay-unreachable';
  relay.cut();
  relay.down = undefined;
  device.networkBack();
  await settle();
  expect(device.state.phase).toBe('ready');
});

it('a request that was under way goes out again with the same id, and the door opens once', async () => {
  const { client, relay, clock, home } = world();
  const device = client();
  await device.connect();
  const armed = await device.arm('front');
  // the home acts, its answer is lost with the socket
  relay.toDevice = () => [];
  const opening = device.release(armed);
  await settle();
  expect(home.opened).toHaveLength(1);
  relay.toDevice = (frame) => [frame];
  relay.cut();
  await clock.pass(600);
  const opened = await opening;
  expect(opened.value.door.state).toBe('open');
  const ids = home.requests
    .filter(({ type }) => type === 'open')
    .map((request) => 'id' in request && request.id);
  expect(ids).toHaveLength(2);
  expect(new Set(ids).size).toBe(1);
  expect(home.opened).toHaveLength(1);
});

it('also in a new session, after the home agent has restarted', async () => {
  const { client, relay, clock, home } = world();
  const device = client();
  await device.connect();
  const armed = await device.arm('front');
  relay.toDevice = () => [];
  const opening = device.release(armed);
  await settle();
  home.restart();
  relay.toDevice = (frame) => [frame];
  relay.cut();
  await clock.pass(600);
  await settle();
  expect((await opening).value.address).toBe('203.0.113.47');
  expect(home.opened).toHaveLength(1);
});

it('the age of an answer counts from the frame that it answers', async () => {
  const { client, relay, clock } = world();
  const device = client();
  await device.connect();
  relay.toHome = () => [];
  const asked = device.doors();
  await settle();
  const first = clock.now();
  await clock.pass(3000);
  relay.toHome = (frame) => [frame];
  relay.cut();
  await clock.pass(600);
  const seen = await asked;
  expect(seen.sentAt).toBeGreaterThan(first + 2999);
});

it('gone: only a new handshake', async () => {
  const { client, relay, home } = world();
  const device = client();
  await device.connect();
  relay.sent.length = 0;
  relay.inject(encodeFrame({ kind: 'gone', code: 'session-none' }));
  await settle();
  expect(kinds(relay.sent)).toEqual(['hello', 'initiate']);
  expect(device.state.phase).toBe('ready');
  expect((await device.doors()).value).toHaveLength(1);
  expect(home.sessions.size).toBe(2);
});

it('a relay that says gone all the time costs one handshake a link, not one a word', async () => {
  const { client, relay, clock } = world();
  const device = client();
  await device.connect();
  relay.sent.length = 0;
  for (let i = 0; i < 50; i++) relay.inject(encodeFrame({ kind: 'gone', code: 'session-none' }));
  await settle();
  expect(kinds(relay.sent).filter((kind) => kind === 'hello').length).toBeLessThanOrEqual(2);
  await clock.pass(60_000);
  expect(relay.dials).toBeLessThan(5);
});

it('an unsealed word about this device is not believed', async () => {
  const { client, relay, clock } = world();
  const device = client();
  await device.connect();
  for (const forged of ['session-revoked', 'session-unknown-device', 'pairing-refused'] as const) {
    relay.inject(encodeFrame({ kind: 'gone', code: forged }));
    await settle();
    expect(device.state).toMatchObject({ phase: 'waiting', code: 'relay-unreachable' });
    await clock.pass(20_000);
    expect(device.state.phase).toBe('ready');
  }
});

it('no answer in 10 s: says so, forgets the request, and gives the link up', async () => {
  const { client, relay, clock, home } = world();
  const device = client();
  await device.connect();
  relay.toDevice = () => [];
  const asked = code(device.inspect('front'));
  await clock.pass(9_999);
  const dials = relay.dials;
  await clock.pass(2);
  expect(await asked).toBe('relay-no-answer');
  await clock.pass(1000);
  expect(relay.dials).toBeGreaterThan(dials);
  expect(home.requests.filter(({ type }) => type === 'inspect')).toHaveLength(1);
});

it('an answer that was found on waking is as late as one that came late', async () => {
  const { client, relay, clock } = world();
  const device = client();
  await device.connect();
  let held: Uint8Array | undefined;
  relay.toDevice = (frame) => {
    held = frame;
    return [];
  };
  const asked = code(device.inspect('front'));
  await settle();
  clock.sleep(11_000);
  if (held !== undefined) relay.inject(held);
  await settle();
  expect(await asked).toBe('relay-no-answer');
});

it('tries its relays in turn, then waits, longer each time', async () => {
  const relays = ['https://one.example', 'https://two.example'];
  const { client, relay, clock } = world(relays);
  const dialled: string[] = [];
  const device = client({
    dial: (address, events) => {
      dialled.push(address);
      return relay.dial(address, events);
    },
  });
  relay.down = 'relay-unreachable';
  expect(await Promise.all([code(device.connect()), clock.pass(1)])).toEqual([
    'relay-unreachable',
    undefined,
  ]);
  expect(dialled).toEqual(relays);
  await clock.pass(120_000);
  const rounds = dialled.length / 2;
  expect(rounds).toBeGreaterThan(8);
  expect(rounds).toBeLessThan(22);
  relay.down = undefined;
  await clock.pass(15_001);
  expect(device.state.phase).toBe('ready');
});

it('a request made while nothing is reached fails at once, and is not sent later', async () => {
  const { client, relay, clock, home } = world();
  const device = client();
  relay.down = 'relay-unreachable';
  const armed = code(device.arm('front'));
  const asked = code(device.close('front'));
  await clock.pass(1);
  expect(await armed).toBe('relay-unreachable');
  expect(await asked).toBe('relay-unreachable');
  relay.down = undefined;
  await clock.pass(20_000);
  expect(device.state.phase).toBe('ready');
  expect(home.requests).toEqual([]);
});

it('a revoked device is told by the home, sealed, and stops asking', async () => {
  const { client, relay, clock, home } = world();
  const device = client();
  for (const known of home.devices.values()) known.revoked = true;
  expect(await code(device.connect())).toBe('session-revoked');
  expect(device.state).toEqual({ phase: 'refused', code: 'session-revoked' });
  const { dials } = relay;
  expect(await code(device.doors())).toBe('session-revoked');
  expect(await code(device.arm('front'))).toBe('session-revoked');
  await clock.pass(60_000);
  expect(relay.dials).toBe(dials);
  expect(home.opened).toEqual([]);
});

it('what was armed in a session gone by is refused here, and nothing is sent', async () => {
  const { client, relay, home } = world();
  const device = client();
  await device.connect();
  const armed = await device.arm('front');
  relay.inject(encodeFrame({ kind: 'gone', code: 'session-none' }));
  await settle();
  relay.sent.length = 0;
  expect(await code(device.release(armed))).toBe('refused-challenge');
  expect(relay.sent).toEqual([]);
  expect(home.opened).toEqual([]);
});

it('following is taken up again in a new session, and a pushed state is asked for, not shown', async () => {
  const { client, relay, home } = world();
  const device = client();
  await device.connect();
  await device.follow(true);
  relay.inject(encodeFrame({ kind: 'gone', code: 'session-none' }));
  await settle();
  expect(home.requests.at(-1)).toEqual({ type: 'follow', on: true });
  const told: string[] = [];
  device.subscribe((event) => told.push(event.type));
  const pushed = home.door;
  home.door = { ...home.door, state: 'connected' };
  home.push({ type: 'state', doors: [pushed] });
  await settle();
  expect(home.requests.at(-1)).toEqual({ type: 'doors' });
  expect(told).toContain('doors');
});

it('an answer in a new session is not taken for that of a request from the old one', async () => {
  const { client, relay, clock, home } = world();
  const device = client();
  await device.connect();
  await device.doors();
  await device.doors();
  relay.toHome = () => [];
  const old = device.inspect('front'); // frame 3 of the old session, frame 1 of the new one
  await settle();
  home.restart();
  relay.toHome = (frame) => [frame];
  const held: (() => void)[] = [];
  home.hold = (send) => held.push(send);
  relay.cut();
  await clock.pass(600);
  await settle();
  const doors = device.doors();
  const activity = device.activity(5); // frame 3 of the new session
  await settle();
  expect(held).toHaveLength(4);
  const [ready, ...answers] = held;
  ready?.();
  for (const send of answers.reverse()) send();
  expect(await activity).toEqual([]);
  expect((await doors).value).toHaveLength(1);
  expect((await old).value.name).toBe('front');
});

it('several requests at once meet a restarted home: one new handshake, all answered', async () => {
  const { client, relay, home } = world();
  const device = client();
  await device.connect();
  home.restart();
  relay.sent.length = 0;
  const { dials } = relay;
  const answers = await Promise.all([device.doors(), device.inspect('front'), device.activity(5)]);
  expect(answers).toHaveLength(3);
  expect(relay.sent.map((frame) => decodeFrame(frame).kind).filter((kind) => kind === 'hello')).toHaveLength(
    1,
  );
  expect(relay.dials).toBe(dials);
});
