import fc from 'fast-check';
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { iptablesChains, readSavedTables, withRule } from '../../server/doctor/firewall/iptables-save.ts';
import { savedElements } from '../../server/doctor/firewall/nft-text.ts';
import { readNft } from '../../server/doctor/firewall/nft-rules.ts';
import type { BaseChain, Packet } from '../../server/doctor/firewall/packet.ts';
import { fateOf } from '../../server/doctor/firewall/walk.ts';
import { count } from '../counts.ts';

// Recorded rulesets of real tools (tests/fixtures/firewall), and what the kernel does with a packet there.

const recorded = (name: string): string =>
  readFileSync(new URL(`../fixtures/firewall/${name}`, import.meta.url), 'utf8');

const stranger: Packet = {
  family: 4,
  protocol: 'tcp',
  port: 22,
  state: 'new',
  source: undefined,
  interface: 'eth0',
  destinations: ['192.0.2.20'],
  mark: 0,
  sets: [],
};

function verdict(chains: readonly BaseChain[], packet: Partial<Packet>): string {
  return fateOf({ ...stranger, ...packet }, chains).verdict;
}

const saved = (name: string) => iptablesChains(readSavedTables(recorded(name)), 4);

describe('iptables, chains of ufw', () => {
  const chains = saved('ufw.save');
  test.each([
    [{ port: 22 }, 'drop'],
    [{ port: 22, source: '192.168.1.7' }, 'accept'],
    [{ port: 22, source: '192.168.2.7' }, 'drop'],
    [{ port: 22, state: 'established' }, 'accept'],
    [{ port: 80 }, 'accept'],
    [{ port: 80, protocol: 'udp' }, 'drop'],
    // limited: somebody's first packet is let in
    [{ port: 8022 }, 'accept'],
    [{ port: 8022, source: '198.51.100.7' }, 'either'],
  ] as const)('%j: %s', (packet, expected) => {
    expect(verdict(chains, packet)).toBe(expected);
  });

  test('a rule that is added counts where it stands', () => {
    const tables = readSavedTables(recorded('ufw.save'));
    const text = '-s 198.51.100.9 -p tcp --dport 22 -j ACCEPT';
    const at = (position: number | 'end') =>
      verdict(iptablesChains(withRule(tables, { table: 'filter', chain: 'INPUT', text, position }), 4), {
        source: '198.51.100.9',
      });
    // the policy drops, and nothing before the end does
    expect([at(0), at('end')]).toEqual(['accept', 'accept']);
    expect(
      verdict(
        iptablesChains(
          withRule(tables, { table: 'filter', chain: 'INPUT', text: '-j DROP', position: 0 }),
          4,
        ),
        {
          state: 'established',
        },
      ),
    ).toBe('drop');
  });
});

describe('iptables, a drop at the end', () => {
  const chains = saved('seed.save');
  test.each([
    [{ port: 22 }, 'drop'],
    [{ port: 22, state: 'established' }, 'accept'],
    [{ port: 23, state: 'established' }, 'drop'],
  ] as const)('%j: %s', (packet, expected) => {
    expect(verdict(chains, packet)).toBe(expected);
  });
});

describe('iptables, all sorts', () => {
  const chains = saved('mixed.save');
  test.each([
    [{ port: 22 }, 'drop'],
    [{ port: 22, source: '198.51.100.7' }, 'drop'],
    // what u32 says of a packet cannot be told
    [{ port: 2022 }, 'either'],
    [{ port: 2200 }, 'drop'],
    [{ port: 2200, interface: 'wlan0' }, 'accept'],
    [{ port: 2200, interface: undefined }, 'either'],
    [{ port: 5000 }, 'accept'],
    [{ port: 5000, state: 'established' }, 'accept'],
    [{ port: 25 }, 'accept'],
    [{ port: 25, mark: 0x101 }, 'drop'],
    [{ port: 23, source: '10.0.0.1' }, 'drop'],
  ] as const)('%j: %s', (packet, expected) => {
    expect(verdict(chains, packet)).toBe(expected);
  });
});

describe('nft, chains of firewalld and a table more', () => {
  const read = readNft(recorded('ruleset.json'), () => false);
  const six = { family: 6, destinations: ['2001:db8:2::20'] } as const;
  test.each([
    [{ port: 22 }, 'accept'],
    [{ port: 22, interface: 'docker0' }, 'accept'],
    [{ port: 81 }, 'drop'],
    [{ port: 8005 }, 'accept'],
    [{ port: 8011 }, 'drop'],
    [{ port: 8011, state: 'established' }, 'accept'],
    [{ port: 5432 }, 'drop'],
    [{ port: 5433 }, 'drop'],
    [{ port: 5433, source: '10.1.2.3' }, 'accept'],
    [{ port: 443 }, 'drop'],
    [{ port: 9051 }, 'accept'],
    [{ port: 6000 }, 'drop'],
    [{ port: 6000, source: '198.51.100.3' }, 'accept'],
    [{ port: 6001 }, 'accept'],
    [{ port: 6001, ...six }, 'drop'],
    [{ port: 6002 }, 'drop'],
    [{ port: 6002, source: '198.51.100.7' }, 'accept'],
    [{ port: 6003 }, 'drop'],
    [{ port: 6003, mark: 0x6c61 }, 'accept'],
    [{ port: 6004 }, 'accept'],
    [{ port: 6005 }, 'either'],
    [{ port: 6005, protocol: 'udp' }, 'drop'],
    [{ port: 6006 }, 'drop'],
  ] as const)('%j: %s', (packet, expected) => {
    expect(verdict(read?.chains ?? [], packet)).toBe(expected);
  });

  test('the rule that cannot be judged is named', () => {
    const { doubts } = fateOf({ ...stranger, port: 6005 }, read?.chains ?? []);
    expect(doubts).toHaveLength(1);
    expect(doubts[0]).toContain('transparent');
  });
});

