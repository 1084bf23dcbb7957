import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { banKey } from '../../lib/ban.ts';
import type { Lab } from './net.ts';
import { startProbe, type Probe } from './probe.ts';
import { startSource, type SourceHost } from './source-host.ts';

/** What a ban source needs to be tried: one entry for each type (and way) in ban-sources.test.ts. */
export interface SourceCase {
  /** The type's name in the registry. */
  readonly source: string;
  /** What tells it from the type's other cases. */
  readonly variant?: string;
  prepare(): Promise<Prepared>;
}

export interface Prepared {
  /** Its home has a server on port 22, and the tool turns away whom it bans. */
  readonly lab: Lab;
  /** The type's own keys. */
  readonly table: object;
  readonly jail: string;
  /** Addresses of the stranger that the tool can ban. */
  readonly strangers: readonly string[];
  /** A network or range with the first of them in it and no other, where the tool has such. */
  readonly network?: string;
  /** Another address that it can ban; default 198.51.100.77. */
  readonly bystander?: string;
  /** Bans as the tool itself does. */
  ban(value: string): Promise<void>;
  /** All that the tool holds, but for clocks. */
  everything(): Promise<string>;
  /** Whether the stranger gets through to this address of the home; absent: to its port 22 by TCP. */
  letIn?(home: string): Promise<boolean>;
  vanish(): Promise<void>;
  comeBack(): Promise<void>;
}

