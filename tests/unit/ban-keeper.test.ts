import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, test } from 'vitest';
import type { Ban } from '../../lib/ban.ts';
import { LatchkeyError } from '../../lib/errors.ts';
import type { SourceDefinition } from '../../server/bans/definition.ts';
import { BanKeeper } from '../../server/bans/keeper.ts';
import type { BanChanges } from '../../server/bans/host.ts';
import type { BanSource, SourceType } from '../../server/bans/source.ts';

/** A source in memory that counts what it is asked. */
class Memory {
  readonly jails = new Map<string, Map<string, Ban>>();
  readonly asked: string[] = [];
  problem: 'tool-ended' | undefined;
  /** How long a list takes, ms. */
  listMs = 0;
  readonly ever = new Map<string, number>();
  hint: () => void = () => undefined;

  put(jail: string, value: string, more: Partial<Ban> = {}): void {
    const list = this.jails.get(jail) ?? new Map<string, Ban>();
    list.set(value, { source: 'mem', jail, value, ...more });
    this.jails.set(jail, list);
    this.ever.set(jail, (this.ever.get(jail) ?? 0) + 1);
  }

  count(verb: string): number {
    return this.asked.filter((one) => one.startsWith(verb)).length;
  }

  readonly source: BanSource = {
    look: () => {
      this.asked.push('look');
      const jails = [...this.jails].map(([jail, list]) => ({ jail, banned: list.size }));
      const state = { source: 'mem', kind: 'memory', tellsTimes: true, canUnban: true, jails };
      return Promise.resolve(
        this.problem === undefined
          ? {
              state,
              stamps: new Map(jails.map(({ jail, banned }) => [jail, `${banned} ${this.ever.get(jail)}`])),
            }
          : { state: { ...state, problem: this.problem }, stamps: new Map() },
      );
    },
    list: async (jail) => {
      this.asked.push(`list ${jail}`);
      const bans = [...(this.jails.get(jail) ?? new Map<string, Ban>()).values()];
      await sleep(this.listMs);
      return bans;
    },
    banned: (address) => {
      if (this.problem !== undefined) return Promise.reject(new LatchkeyError(this.problem));
      const bans = [...this.jails.values()].flatMap((list) => [...list.values()]);
      return Promise.resolve(
        bans
          .filter(({ value }) => value === address)
          .map(({ source, jail, value }) => ({ source, jail, value })),
      );
    },
    unban: (value) => {
      this.asked.push(`unban ${value}`);
      let count = 0;
      for (const list of this.jails.values()) if (list.delete(value)) count++;
      return Promise.resolve(count);
    },
    ban: (jail, value) => {
      this.asked.push(`ban ${jail} ${value}`);
      this.put(jail, value);
      return Promise.resolve();
    },
    onHint: (listener) => (this.hint = listener),
    stop: () => Promise.resolve(),
  };

  definition(name = 'mem'): SourceDefinition {
    const type: SourceType = {
      name: 'memory',
      runsIn: 'helper',
      needsRoot: false,
      read: () => ({}),
      create: () => this.source,
    };
    return { name, type, options: {} };
  }
}

const keepers: BanKeeper[] = [];
afterEach(() => Promise.all(keepers.splice(0).map((keeper) => keeper.stop())));

async function keeperOf(memory: Memory, options: { monotonic?: () => number } = {}): Promise<BanKeeper> {
  const keeper = new BanKeeper({ boot: 'b1', log: () => undefined, ...options });
  keepers.push(keeper);
  await keeper.replace([memory.definition()]);
  return keeper;
}

/** What a source counts may be told a moment before its list: asks again until there is a change. */
async function changed(keeper: BanKeeper, answer: BanChanges): Promise<BanChanges> {
  let last = answer;
  while (last.changes.length === 0) last = await keeper.banChanges(last.cursor);
  return last;
}

describe('what changed', () => {
  test('all at first, then what is new, as soon as it is', async () => {
    const memory = new Memory();
    memory.put('sshd', '203.0.113.5', { since: 1000, until: 601_000 });
    const keeper = await keeperOf(memory);
    const first = await keeper.banChanges('');
    expect(first).toMatchObject({
      reset: true,
      changes: [{ value: '203.0.113.5' }],
      sources: [{ source: 'mem' }],
    });
    const waiting = keeper.banChanges(first.cursor);
    memory.put('sshd', '203.0.113.6');
    memory.hint();
    const began = performance.now();
    const next = await changed(keeper, await waiting);
    expect(next.changes).toEqual([{ source: 'mem', jail: 'sshd', value: '203.0.113.6' }]);
    expect(next).not.toHaveProperty('reset');
    expect(performance.now() - began).toBeLessThan(5000);
    memory.jails.get('sshd')?.delete('203.0.113.5');
    const last = await changed(keeper, await keeper.banChanges(next.cursor));
    expect(last.changes).toMatchObject([{ value: '203.0.113.5', gone: true }]);
  });

  test('a source that ends is news, and its bans are not gone; a jail that goes takes its bans along', async () => {
    const memory = new Memory();
    memory.put('sshd', '203.0.113.5');
    memory.put('web', '203.0.113.6');
    const keeper = await keeperOf(memory);
    const first = await keeper.banChanges('');
    memory.problem = 'tool-ended';
    const ended = await keeper.banChanges(first.cursor);
    expect(ended.sources).toMatchObject([{ problem: 'tool-ended' }]);
    expect(ended.changes).toEqual([]);
    memory.problem = undefined;
    memory.jails.delete('web');
    let known = ended;
    while (known.changes.length === 0) known = await keeper.banChanges(known.cursor);
    expect(known.changes).toMatchObject([{ jail: 'web', value: '203.0.113.6', gone: true }]);
  });

  test('a newer question ends the one before, and stopping ends all', async () => {
    const keeper = await keeperOf(new Memory());
    const { cursor } = await keeper.banChanges('');
    const first = keeper.banChanges(cursor);
    await sleep(20);
    const second = keeper.banChanges(cursor);
    expect((await first).changes).toEqual([]);
    await keeper.stop();
    expect((await second).changes).toEqual([]);
  });

  test('a list that takes long is fetched seldom, one that did not change never again', async () => {
    const memory = new Memory();
    memory.listMs = 200;
    memory.put('sshd', '203.0.113.5');
    memory.put('web', '203.0.113.7');
    const keeper = await keeperOf(memory);
    const { cursor } = await keeper.banChanges('');
    const asking = keeper.banChanges(cursor);
    memory.put('sshd', '203.0.113.6');
    for (let i = 0; i < 8; i++) {
      memory.hint();
      await sleep(180);
    }
    expect(memory.count('look')).toBeGreaterThan(3);
    expect(memory.count('list sshd')).toBe(1);
    expect(memory.count('list web')).toBe(1);
    await keeper.stop();
    await asking;
  });
});

