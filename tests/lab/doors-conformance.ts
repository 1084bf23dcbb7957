import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { until } from '../support/until.ts';
import type { DriverFacts, Opening } from '../../server/doors/driver.ts';
import { startDriverHost, type DriverHost } from './driver-host.ts';
import type { Lab } from './net.ts';
import { startProbe, type Probe } from './probe.ts';

/** What a driver needs to be tried: one entry for each driver (and mode) in conformance.test.ts. */
export interface DriverCase {
  /** The driver's name in its registry. */
  readonly driver: string;
  /** What tells it from the driver's other cases. */
  readonly variant?: string;
  /** A lab whose home has an echo server on 22 and 127.0.0.1, and what the driver needs; its own table. */
  prepare(): Promise<{ lab: Lab; table: object }>;
  /** An opening's length, short and long; both the driver's own where it cannot be chosen. */
  /** Whether who it opened for gets through now; absent: the lab's phone, at the home's address. */
  reached?(lab: Lab): Promise<boolean>;
  readonly seconds: { readonly short: number; readonly long: number };
}

/** The contract of DoorDriver, held against the real tool in a namespace. Needs root. */
export function conforms(one: DriverCase): void {
  describe(`${one.driver}${one.variant === undefined ? '' : ` (${one.variant})`} keeps the driver's contract`, () => {
    let lab: Lab;
    let host: DriverHost;
    let table: object;
    let phone: Probe;
    let facts: DriverFacts;
    let port: number;
    let directory: string;
    const door = 'front';
    const { short, long } = one.seconds;

    const begin = async () => {
      host = await startDriverHost(lab.home);
      ({ facts, port } = await host.create(door, one.driver, table, directory));
      await host.start(door);
    };
    const addresses = (list: readonly Opening[]) => list.map(({ address }) => address).sort();
    const listed = async () => addresses(await host.inspect(door));
    const reached = async () =>
      one.reached?.(lab) ?? (await phone.connect(lab.home.address4, port)).outcome === 'connected';
    const gone = async () => {
      for (const address of await listed()) await host.close(door, address);
    };

    beforeAll(async () => {
      ({ lab, table } = await one.prepare());
      directory = await mkdtemp(join(lab.directory, 'driver-'));
      phone = startProbe(lab.phone);
      await begin();
    });
    afterAll(() => lab?.destroy());

    test('nothing is open before anybody asks', async () => {
      expect(await host.inspect(door)).toEqual([]);
      expect(await reached()).toBe(false);
    });

    test.each([
      ['IPv4', '203.0.113.7'],
      ['IPv6', '2001:db8:7::7'],
    ])('open reads back what inspect then says, %s', async (_family, address) => {
      const { opening, stages } = await host.open(door, address, long);
      expect(opening.address).toBe(address);
      expect(stages[0]?.stage).toBe('asked');
      if (facts.readsBack) expect(stages.at(-1)?.stage).toBe('checked');
      const [seen, ...others] = await host.inspect(door);
      expect(others).toEqual([]);
      expect(seen?.address).toBe(address);
      // A time is told by both or by neither, falls, and never exceeds what was asked.
      expect(seen?.remainingMs === undefined).toBe(opening.remainingMs === undefined);
      if (opening.remainingMs !== undefined) {
        expect(opening.remainingMs).toBeLessThanOrEqual(long * 1000);
        expect(opening.remainingMs).toBeGreaterThan(long * 1000 - 1000);
        expect(seen?.remainingMs).toBeLessThanOrEqual(opening.remainingMs);
      }
      await gone();
      expect(await host.inspect(door)).toEqual([]);
    });

    test('the port answers while the door is open, and no longer', async () => {
      await host.open(door, '203.0.113.7', long);
      const packet = async () => (await host.inspect(door))[0]?.packet;
      expect(await packet()).toBe(facts.seesPackets === true ? 'none' : undefined);
      expect(await reached()).toBe(true);
      // who sees them hears of one a moment after its sender
      if (facts.seesPackets === true) await until(async () => typeof (await packet()) === 'object');
      else expect(await packet()).toBeUndefined();
      await gone();
      expect(await reached()).toBe(false);
    });

    test('closing one address leaves the other open; closing again is no error', async () => {
      await host.open(door, '203.0.113.7', long);
      await host.open(door, '203.0.113.66', long);
      expect(await listed()).toEqual(['203.0.113.66', '203.0.113.7']);
      await host.close(door, '203.0.113.66');
      await host.close(door, '203.0.113.66');
      await host.close(door, '203.0.113.99');
      expect(await listed()).toEqual(['203.0.113.7']);
      expect(await reached()).toBe(true);
      await gone();
    });

    test('a second opening for an open address lengthens or is refused, as the facts say', async () => {
      await host.open(door, '203.0.113.7', short);
      if (facts.extends) {
        const { opening } = await host.open(door, '203.0.113.7', long);
        // Where the system keeps no time, the home agent does, and ends it later.
        if (opening.remainingMs !== undefined) expect(opening.remainingMs).toBeGreaterThan((long - 1) * 1000);
        await sleep(short * 1000 + 300);
        expect(await reached()).toBe(true);
      } else {
        await expect(host.open(door, '203.0.113.7', long)).rejects.toMatchObject({
          code: 'refused-door-open',
        });
      }
      expect(await listed()).toEqual(['203.0.113.7']);
      // Never twice, whatever the driver itself says: not as a rule, not as an element.
      const { stdout } = await lab.home.run('nft', ['list', 'ruleset']);
      expect(stdout.match(/saddr 203\.0\.113\.7 /g)?.length ?? 0).toBeLessThanOrEqual(1);
      expect(/set v4_front \{[^}]*\{[^}]*203\.0\.113\.7 [^}]*203\.0\.113\.7 /.test(stdout)).toBe(false);
      await gone();
    });

    test('it closes by itself, unless the home agent must', async () => {
      await host.open(door, '203.0.113.7', short);
      const end = performance.now() + (facts.closes === 'agent' ? 1 : short + 2) * 1000;
      while (performance.now() < end && (await listed()).length > 0) await sleep(50);
      expect(await listed()).toEqual(facts.closes === 'agent' ? ['203.0.113.7'] : []);
      expect(await reached()).toBe(facts.closes === 'agent');
      await gone();
    });

    test('openings at once do not disturb each other', async () => {
      const many = ['203.0.113.7', '203.0.113.66', '2001:db8:7::7'];
      const opened = await Promise.all(many.map((address) => host.open(door, address, long)));
      expect(opened.map(({ opening }) => opening.address)).toEqual(many);
      expect(await listed()).toEqual([...many].sort());
      await gone();
    });

    test.each([false, true])(
      'a restart keeps or loses openings as the facts say (killed: %s)',
      async (killed) => {
        await host.open(door, '203.0.113.7', long);
        if (!killed) await host.stop(door);
        await host.kill();
        const stays = facts.closes !== 'process';
        expect(await reached()).toBe(stays);
        await begin();
        expect(await listed()).toEqual(stays ? ['203.0.113.7'] : []);
        await gone();
        expect(await reached()).toBe(false);
      },
    );

    // Last: what is left behind would disturb the others.
    test.each([
      '',
      '203.0.113.7 ',
      '203.0.113.07',
      '::ffff:203.0.113.7',
      'localhost',
      '203.0.113.7; flush ruleset',
    ])('an address that is none (%j) changes nothing', async (address) => {
      // But for clocks that go on.
      const rules = async () =>
        (await lab.home.run('nft', ['list', 'ruleset'])).stdout.replace(/ expires \S+/g, '');
      const before = await rules();
      if (facts.closes !== 'process')
        await expect(host.open(door, address, long)).rejects.toMatchObject({
          code: expect.stringMatching(/^(tool|refused)-/) as string,
        });
      expect(await rules()).toBe(before);
    });
  });
}