test('before connections are tracked every packet is invalid to who asks', () => {
  const rule = '-A PREROUTING -m conntrack --ctstate INVALID -p tcp -m tcp --dport 22 -j DROP';
  const at = (table: string) =>
    iptablesChains(readSavedTables(`*${table}\n:PREROUTING ACCEPT [0:0]\n${rule}\nCOMMIT\n`), 4);
  expect(['raw', 'mangle'].map((table) => verdict(at(table), {}))).toEqual(['drop', 'accept']);
});

test('elements of one set, as nft saves them and as a script adds them', () => {
  const text = `flush ruleset
    table ip other { set v4_ssh { type ipv4_addr; elements = { 192.0.2.1 } } }
    table inet latchkey {
      set v4_ssh {
        type ipv4_addr
        flags timeout
        elements = { 203.0.113.7 timeout 1m expires 59s, # one
                     203.0.113.8 counter packets 1 bytes 2 }
      }
      set v6_ssh { type ipv6_addr; flags timeout; }
    }
    add element inet latchkey v6_ssh { 2001:db8::7 timeout 5m }`;
  expect(savedElements(text, 'inet latchkey v4_ssh')).toEqual(['203.0.113.7', '203.0.113.8']);
  expect(savedElements(text, 'inet latchkey v6_ssh')).toEqual(['2001:db8::7']);
  expect(savedElements(text, 'inet latchkey v4_git')).toEqual([]);
});

describe('whatever stands there', () => {
  const words = fc.constantFrom(
    ...[
      '-A',
      'INPUT',
      '!',
      '-p',
      'tcp',
      '--dport',
      '22',
      '-s',
      '10.0.0.0/8',
      '-j',
      'DROP',
      'ACCEPT',
      'foo',
      '-m',
    ],
    ...[
      'mark',
      '--mark',
      '0x1/0x2',
      '-i',
      'eth+',
      '-g',
      '"',
      '\\',
      '--ctstate',
      'NEW',
      'conntrack',
      '-t',
      '::/0',
      '',
    ],
  );
  test('lines of iptables-save: an answer, never an exception', () => {
    const line = fc.oneof(
      fc.array(words, { maxLength: 14 }).map((all) => `-A INPUT ${all.join(' ')}`),
      fc.string(),
    );
    fc.assert(
      fc.property(fc.array(line, { maxLength: 12 }), fc.boolean(), (lines, established) => {
        const text = `*filter\n:INPUT DROP [0:0]\n:foo - [0:0]\n-A foo -j INPUT\n${lines.join('\n')}\nCOMMIT\n`;
        const chains = iptablesChains(readSavedTables(text), 4);
        expect(verdict(chains, { state: established ? 'established' : 'new' })).toMatch(
          /^(?:accept|drop|either)$/,
        );
      }),
      { numRuns: count(1000, 200_000) },
    );
  });

  test('JSON of nft’s shape: an answer, never an exception', () => {
    const names = fc.constantFrom(
      ...[
        'match',
        'vmap',
        'accept',
        'drop',
        'jump',
        'set',
        'limit',
        'mangle',
        'xt',
        'op',
        'left',
        'right',
        'key',
      ],
      ...[
        'data',
        'meta',
        'payload',
        'ct',
        'fib',
        'concat',
        '&',
        '==',
        'elem',
        'val',
        'prefix',
        'range',
        'target',
      ],
    );
    const { value } = fc.letrec<{ value: unknown }>((tie) => ({
      value: fc.oneof(
        { maxDepth: 6 },
        fc.constantFrom(null, 22, 'dport', 'tcp', 'state', 'new', '@s', 'c', 'saddr', true, '=='),
        fc.array(tie('value'), { maxLength: 3 }),
        fc.dictionary(names, tie('value'), { maxKeys: 3 }),
      ),
    }));
    const base = {
      family: 'inet',
      table: 't',
      name: 'c',
      type: 'filter',
      hook: 'input',
      prio: 0,
      policy: 'drop',
    };
    fc.assert(
      fc.property(fc.array(value, { maxLength: 4 }), (expr) => {
        const rule = { family: 'inet', table: 't', chain: 'c', expr };
        const read = readNft(JSON.stringify({ nftables: [{ chain: base }, { rule }] }), () => false);
        expect(verdict(read?.chains ?? [], {})).toMatch(/^(?:accept|drop|either)$/);
      }),
      { numRuns: count(1000, 200_000) },
    );
  });

  test('any text: no ruleset, and no exception', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        readNft(text, () => false);
        expect(savedElements(text, 'inet latchkey v4_ssh')).toEqual([]);
      }),
      { numRuns: count(500, 50_000) },
    );
  });
});
