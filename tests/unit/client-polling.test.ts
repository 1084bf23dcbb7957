import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { Client } from '../../lib/client/client.ts';
import { dialEither } from '../../lib/client/dial.ts';
import type { Dial, LinkEvents } from '../../lib/client/transport.ts';
import type { ErrorCode } from '../../lib/errors.ts';
import { dialWith } from '../../server/device/dial.ts';
import { startInspectingProxy, type InspectingProxy } from '../support/inspecting-proxy.ts';
import { startHouse, type House, type PairedDevice } from '../support/house.ts';
import { until } from '../support/until.ts';
import { HandClock } from './client/clock.ts';

describe('which way carries a link', () => {
  interface Tried {
    events: LinkEvents;
    closed: boolean;
    sent: number;
  }
  const frame = new Uint8Array(1);
  function ways() {
    const clock = new HandClock();
    const tried: { socket: Tried[]; polling: Tried[] } = { socket: [], polling: [] };
    const way =
      (list: Tried[]): Dial =>
      (_relay, events) => {
        const one = { events, closed: false, sent: 0 };
        list.push(one);
        return { send: () => void one.sent++, close: () => void (one.closed = true) };
      };
    const dial = dialEither(way(tried.socket), way(tried.polling), clock);
    const told: { frames: number; codes: ErrorCode[] } = { frames: 0, codes: [] };
    const open = () =>
      dial('https://relay.example', {
        message: () => void told.frames++,
        closed: (code) => told.codes.push(code),
      });
    return { clock, tried, told, open };
  }

  test('a WebSocket that speaks is the only one', async () => {
    const { clock, tried, told, open } = ways();
    const link = open();
    tried.socket[0]?.events.message(frame);
    await clock.pass(60_000);
    link.send(frame);
    expect([tried.polling.length, told.frames, tried.socket[0]?.sent, link.polls]).toEqual([0, 1, 1, false]);
  });

  test('refused at once, polling at once; the last word is the polling’s where it has one', async () => {
    const { tried, told, open } = ways();
    const link = open();
    tried.socket[0]?.events.closed('relay-unreachable');
    tried.polling[0]?.events.message(frame);
    link.send(frame);
    expect([told.frames, tried.polling[0]?.sent, link.polls]).toEqual([1, 1, true]);
    open();
    tried.socket[1]?.events.closed('relay-unreachable');
    tried.polling[1]?.events.closed('relay-full');
    expect(told.codes).toEqual(['relay-full']);
  });

  test('a socket that hangs has company after 2 s, the next time after a quarter; who speaks first wins', async () => {
    const { clock, tried, told, open } = ways();
    open();
    await clock.pass(1990);
    expect(tried.polling.length).toBe(0);
    await clock.pass(10);
    tried.polling[0]?.events.message(frame);
    expect(tried.socket[0]?.closed).toBe(true);
    tried.socket[0]?.events.message(frame);
    expect(told.frames).toBe(1);
    open();
    await clock.pass(250);
    expect(tried.polling.length).toBe(2);
    tried.socket[1]?.events.message(frame);
    expect(tried.polling[1]?.closed).toBe(true);
    // and sockets are what it trusts again
    open();
    await clock.pass(1990);
    expect(tried.polling.length).toBe(2);
  });

  test('another certificate is not polled either; both lost is lost once; closed tells nothing', async () => {
    const { clock, tried, told, open } = ways();
    open();
    tried.socket[0]?.events.closed('relay-certificate');
    await clock.pass(5000);
    expect([told.codes, tried.polling.length]).toEqual([['relay-certificate'], 0]);
    open();
    await clock.pass(2000);
    tried.polling[0]?.events.closed('relay-unreachable');
    expect(told.codes.length).toBe(1);
    tried.socket[1]?.events.closed('relay-unreachable');
    expect(told.codes).toEqual(['relay-certificate', 'relay-unreachable']);
    open().close();
    tried.socket[2]?.events.closed('relay-unreachable');
    await clock.pass(5000);
    expect([told.codes.length, tried.polling.length]).toEqual([2, 1]);
  });
});

describe('a terminal at the real relay and home, through a proxy', () => {
  let house: House;
  let proxy: InspectingProxy;
  let device: PairedDevice;
  let client: Client;
  beforeAll(async () => {
    let plain = 0;
    proxy = await startInspectingProxy({ target: () => new URL(`http://127.0.0.1:${plain}`) });
    house = await startHouse({ relay: { names: [`localhost:${proxy.port}`] } });
    plain = house.relay.plainPort;
    device = await house.device();
    const record = { ...device.record, relays: [`http://localhost:${proxy.port}`] };
    client = house.client(device.keys, record, { dial: dialWith(undefined) });
  });
  afterEach(() => void (proxy.upgrades = 'pass'));
  afterAll(async () => {
    await house?.stop();
    await proxy?.stop();
  });

  const session = (): string => Buffer.from(client['connection'].sessionId ?? []).toString('hex');
  async function opens(): Promise<void> {
    const opened = await client.release(await client.arm('ssh'), { seconds: 60 });
    expect(opened.value.address).toBe('127.0.0.1');
    expect((await client.close('ssh')).value.state).toBe('closed');
  }

  test('opens and is told of changes where no WebSocket passes, and the session survives each switch', async () => {
    proxy.upgrades = 'pass';
    await client.connect();
    expect(client.polls).toBe(false);
    const first = session();
    await opens();
    for (const broken of ['refuse', 'swallow'] as const) {
      proxy.upgrades = broken;
      const asked = proxy.asked;
      proxy.cut();
      client.networkBack();
      await until(() => client.state.phase === 'ready' && client.polls, 8000);
      expect(proxy.asked).toBeGreaterThan(asked);
      await opens();
      // what polls is not shaken by a connection that breaks
      proxy.cut();
      await opens();
      expect(session()).toBe(first);
    }
    const events: string[] = [];
    client.subscribe((event) => void (event.type === 'event' && events.push(event.event.kind)));
    await client.follow(true);
    await opens();
    await until(() => events.includes('closed'));
    proxy.upgrades = 'pass';
    client.networkBack();
    await until(() => client.state.phase === 'ready' && !client.polls, 8000);
    expect((await client.doors()).value.length).toBe(1);
    expect(session()).toBe(first);
  });
});
