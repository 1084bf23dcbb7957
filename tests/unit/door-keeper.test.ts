import { describe, expect, test } from 'vitest';
import { LatchkeyError, type ErrorCode } from '../../lib/errors.ts';
import type { DoorDefinition } from '../../server/doors/definition.ts';
import type { DoorDriver, DriverFacts, DriverType, Opening } from '../../server/doors/driver.ts';
import { DoorKeeper } from '../../server/doors/keeper.ts';

/**
 * A driver whose system is a Map, so that order and counts can be watched; what real systems do is held against
 * the real tools in tests/lab.
 */
class Wall {
  readonly calls: string[] = [];
  readonly open = new Map<string, number>();
  failStart: ErrorCode | undefined;
  /** Resolved by the test: openings wait for it. */
  gate: Promise<void> = Promise.resolve();
  now = 0;

  type(name = 'wall', facts: Partial<DriverFacts> = {}): DriverType {
    return {
      name,
      runsIn: 'agent',
      needsRoot: false,
      read: (table) => table,
      port: () => 22,
      create: (_options, { door }) => this.#driver(door, facts),
    };
  }

  #driver(door: string, facts: Partial<DriverFacts>): DoorDriver {
    const inspect = (): Opening[] =>
      [...this.open]
        .filter(([, until]) => until > this.now)
        .map(([address, until]) => ({ address, remainingMs: until - this.now }));
    return {
      facts: { closes: 'kernel', choosesTime: true, extends: true, readsBack: true, ...facts },
      start: async () => {
        this.calls.push(`start ${door}`);
        if (this.failStart !== undefined) throw new LatchkeyError(this.failStart);
      },
      open: async (address, seconds, onStage) => {
        this.calls.push(`open ${door} ${address} ${seconds}`);
        onStage({ stage: 'asked' });
        await this.gate;
        this.open.set(address, this.now + seconds * 1000);
        return { address, remainingMs: seconds * 1000 };
      },
      close: async (address) => {
        this.calls.push(`close ${door} ${address}`);
        this.open.delete(address);
      },
      inspect: async () => {
        this.calls.push(`inspect ${door}`);
        return inspect();
      },
      stop: async () => void this.calls.push(`stop ${door}`),
      remove: async () => void this.calls.push(`remove ${door}`),
    };
  }
}

function door(name: string, type: DriverType, more: Partial<DoorDefinition> = {}): DoorDefinition {
  return {
    name,
    type,
    options: {},
    defaultSeconds: 300,
    longestSeconds: 600,
    maxOpen: 3,
    perMinute: 5,
    ...more,
  };
}

async function keeperOf(wall: Wall, ...doors: DoorDefinition[]) {
  const logged: string[] = [];
  const keeper = new DoorKeeper({
    directory: '/nonexistent',
    log: (line) => logged.push(line),
    ownAddresses: () => ['192.0.2.20'],
    now: () => wall.now,
  });
  await keeper.replace(doors);
  wall.calls.length = 0;
  return { keeper, logged };
}
const quiet = () => undefined;

describe('bad input never reaches a driver', () => {
  test.each([
    ['nosuch', '203.0.113.7', 60, 'refused-door'],
    ['__proto__', '203.0.113.7', 60, 'refused-door'],
    ['ssh', '203.0.113.7 ', 60, 'refused-address'],
    ['ssh', '0xcb007107', 60, 'refused-address'],
    ['ssh', '203.0.113.0/24', 60, 'refused-address'],
    ['ssh', 'fe80::1%eth0', 60, 'refused-address'],
    ['ssh', '127.0.0.1', 60, 'refused-address'],
    ['ssh', '192.0.2.20', 60, 'refused-address'],
    ['ssh', '203.0.113.7', 601, 'refused-time'],
    ['ssh', '203.0.113.7', 0, 'refused-time'],
    ['ssh', '203.0.113.7', 1.5, 'refused-time'],
    ['ssh', '203.0.113.7', NaN, 'refused-time'],
    ['ssh', '203.0.113.7', Infinity, 'refused-time'],
  ] as const)('open %s %s %d: %s', async (name, address, seconds, code) => {
    const wall = new Wall();
    const { keeper } = await keeperOf(wall, door('ssh', wall.type()));
    await expect(keeper.open(name, address, seconds, quiet)).rejects.toMatchObject({ code });
    expect(wall.calls).toEqual([]);
    // what is refused to open for being this machine's own may have become so since: it can be closed
    const closes = code === 'refused-time' || address === '192.0.2.20';
    if (closes) return;
    await expect(keeper.close(name, address)).rejects.toMatchObject({ code });
    expect(wall.calls).toEqual([]);
  });

  test("an opening for an address that has become this machine's own can be closed", async () => {
    const wall = new Wall();
    const { keeper } = await keeperOf(wall, door('ssh', wall.type()));
    await keeper.close('ssh', '192.0.2.20');
    expect(wall.calls).toEqual(['close ssh 192.0.2.20']);
  });

  test('where the driver sets the time, nobody chooses another', async () => {
    const wall = new Wall();
    const fixed = door('ssh', wall.type('wall', { choosesTime: false, seconds: 30 }));
    const { keeper } = await keeperOf(wall, fixed);
    await expect(keeper.open('ssh', '203.0.113.7', 60, quiet)).rejects.toMatchObject({
      code: 'refused-time',
    });
    expect(wall.calls).toEqual([]);
    expect((await keeper.open('ssh', '203.0.113.7', 30, quiet)).remainingMs).toBe(30_000);
    expect(await keeper.doors()).toMatchObject([{ defaultSeconds: 30, longestSeconds: 30 }]);
  });
});