/** The contract of BanSource, held against the real tool in a namespace. Needs root. */
export function conforms(one: SourceCase): void {
  describe(`${one.source}${one.variant === undefined ? '' : ` (${one.variant})`} keeps the source's contract`, () => {
    let made: Prepared;
    let source: SourceHost;
    let stranger: Probe;
    let bystander: string;

    beforeAll(async () => {
      made = await one.prepare();
      bystander = made.bystander ?? '198.51.100.77';
      stranger = startProbe(made.lab.stranger);
      source = await startSource(made.lab.home, one.source, made.table);
    });
    afterAll(async () => {
      await source?.stop();
      await made?.lab.destroy();
    });

    const letIn = async (address: string) => {
      const home = address.includes(':') ? made.lab.home.address6 : made.lab.home.address4;
      return (
        made.letIn?.(home) ?? (await stranger.connect(home, 22, { timeoutMs: 300 })).outcome === 'connected'
      );
    };
    /** What `banned` says of this address, by its values. */
    const bannedBy = async (address: string) =>
      (await source.banned(address)).map(({ jail, value }) => [jail, value]);
    const values = async () => (await source.list(made.jail)).map(({ value }) => value);
    /** The list now: a source may look no more than every few seconds by itself, but asked of an address it does. */
    const listed = async () => {
      await source.banned(bystander);
      const look = await source.look();
      return { look, list: (await values()).sort() };
    };

    test('before anybody is banned: no trouble, an empty list, nobody banned', async () => {
      const { state } = await source.look();
      expect(state).toMatchObject({ source: 'tried', kind: one.source });
      expect(state.problem).toBeUndefined();
      expect(state.canUnban).toBe(source.can.unbans);
      expect(state.jails).toMatchObject([{ jail: made.jail, banned: 0 }]);
      expect(await values()).toEqual([]);
      for (const address of made.strangers) {
        expect(await bannedBy(address)).toEqual([]);
        expect(await letIn(address)).toBe(true);
      }
    });

    test('the tool bans: listed with its jail, told of the address, and of no other; then it is lifted', async () => {
      await made.ban(bystander);
      for (const address of made.strangers) {
        const before = await made.everything();
        const then = await listed();
        expect(then.list).toEqual([bystander]);
        await made.ban(address);
        expect(await letIn(address)).toBe(false);
        expect(await bannedBy(address)).toEqual([[made.jail, address]]);
        expect(await bannedBy(bystander)).toEqual([[made.jail, bystander]]);
        const { look, list } = await listed();
        expect(list).toEqual([address, bystander].sort());
        expect(look.stamps[made.jail]).not.toBe(then.look.stamps[made.jail]);
        expect(look.state.jails).toMatchObject([{ jail: made.jail, banned: 2 }]);
        for (const ban of await source.list(made.jail)) {
          expect(ban).toMatchObject({ source: 'tried', jail: made.jail });
          expect(banKey(ban).split('\n')).toHaveLength(3);
          if (ban.since !== undefined) expect(Math.abs(Date.now() - ban.since)).toBeLessThan(60_000);
          if (ban.until !== undefined) expect(ban.until).toBeGreaterThan(Date.now());
        }

        expect(await source.unban(address)).toBe(1);
        expect(await bannedBy(address)).toEqual([]);
        expect(await letIn(address)).toBe(true);
        // Nothing else in the tool was touched.
        expect(await made.everything()).toBe(before);
        expect((await listed()).list).toEqual([bystander]);
      }
    });

    test('nothing changed, nothing is said to have', async () => {
      const { look: first } = await listed();
      await sleep(1100); // clocks of whole seconds
      const { look: second } = await listed();
      expect(second.stamps).toEqual(first.stamps);
      expect(second.state).toEqual(first.state);
    });

    test('a network bans what lies in it, and is lifted by its own name alone', async () => {
      const [address = ''] = made.strangers;
      if (made.network === undefined) return;
      await made.ban(made.network);
      expect(await letIn(address)).toBe(false);
      // A source may know of networks only what its list said (fail2ban compares whole values).
      expect((await listed()).list).toContain(made.network);
      expect(await bannedBy(address)).toEqual([[made.jail, made.network]]);
      for (const other of made.strangers.slice(1)) expect(await bannedBy(other)).toEqual([]);
      expect(await bannedBy('192.0.2.9')).toEqual([]);
      const before = await made.everything();
      expect(await source.unban(address)).toBe(0);
      expect(await made.everything()).toBe(before);
      expect(await source.unban(made.network)).toBe(1);
      expect(await bannedBy(address)).toEqual([]);
      expect(await letIn(address)).toBe(true);
    });

    test('what is on no list lifts nothing', async () => {
      const before = await made.everything();
      for (const value of [
        '203.0.113.99',
        '2001:db8:99::1',
        '203.0.113.0/25',
        '0.0.0.0/0',
        '::/0',
        '198.51.100.077',
        '2001:DB8:77::1',
        '::ffff:198.51.100.77',
        `${bystander}; flush ruleset`,
        `${bystander}\n-${bystander}`,
        '-exist',
        'localhost',
        '',
      ]) {
        const lifted = await source.unban(value).catch((error: { code: string }) => error.code);
        if (lifted !== 0) expect(lifted).toMatch(/^tool-/);
      }
      expect(await made.everything()).toBe(before);
      expect(await bannedBy(bystander)).toEqual([[made.jail, bystander]]);
    });

    test('what was lifted can be set again, as it was', async () => {
      if (!source.can.bans) return;
      const [address = ''] = made.strangers;
      await made.ban(address);
      await listed();
      const before = await made.everything();
      expect(await source.unban(address)).toBe(1);
      expect(await letIn(address)).toBe(true);
      await source.ban(made.jail, address);
      expect(await bannedBy(address)).toEqual([[made.jail, address]]);
      expect(await letIn(address)).toBe(false);
      expect(await made.everything()).toBe(before);
      await source.unban(address);
    });

    test('it vanishes: nobody is said to be free or banned; it returns: its list is there again', async () => {
      await made.vanish();
      const end = performance.now() + 8000;
      let look = await source.look();
      while (look.state.problem === undefined && performance.now() < end) {
        await sleep(100);
        look = await source.look();
      }
      expect(look.state.problem).toMatch(/^tool-/);
      const refused = { code: expect.stringMatching(/^tool-/) as string };
      await expect(source.list(made.jail)).rejects.toMatchObject(refused);
      await expect(source.banned(bystander)).rejects.toMatchObject(refused);

      await made.comeBack();
      while ((await source.look()).state.problem !== undefined && performance.now() < end + 8000)
        await sleep(100);
      const [address = ''] = made.strangers;
      await made.ban(address);
      expect(await bannedBy(address)).toEqual([[made.jail, address]]);
      expect((await listed()).list).toContain(address);
    });
  });
}
