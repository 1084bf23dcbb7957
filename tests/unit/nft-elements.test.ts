import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { doorName } from '../../lib/door.ts';
import { openNftElements, parseElements, setName } from '../../server/doors/nft-elements.ts';
import { nftables, removeLine, setupLine } from '../../server/doors/nftables.ts';
import { count } from '../counts.ts';

describe('what nft prints', () => {
  test('as nft 1.0.6 does', () => {
    const text = `table inet latchkey {
	set v4_ssh {
		type ipv4_addr
		flags timeout
		elements = { 203.0.113.7 timeout 5m expires 4m59s996ms, 203.0.113.8 timeout 1d2h expires 1d1h59m3s4ms,
			     203.0.113.9 timeout 1s expires 12ms, 203.0.113.10 }
	}
}
table inet latchkey {
	set v6_ssh {
		elements = { 2001:db8:7::7 timeout 1h expires 59m59s }
	}
}`;
    expect(parseElements(text)).toEqual([
      { address: '203.0.113.7', remainingMs: 299_996 },
      { address: '203.0.113.8', remainingMs: 93_543_004 },
      { address: '203.0.113.9', remainingMs: 12 },
      { address: '203.0.113.10' },
      { address: '2001:db8:7::7', remainingMs: 3_599_000 },
    ]);
  });

  test('an empty set, a complaint, and anything else hold no opening and throw nothing', () => {
    expect(parseElements('table inet latchkey {\n\tset v4_ssh {\n\t\ttype ipv4_addr\n\t}\n}')).toEqual([]);
    expect(
      parseElements('Error: No such file or directory\nget element inet latchkey v4_ssh { 203.0.113.7 }'),
    ).toEqual([]);
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(Array.isArray(parseElements(`elements = { ${text} }`))).toBe(true);
      }),
      { numRuns: count(300, 100_000) },
    );
  });
});

describe('what nft is told', () => {
  test('a name that is no door name is in no line', () => {
    for (const name of ['', 'Ssh', 'ssh;', 'ssh }', '4ssh', 'a'.repeat(32), 'ssh\nflush ruleset', 'ssh-x']) {
      expect(() => setName(name, 4)).toThrow('tool-failed');
      expect(() => removeLine(name)).toThrow('tool-failed');
      expect(() => setupLine(name, { port: 22, protocol: 'tcp', mode: 'gate' })).toThrow('tool-failed');
    }
  });

  test('a port that is no number is in no line', () => {
    const port = '22 accept; flush ruleset' as unknown as number;
    expect(() => setupLine('ssh', { port, protocol: 'tcp', mode: 'gate' })).toThrow('tool-failed');
  });

  test('nothing but names, canonical addresses and whole seconds reaches nft, whatever is asked', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(fc.string(), fc.constant('ssh')),
        fc.oneof(fc.string(), fc.ipV4(), fc.ipV6(), fc.constant('203.0.113.7')),
        fc.oneof(fc.double(), fc.integer()),
        async (door, address, seconds) => {
          const told: string[] = [];
          const elements = openNftElements({
            ask: (lines) => {
              told.push(...lines);
              return Promise.resolve(lines.map(() => ''));
            },
            stop: () => Promise.resolve(),
          });
          await elements.add(door, address, seconds).catch(() => undefined);
          await elements.remove(door, address).catch(() => undefined);
          const word =
            /^(?:(?:add|delete|get) element inet latchkey [vs][46]_[a-z][a-z0-9_]{0,30} \{ [0-9a-f:.]+(?: timeout [1-9]\d*s)? \}(?:; |\n|$))+$/;
          for (const line of told) expect(line).toMatch(word);
          if (!doorName.test(door)) expect(told).toEqual([]);
        },
      ),
      { numRuns: count(500, 50_000) },
    );
  });
});

describe('options', () => {
  test('what a file may say', () => {
    expect(nftables.read({ port: 22, mode: 'gate' })).toEqual({ port: 22, protocol: 'tcp', mode: 'gate' });
    for (const [table, key] of [
      [{ port: 22 }, 'mode'],
      [{ mode: 'gate' }, 'port'],
      [{ port: 0, mode: 'gate' }, 'port'],
      [{ port: 22.5, mode: 'gate' }, 'port'],
      [{ port: '22', mode: 'gate' }, 'port'],
      [{ port: 22, mode: 'open' }, 'mode'],
      [{ port: 22, mode: 'gate', protocol: 'sctp' }, 'protocol'],
      [{ port: 22, mode: 'gate', table: 'filter' }, 'table'],
    ] as const)
      expect(() => nftables.read(table)).toThrow(new RegExp(`config-invalid.*${key}`));
  });
});
