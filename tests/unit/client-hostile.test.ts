import { describe, expect, it } from 'vitest';
import type { Client } from '../../lib/client/client.ts';
import type { ClientEvent } from '../../lib/client/events.ts';
import type { OpeningStep } from '../../lib/client/opening.ts';
import type { LatchkeyError } from '../../lib/errors.ts';
import { toBase64 } from '../../lib/protocol/bytes.ts';
import { decodeFrame, encodeFrame, type Frame } from '../../lib/protocol/frame.ts';
import { settle } from './client/clock.ts';
import { random } from './client/relay.ts';
import { world, type World } from './client/world.ts';

const code = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => 'done',
    (error: LatchkeyError) => error.code,
  );

interface Watched extends World {
  readonly device: Client;
  /** What a screen would have been told since the last look. */
  told(): ClientEvent[];
}

async function connected(): Promise<Watched> {
  const made = world();
  const device = made.client();
  await device.connect();
  await device.follow(true);
  await settle();
  let events: ClientEvent[] = [];
  device.subscribe((event) => events.push(event));
  const told = (): ClientEvent[] => {
    const since = events;
    events = [];
    return since;
  };
  return { ...made, device, told };
}

function flip(frame: Uint8Array, bit: number): Uint8Array {
  const changed = frame.slice();
  const at = Math.floor(bit / 8) % frame.length;
  changed[at] = (changed[at] as number) ^ (1 << (bit % 8));
  return changed;
}

describe('towards the device', () => {
  it('a frame with any bit changed says nothing', async () => {
    const { device, relay, told, clock } = await connected();
    relay.toDevice = () => [];
    const asked = code(device.doors());
    await settle();
    const answer = relay.received.at(-1) as Uint8Array;
    // every byte of the head, and a spread over the box
    for (let at = 0; at < answer.length * 8; at += at < 26 * 8 ? 1 : 211) relay.inject(flip(answer, at));
    await settle();
    expect(told().filter(({ type }) => type !== 'connection')).toEqual([]);
    await clock.pass(10_001);
    expect(await asked).toBe('relay-no-answer');
  });

  it('repeated frames change nothing', async () => {
    const { device, relay, told, home } = await connected();
    await device.doors();
    const old = [...relay.received];
    await device.release(await device.arm('front'));
    told();
    for (const frame of [...old, ...relay.received]) relay.inject(frame);
    await settle();
    expect(told().filter(({ type }) => type !== 'connection')).toEqual([]);
    expect(home.opened).toHaveLength(1);
  });

  it('its own frames, reflected, change nothing', async () => {
    const { device, relay, told } = await connected();
    await device.doors();
    told();
    const { sent } = relay;
    for (const frame of [...sent]) relay.inject(frame);
    await settle();
    expect(told()).toEqual([]);
    expect(device.state.phase).toBe('ready');
  });

  it('an answer that was overtaken is gone', async () => {
    const { device, relay, told, clock } = await connected();
    const held: Uint8Array[] = [];
    relay.toDevice = (frame) => {
      held.push(frame);
      return [];
    };
    const first = code(device.inspect('front'));
    await settle();
    const second = device.doors();
    await settle();
    expect(held).toHaveLength(2);
    for (const frame of [...held].reverse()) relay.inject(frame);
    await settle();
    expect((await second).value).toHaveLength(1);
    expect(told().map(({ type }) => type)).toEqual(['doors']);
    await clock.pass(10_001);
    expect(await first).toBe('relay-no-answer');
  });

  it('frames of another device and forged unsealed ones change nothing', async () => {
    const one = await connected();
    const two = await connected();
    await two.device.doors();
    one.told();
    const id = random(16);
    const forged: Frame[] = [
      { kind: 'challenge', nonce: random(32) },
      { kind: 'admit', mailbox: random(32), key: random(32), nonce: random(32), signature: random(64) },
      { kind: 'prove', key: random(32), nonce: random(32), signature: random(64) },
      { kind: 'keys', admission: [random(32)] },
      { kind: 'from', connection: id, bytes: random(20) },
      { kind: 'to', connection: id, bytes: random(20) },
      { kind: 'left', connection: id },
      { kind: 'taken', n: 4_000_000_000 },
      { kind: 'hello', ephemeral: random(32), nonce: random(16), box: random(80) },
      { kind: 'welcome', half: random(8), nonce: random(16), box: random(320) },
      { kind: 'initiate', half: random(8), nonce: random(16), box: random(400) },
      { kind: 'sealed', session: random(16), sequence: 99, box: random(272) },
    ];
    for (const frame of [...two.relay.received, ...forged.map(encodeFrame), random(0), random(7)]) {
      one.relay.inject(frame);
    }
    await settle();
    expect(one.told()).toEqual([]);
    expect(one.device.state.phase).toBe('ready');
    expect((await one.device.doors()).value).toHaveLength(1);
  });

  it('"taken" says relayed, once, and nothing else', async () => {
    const { device, relay, home, clock } = await connected();
    const armed = await device.arm('front');
    relay.toHome = () => [];
    const steps: OpeningStep[] = [];
    const opening = code(device.release(armed, { onStep: (step) => steps.push(step) }));
    await settle();
    for (let i = 0; i < 5; i++) relay.inject(encodeFrame({ kind: 'taken', n: relay.sent.length }));
    await settle();
    expect(steps.map(({ step }) => step)).toEqual(['sealed', 'relayed']);
    expect(home.opened).toEqual([]);
    await clock.pass(10_001);
    expect(await opening).toBe('relay-no-answer');
  });

  it('a WELCOME of another handshake is dropped, and the right one still counts', async () => {
    const { client, relay } = world();
    const other = await connected();
    const stray = other.relay.received.find((frame) => decodeFrame(frame).kind === 'welcome') as Uint8Array;
    relay.toDevice = (frame) => [stray, frame];
    const device = client();
    await device.connect();
    expect(device.state.phase).toBe('ready');
  });
});

