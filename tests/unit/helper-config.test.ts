import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readDoor } from '../../server/doors/definition.ts';
import { nftables } from '../../server/doors/nftables.ts';
import { readHelperDoors } from '../../server/helper/config.ts';

const types = [nftables];
const table = { driver: 'nftables', port: 22, mode: 'gate' };

describe('one door', () => {
  test('what holds where the file says nothing', () => {
    expect(readDoor('ssh', table, types)).toEqual({
      name: 'ssh',
      type: nftables,
      options: { port: 22, protocol: 'tcp', mode: 'gate' },
      defaultSeconds: 300,
      longestSeconds: 3600,
      maxOpen: 16,
      perMinute: 60,
    });
  });

  test('a short longest shortens the default, a long default lengthens longest', () => {
    expect(readDoor('ssh', { ...table, longest: '2m' }, types)).toMatchObject({
      defaultSeconds: 120,
      longestSeconds: 120,
    });
    expect(readDoor('ssh', { ...table, default: '2h' }, types)).toMatchObject({
      defaultSeconds: 7200,
      longestSeconds: 7200,
    });
  });

  test.each([
    ['driver', {}],
    ['driver', { ...table, driver: 'iptables' }],
    ['default', { ...table, default: 300 }],
    ['default', { ...table, default: '5 minutes' }],
    ['default', { ...table, default: '2h', longest: '1h' }],
    ['max_open', { ...table, max_open: 0 }],
    ['per_minute', { ...table, per_minute: 1.5 }],
    ['serves', { ...table, serves: 'gopher' }],
    ['host', { ...table, host: 'a b' }],
    ['host', { ...table, host: '-oProxyCommand=x' }],
    ['colour', { ...table, colour: 'red' }],
    ['constructor', { ...table, constructor: 1 }],
  ])('%s is named when it is wrong', (key, wrong) => {
    expect(() => readDoor('ssh', wrong, types)).toThrow(new RegExp(`config-invalid.*${key}`));
  });

  test.each(['Ssh', '4ssh', 'ssh-x', '', 'a'.repeat(32), '../x'])('%j is no name for a door', (name) => {
    expect(() => readDoor(name, table, types)).toThrow('config-invalid');
  });
});

describe('the folder', () => {
  let dir: string;
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'lk-config-'));
    mkdirSync(join(dir, 'doors'));
  });
  afterEach(() => rmSync(dir, { recursive: true }));
  const put = (name: string, text: string) => writeFileSync(join(dir, 'doors', name), text, { mode: 0o644 });

  test('one file a door, in the order of their names; other files are not doors', () => {
    put('web.toml', 'driver = "nftables"\nport = 443\nmode = "mark"\n');
    put('ssh.toml', 'driver = "nftables"\nport = 22\nmode = "gate"\n');
    put('ssh.toml~', 'driver = "no');
    expect(readHelperDoors(dir, types).map(({ name }) => name)).toEqual(['ssh', 'web']);
  });

  test('a mistake names the file and the key', () => {
    put('ssh.toml', 'driver = "nftables"\nport = 22\nmode = "ajar"\n');
    expect(() => readHelperDoors(dir, types)).toThrow(/config-invalid.*doors\/ssh\.toml: mode/);
    put('ssh.toml', 'driver = \n');
    expect(() => readHelperDoors(dir, types)).toThrow(/config-invalid.*doors\/ssh\.toml/);
    put('ssh.toml', `# ${'x'.repeat(70_000)}`);
    expect(() => readHelperDoors(dir, types)).toThrow(/ssh\.toml/);
  });

  test('no folder of doors yet is no mistake; no DIR is one', () => {
    rmSync(join(dir, 'doors'), { recursive: true });
    expect(readHelperDoors(dir, types)).toEqual([]);
    expect(() => readHelperDoors(join(dir, 'nosuch'), types)).toThrow('config-unreadable');
  });
});
