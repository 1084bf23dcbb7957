import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';
import { expect, test } from 'vitest';
import { register } from '../../server/cli/relay.ts';
import { parseRelayFile } from '../../server/relay/config.ts';
import { sourceOf } from '../../server/relay/limits.ts';
import { Names, splitHost } from '../../server/relay/names.ts';
import { scratchFolder } from './scratch.ts';

const home = 'A'.repeat(43);

test('relay.toml: everything has a default', () => {
  expect(parseRelayFile('', 'relay.toml')).toEqual({
    names: [],
    homes: [],
    witnesses: [],
    limits: {},
  });
  const text = `port = 443\nhost = "Relay.Example"\nnames = ["a.example:443"]\nhomes = ["${home}"]\n[limits]\nframesPerSecond = 500\n`;
  expect(parseRelayFile(text, 'relay.toml')).toMatchObject({
    port: 443,
    host: 'relay.example',
    homes: [home],
    limits: { framesPerSecond: 500 },
  });
});

test.each([
  ['prot = 1', 'prot'],
  ['port = 70000', 'port'],
  ['port = "7443"', 'port'],
  ['homes = ["short"]', 'homes.0'],
  ['names = ["https://a.example"]', 'names.0'],
  ['[limits]\nframes = 1', 'limits.frames'],
  ['[limits]\nframesPerSecond = -1', 'limits.framesPerSecond'],
  ['certificate = "a.pem"', 'certificate and key'],
  ['port = ', 'line 1'],
])('a mistake is named: %s', (text, key) => {
  expect(() => parseRelayFile(text, 'relay.toml')).toThrow(key);
  expect(() => parseRelayFile(text, 'relay.toml')).toThrow(/config-invalid.*relay\.toml/);
});

test.each([['bad'], [home, 'B'.repeat(42)], [`${home}=`], [`${'A'.repeat(42)}+`]])(
  '--home of the command line is a mailbox, too: %s',
  async (...homes) => {
    const program = new Command('latchkey').exitOverride();
    register(program);
    const directory = join(scratchFolder(), 'relay');
    const words = ['node', 'latchkey', 'relay', '--dir', directory, '--home', ...homes];
    const wrong = homes.at(-1) ?? '';
    await expect(program.parseAsync(words)).rejects.toMatchObject({
      code: 'config-usage',
      detail: `--home "${wrong}": must be a mailbox id of 43 letters, as the home prints it`,
    });
    // nothing was begun
    expect(existsSync(directory)).toBe(false);
  },
);

test('the names it answers to, by port', () => {
  const names = new Names(['relay.example', 'far.example:443', 'fd00::2']);
  const at = { localAddress: '192.0.2.1', localPort: 7443, encrypted: true };
  for (const own of [
    'relay.example:7443',
    'RELAY.example:7443',
    'far.example',
    'far.example:443',
    '192.0.2.1:7443',
    '[fd00::2]:7443',
  ])
    expect(names.accept(own, at), own).toBe(own.toLowerCase());
  for (const other of [
    ...[
      'relay.example',
      'relay.example:443',
      'far.example:7443',
      '192.0.2.1',
      '192.0.2.2:7443',
      'localhost:7443',
    ],
    ...[
      'relay.example.:7443',
      'x.relay.example:7443',
      '[fd00::3]:7443',
      'fd00::2:7443',
      '',
      'a b',
      'a/b:7443',
    ],
    ...['relay.example:7443,evil', 'user@relay.example:7443', undefined],
  ])
    expect(names.accept(other, at), String(other)).toBeUndefined();
  const local = { localAddress: '::ffff:127.0.0.1', localPort: 7444, encrypted: false };
  for (const own of ['localhost:7444', '127.0.0.1:7444', 'relay.example:7444'])
    expect(names.accept(own, local)).toBe(own);
});

test('host and port apart', () => {
  expect(splitHost('a.example')).toEqual({ host: 'a.example', port: undefined });
  expect(splitHost('a.example:443')).toEqual({ host: 'a.example', port: 443 });
  expect(splitHost('fd00::2')).toEqual({ host: '[fd00::2]', port: undefined });
  expect(splitHost('[fd00::2]:443')).toEqual({ host: '[fd00::2]', port: 443 });
});

test('limits count IPv6 by its /64', () => {
  expect(sourceOf('203.0.113.7')).toBe('203.0.113.7');
  expect(sourceOf('2001:db8:1:2::1')).toBe(sourceOf('2001:db8:1:2:ffff::9'));
  expect(sourceOf('2001:db8:1:2::1')).not.toBe(sourceOf('2001:db8:1:3::1'));
});
