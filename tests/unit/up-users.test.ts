import { mkdirSync, chmodSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { readIdentity } from '../../server/drop.ts';
import { privateFolder, readPlain, writeWhole } from '../../server/files.ts';
import { folders } from '../../server/folders.ts';
import { greeterPort, newHomeFile, renewHomeFile } from '../../server/up/home-file.ts';
import { parseAgentFile } from '../../server/agent/config.ts';
import { requirePassable, usersFor } from '../../server/up/users.ts';
import type { RelayFacts } from '../../server/relay/main.ts';
import { scratchFolder } from './scratch.ts';

describe('users', () => {
  test('two fixed numbers of systemd’s dynamic range, unlike each other', async () => {
    const { relay, agent } = await usersFor(undefined);
    for (const number of [relay.uid, relay.gid, agent.uid, agent.gid]) {
      expect(number).toBeGreaterThanOrEqual(61184);
      expect(number).toBeLessThanOrEqual(65519);
    }
    expect(relay.uid).not.toBe(agent.uid);
    expect(relay.gid).not.toBe(agent.gid);
  });

  test('accounts by name, two different ones, never root', async () => {
    const { relay, agent } = await usersFor('daemon,nobody');
    expect(relay).toEqual({ uid: 1, gid: 1 });
    expect(agent.uid).toBe(65534);
    for (const wrong of [
      'root,nobody',
      'nobody,root',
      'nobody,nobody',
      'nobody',
      'a,b,c',
      'daemon,no-such-account',
      ',',
      '-x,nobody',
    ])
      await expect(usersFor(wrong), wrong).rejects.toMatchObject({ code: 'config-usage' });
  });

  test('an identity is two numbers, neither of them root’s', () => {
    expect(readIdentity('64711:64712')).toEqual({ uid: 64711, gid: 64712 });
    for (const wrong of ['0:1', '1:0', '1', 'a:b', '1:2:3', '-1:2', '1:'])
      expect(() => readIdentity(wrong), wrong).toThrow(/config-usage/);
  });
});

describe('folders and files', () => {
  const scratch = scratchFolder();

  test('LATCHKEY_DIR, then XDG_STATE_HOME', () => {
    expect(folders({ LATCHKEY_DIR: '/a/b' })).toMatchObject({ root: '/a/b', agent: '/a/b/agent' });
    if (process.getuid?.() === 0) expect(folders({}).root).toBe('/var/lib/latchkey');
    else expect(folders({ XDG_STATE_HOME: '/x' }).root).toBe('/x/latchkey');
  });

  test('a link that somebody put there is replaced, not followed', () => {
    const victim = path.join(scratch, 'victim');
    const link = path.join(scratch, 'link');
    writeFileSync(victim, 'precious');
    symlinkSync(victim, link);
    expect(() => readPlain(link)).toThrow(/config-unreadable/);
    writeWhole(link, 'ours', 0o600);
    expect(readFileSync(victim, 'utf8')).toBe('precious');
    expect(readPlain(link)).toBe('ours');
    expect(statSync(link).mode & 0o777).toBe(0o600);
    expect(readPlain(path.join(scratch, 'absent'))).toBeUndefined();
  });

  test('a private folder is made private, and a link to another is refused', () => {
    const folder = path.join(scratch, 'room');
    mkdirSync(folder, { mode: 0o755 });
    privateFolder(folder);
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    const link = path.join(scratch, 'room-link');
    symlinkSync(folder, link);
    expect(() => privateFolder(link)).toThrow();
  });

  test('a closed parent is named', () => {
    const open = path.join(scratch, 'open');
    mkdirSync(open);
    chmodSync(open, 0o711);
    chmodSync(scratch, 0o700);
    expect(() => requirePassable(open)).toThrow(new RegExp(`${scratch} is closed`));
    chmodSync(scratch, 0o711);
    expect(() => requirePassable(open)).not.toThrow();
  });
});

describe('agent.toml', () => {
  const relay: RelayFacts = {
    url: 'https://box:7443',
    port: 7443,
    plainPort: 7444,
    host: 'box',
    observer: 'A'.repeat(43),
    fingerprint: '',
    trust: 'pem',
    expires: '',
    uncovered: [],
    pages: true,
  };
  const door = { listen: 2222, target: '127.0.0.1:7445', isGreeter: true };

  test('a first one is what the home agent reads', () => {
    const text = newHomeFile('a "box"', '/run/helper.sock', door, relay);
    expect(parseAgentFile(text, '/etc/agent.toml')).toMatchObject({
      name: 'a "box"',
      allow_private: true,
      helper: '/run/helper.sock',
      relay: [
        {
          url: 'https://localhost:7443',
          ca: '/etc/relay.crt',
          own: true,
          public: ['https://box:7443', 'http://localhost:7444'],
        },
      ],
      observer: [{ key: relay.observer }],
      door: [{ name: 'hello', driver: 'proxy', listen: 2222, target: '127.0.0.1:7445', serves: 'other' }],
    });
    expect(greeterPort(text)).toBe(7445);
    const real = newHomeFile('box', '/s', { listen: 2222, target: '127.0.0.1:22', isGreeter: false }, relay);
    expect(greeterPort(real)).toBeUndefined();
    expect(parseAgentFile(real, '/a').door[0]?.name).toBe('ssh');
  });

  test('its own part follows the relay, the rest stays byte for byte', () => {
    const text = newHomeFile('box', '/s', door, relay).replace('[[door]]', '# mine\n[[door]]');
    const moved = renewHomeFile(text, { ...relay, url: 'https://new:8443', port: 8443, plainPort: 8444 });
    expect(parseAgentFile(moved, '/a').relay[0]).toMatchObject({ url: 'https://localhost:8443' });
    expect(moved.split('# --- written')[0]).toBe(text.split('# --- written')[0]);
    expect(renewHomeFile(moved, relay)).toBe(text);
    const taken = text.replace(/^# ---.*\n/gm, '');
    expect(renewHomeFile(taken, { ...relay, port: 1 })).toBe(taken);
  });
});