describe('towards the home', () => {
  it('a request with any bit changed opens nothing', async () => {
    const { device, relay, home, clock } = await connected();
    const armed = await device.arm('front');
    relay.toHome = (frame) => {
      const changed: Uint8Array[] = [];
      for (let at = 0; at < frame.length * 8; at += at < 26 * 8 ? 1 : 509) changed.push(flip(frame, at));
      return changed;
    };
    const opening = code(device.release(armed));
    await clock.pass(10_001);
    expect(['relay-no-answer', 'relay-unreachable']).toContain(await opening);
    expect(home.opened).toEqual([]);
  });

  it('a repeated request opens once', async () => {
    const { device, relay, home } = await connected();
    const armed = await device.arm('front');
    relay.toHome = (frame) => [frame, frame, frame];
    await device.release(armed);
    for (const frame of [...relay.sent]) home.frame(frame, () => undefined);
    for (const frame of [...relay.received]) home.frame(frame, () => undefined);
    expect(home.opened).toHaveLength(1);
  });

  it('a request that was held back is void once a newer frame has passed', async () => {
    const { device, relay, home, clock } = await connected();
    await device.release(await device.arm('front'));
    let held: Uint8Array | undefined;
    relay.toHome = (frame) => {
      held = frame;
      return [];
    };
    const closing = code(device.close('front'));
    await settle();
    relay.toHome = (frame) => [frame];
    await device.doors();
    home.frame(held as Uint8Array, () => undefined);
    expect(home.door.state).toBe('open');
    await clock.pass(10_001);
    expect(await closing).toBe('relay-no-answer');
  });

  it('a relay that lies about the address to one side gets nothing opened', async () => {
    const { device, relay, home, client } = await connected();
    const armed = await device.arm('front');
    const [said] = armed.evidence;
    if (said === undefined) throw new Error('no evidence');
    const lied = { ...armed, evidence: [{ ...said, address: '198.51.100.23' }] };
    expect(await code(device.release(lied))).toBe('refused-evidence');
    // another observer's key, and an observer that says nothing of use
    const other = {
      observer: toBase64(random(32)),
      address: '203.0.113.47',
      signature: toBase64(random(64)),
    };
    for (const answer of [other, null, { ...other, address: '0x7f.1' }, 'yes']) {
      const fooled = client({ observe: () => Promise.resolve(answer) });
      await fooled.connect();
      expect(await code(fooled.arm('front'))).toBe('protocol-malformed');
    }
    expect(home.opened).toEqual([]);
    expect(relay.open).toBeGreaterThan(0);
  });
});