describe('lifting', () => {
  test.each([
    '2001:DB8::5',
    '::ffff:203.0.113.5',
    '203.0.113.5 ',
    '203.0.113.05',
    '203.0.113.0/23',
    '0.0.0.0/00',
    'example.org',
    '--all',
    '',
  ])('%j is refused, and nothing is asked', async (value) => {
    const memory = new Memory();
    memory.put('sshd', '203.0.113.5');
    memory.put('sshd', '2001:db8::5');
    const keeper = await keeperOf(memory);
    await keeper.banChanges('');
    await expect(keeper.unban(value)).rejects.toThrow('refused-address');
    expect(memory.count('unban')).toBe(0);
    expect(memory.jails.get('sshd')?.size).toBe(2);
  });

  test('an address goes from all jails; what was not banned is not asked about; undo once, within its time', async () => {
    const memory = new Memory();
    let clock = 0;
    const keeper = await keeperOf(memory, { monotonic: () => performance.now() + clock });
    memory.put('sshd', '203.0.113.5', { since: 5, until: 7 });
    memory.put('recidive', '203.0.113.5');
    memory.put('sshd', 'not an ip');
    const { cursor } = await keeper.banChanges('');
    expect(await keeper.unban('203.0.113.9')).toEqual([]);
    expect(memory.count('unban')).toBe(0);
    await expect(keeper.reban('mem', 'sshd', '203.0.113.5')).rejects.toThrow('refused-replay');
    const lifted = await keeper.unban('203.0.113.5');
    expect(lifted.map(({ jail }) => jail).sort()).toEqual(['recidive', 'sshd']);
    expect(lifted.find(({ jail }) => jail === 'sshd')).toMatchObject({ since: 5, until: 7 });
    expect((await keeper.banChanges(cursor)).changes).toMatchObject([{ gone: true }, { gone: true }]);
    expect(await keeper.banned('203.0.113.5')).toEqual([]);

    await keeper.reban('mem', 'sshd', '203.0.113.5');
    await expect(keeper.reban('mem', 'sshd', '203.0.113.5')).rejects.toThrow('refused-replay');
    await expect(keeper.reban('mem', 'web', '203.0.113.5')).rejects.toThrow('refused-replay');
    expect(await keeper.banned('203.0.113.5')).toMatchObject([{ jail: 'sshd' }]);
    clock += 121_000;
    await expect(keeper.reban('mem', 'recidive', '203.0.113.5')).rejects.toThrow('refused-replay');
    expect(memory.count('ban')).toBe(1);

    expect(await keeper.unban('not an ip')).toMatchObject([{ value: 'not an ip' }]);
  });

  test('what comes back is lifted, remembered, and said', async () => {
    const memory = new Memory();
    memory.put('sshd', '203.0.113.5', { since: 5 });
    const keeper = await keeperOf(memory);
    const { cursor } = await keeper.banChanges('');
    const { unban } = memory.source;
    memory.source.unban = async (value) => {
      await unban?.(value);
      throw new LatchkeyError('tool-comes-back', 'a list of its own');
    };
    await expect(keeper.unban('203.0.113.5')).rejects.toThrow('tool-comes-back');
    expect(await keeper.banned('203.0.113.5')).toEqual([]);
    expect((await changed(keeper, await keeper.banChanges(cursor))).changes).toMatchObject([{ gone: true }]);
    await keeper.reban('mem', 'sshd', '203.0.113.5');
    expect(await keeper.banned('203.0.113.5')).toMatchObject([{ jail: 'sshd' }]);
  });

  test('more than a person lifts in a minute is refused', async () => {
    const memory = new Memory();
    const keeper = await keeperOf(memory);
    for (let i = 0; i < 30; i++) await keeper.unban('203.0.113.9');
    memory.put('sshd', '203.0.113.9');
    await expect(keeper.unban('203.0.113.9')).rejects.toThrow('refused-rate');
    expect(memory.jails.get('sshd')?.size).toBe(1);
  });

  test('that nobody bans is not said by a source that cannot be asked', async () => {
    const memory = new Memory();
    const keeper = await keeperOf(memory);
    memory.problem = 'tool-ended';
    await expect(keeper.banned('203.0.113.5')).rejects.toThrow('tool-ended');
    await expect(keeper.unban('203.0.113.5')).rejects.toThrow('tool-ended');
    await expect(keeper.banned('203.0.113.5x')).rejects.toThrow('refused-address');
  });
});
