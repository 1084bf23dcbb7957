import { describe, expect, it } from 'vitest';
import type { OpeningStep } from '../../lib/client/opening.ts';
import { decodeFrame } from '../../lib/protocol/frame.ts';
import { world } from './client/world.ts';
import { settle } from './client/clock.ts';

const kinds = (frames: readonly Uint8Array[]): string[] => frames.map((frame) => decodeFrame(frame).kind);

describe('opening', () => {
  it('is one round trip once armed', async () => {
    const { client, home, relay } = world();
    const device = client();
    await device.connect();
    const armed = await device.arm('front');
    expect(home.opened).toEqual([]);
    const before = { sent: relay.sent.length, received: relay.received.length };
    const steps: OpeningStep[] = [];
    const opened = await device.release(armed, { onStep: (step) => steps.push(step) });
    expect(kinds(relay.sent.slice(before.sent))).toEqual(['sealed']);
    // two live steps, then the one answer
    expect(kinds(relay.received.slice(before.received))).toEqual(['sealed', 'sealed', 'sealed']);
    expect(opened.value.address).toBe('203.0.113.47');
    expect(opened.value.steps.map(({ step }) => step)).toEqual([
      'sealed',
      'relayed',
      'received',
      'asked',
      'rule',
      'checked',
    ]);
    expect(steps.map(({ step }) => step)).toEqual(['sealed', 'relayed', 'received', 'asked']);
    expect(home.opened).toEqual(['203.0.113.47']);
  });

  it('cold: uses the challenge of WELCOME, and is the first frame of the session', async () => {
    const { client, home, relay } = world();
    // The home's answers to INITIATE wait: an opening that needed them would never leave.
    const held: (() => void)[] = [];
    home.hold = (send) => held.push(send);
    const device = client();
    const armed = await device.arm('front');
    const opening = device.release(armed);
    await settle();
    expect(kinds(relay.sent)).toEqual(['hello', 'initiate', 'sealed']);
    expect(home.requests.map(({ type }) => type)).toEqual(['open']);
    home.hold = undefined;
    for (const send of held) send();
    expect((await opening).value.door.state).toBe('open');
    expect(home.opened).toHaveLength(1);
  });
});