describe('limits', () => {
  test('openings under way count, so a burst cannot pass the number open', async () => {
    const wall = new Wall();
    const { keeper } = await keeperOf(wall, door('ssh', wall.type(), { perMinute: 100 }));
    const results = await Promise.allSettled(
      Array.from({ length: 10 }, (_, n) => keeper.open('ssh', `203.0.113.${n + 1}`, 60, quiet)),
    );
    expect(results.filter(({ status }) => status === 'fulfilled').length).toBe(3);
    expect(wall.open.size).toBe(3);
  });

  test('what the system has lost or closed frees its place', async () => {
    const wall = new Wall();
    const { keeper } = await keeperOf(wall, door('ssh', wall.type(), { maxOpen: 1 }));
    await keeper.open('ssh', '203.0.113.1', 600, quiet);
    await expect(keeper.open('ssh', '203.0.113.2', 60, quiet)).rejects.toMatchObject({
      code: 'refused-door-full',
    });
    expect([...wall.open.keys()]).toEqual(['203.0.113.1']);
    wall.open.clear(); // somebody flushed the ruleset
    await keeper.open('ssh', '203.0.113.2', 60, quiet);
    wall.now += 60_000;
    await keeper.open('ssh', '203.0.113.3', 60, quiet);
  });

  test('openings adopted at the start count', async () => {
    const wall = new Wall();
    wall.open.set('203.0.113.1', 60_000);
    const { keeper } = await keeperOf(wall, door('ssh', wall.type(), { maxOpen: 1 }));
    await expect(keeper.open('ssh', '203.0.113.2', 60, quiet)).rejects.toMatchObject({
      code: 'refused-door-full',
    });
  });

  test('the rate is of the last minute', async () => {
    const wall = new Wall();
    const { keeper } = await keeperOf(wall, door('ssh', wall.type(), { perMinute: 2 }));
    const open = () => keeper.open('ssh', '203.0.113.1', 60, quiet);
    await open();
    wall.now = 30_000;
    await open();
    wall.now = 59_999;
    const before = wall.calls.length;
    await expect(open()).rejects.toMatchObject({ code: 'refused-rate' });
    expect(wall.calls.length).toBe(before);
    wall.now = 60_000;
    await open();
  });
});

describe('order', () => {
  test('requests for one address go one after another; another address does not wait', async () => {
    const wall = new Wall();
    let go = quiet as () => void;
    wall.gate = new Promise((resolve) => (go = resolve));
    const { keeper } = await keeperOf(wall, door('ssh', wall.type()));
    const opened = keeper.open('ssh', '203.0.113.1', 60, quiet);
    const closed = keeper.close('ssh', '203.0.113.1');
    await keeper.close('ssh', '203.0.113.2');
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(wall.calls.sort()).toEqual(['close ssh 203.0.113.2', 'open ssh 203.0.113.1 60']);
    go();
    await Promise.all([opened, closed]);
    expect(wall.calls.at(-1)).toBe('close ssh 203.0.113.1');
    expect(wall.open.size).toBe(0);
  });
});

describe('replacing doors', () => {
  test('an unchanged door is not touched; limits change in place', async () => {
    const wall = new Wall();
    const type = wall.type();
    const { keeper } = await keeperOf(wall, door('ssh', type));
    await keeper.open('ssh', '203.0.113.1', 600, quiet);
    wall.calls.length = 0;
    await keeper.replace([door('ssh', type, { longestSeconds: 60 })]);
    expect(wall.calls).toEqual([]);
    await expect(keeper.open('ssh', '203.0.113.1', 61, quiet)).rejects.toMatchObject({
      code: 'refused-time',
    });
  });

  test('a changed door is restarted, a door that is gone is removed, a new one is started', async () => {
    const wall = new Wall();
    const type = wall.type();
    const { keeper } = await keeperOf(wall, door('ssh', type), door('old', type));
    await keeper.replace([door('ssh', type, { options: { port: 2 } }), door('web', type)]);
    expect(wall.calls).toEqual(
      expect.arrayContaining(['stop ssh', 'start ssh', 'remove old', 'start web']) as string[],
    );
    expect(wall.calls).not.toContain('remove ssh');
    expect(wall.calls.indexOf('remove old')).toBeLessThan(wall.calls.indexOf('start web'));
    await expect(keeper.inspect('old')).rejects.toMatchObject({ code: 'refused-door' });
  });

  test('a running opening ends before its door goes', async () => {
    const wall = new Wall();
    let go = quiet as () => void;
    wall.gate = new Promise((resolve) => (go = resolve));
    const { keeper } = await keeperOf(wall, door('ssh', wall.type()));
    const opened = keeper.open('ssh', '203.0.113.1', 60, quiet);
    await Promise.resolve();
    const replaced = keeper.replace([]);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(wall.calls).not.toContain('remove ssh');
    go();
    await opened;
    await replaced;
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(wall.calls.at(-1)).toBe('remove ssh');
  });

  test('a door whose tool is missing says so, refuses with that code, and is tried again', async () => {
    const wall = new Wall();
    wall.failStart = 'tool-missing';
    const type = wall.type();
    const { keeper, logged } = await keeperOf(wall, door('ssh', type));
    expect(await keeper.doors()).toMatchObject([{ name: 'ssh', driver: 'wall', problem: 'tool-missing' }]);
    for (const ask of [
      () => keeper.open('ssh', '203.0.113.1', 60, quiet),
      () => keeper.close('ssh', '203.0.113.1'),
      () => keeper.inspect('ssh'),
    ])
      await expect(ask()).rejects.toMatchObject({ code: 'tool-missing' });
    expect(wall.calls).toEqual([]);
    expect(logged.join()).toContain('ssh');
    wall.failStart = undefined;
    await keeper.replace([door('ssh', type)]);
    await keeper.open('ssh', '203.0.113.1', 60, quiet);
  });
});
