import { rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { LatchkeyError } from '../../lib/errors.ts';
import { commands, isJail } from '../../server/bans/fail2ban-commands.ts';
import { evidenceOf } from '../../server/bans/fail2ban-database.ts';
import { Fail2banSocket } from '../../server/bans/fail2ban-socket.ts';

const end = '<F2B_END_COMMAND>';
/** `(0, 'text')` */
const said = (text: string) => `\x80\x05K\x00\x8c${String.fromCharCode(text.length)}${text}\x86.`;

const undo: (() => void)[] = [];
afterEach(() => {
  for (const one of undo.splice(0).reverse()) one();
});

/** Somebody at the other end who answers as a test wants. */
async function listen(onRequest: (socket: Socket, n: number) => void) {
  const folder = await mkdtemp(join(tmpdir(), 'lk-f2b-'));
  const path = join(folder, 's');
  let n = 0;
  const heard: string[] = [];
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('data', (bytes) => {
      const parts = bytes.toString('latin1').split(end);
      heard.push(...parts.slice(0, -1));
      for (let i = 1; i < parts.length; i++) onRequest(socket, n++);
    });
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  const ours = new Fail2banSocket(path);
  undo.push(() => {
    ours.stop();
    for (const socket of sockets) socket.destroy();
    server.close();
    rmSync(folder, { recursive: true });
  });
  return { ours, heard, path };
}

describe('one connection', () => {
  test('answers come in order, however they are cut', async () => {
    const { ours } = await listen((socket, n) => {
      for (const byte of said(`r${n}`) + end) socket.write(Buffer.from(byte, 'latin1'));
    });
    expect(await ours.askEach([commands.status(), commands.version(), commands.database()])).toEqual([
      'r0',
      'r1',
      'r2',
    ]);
    expect(await ours.ask(commands.version())).toBe('r3');
    expect(ours.connections).toBe(1);
  });

  test('who hangs up is asked again by another connection', async () => {
    const { ours } = await listen((socket, n) =>
      n === 0 ? socket.destroy() : socket.write(said('ok') + end, 'latin1'),
    );
    await expect(ours.ask(commands.status())).rejects.toMatchObject({ code: 'tool-ended' });
    expect(await ours.ask(commands.status())).toBe('ok');
    expect(ours.connections).toBe(2);
  });

  test('who says nothing, nonsense, too much, or what nobody asked is given up with a code', async () => {
    const answers = ['nonsense' + end, said('a') + end + said('b') + end, 'x'.repeat(13 * 1024 * 1024)];
    for (const answer of answers) {
      const { ours } = await listen((socket) => socket.write(answer, 'latin1'));
      const outcome = await ours.ask(commands.status()).catch((error: unknown) => error);
      if (outcome !== 'a') expect(outcome).toMatchObject({ code: 'tool-failed' });
    }
    const { ours } = await listen(() => undefined);
    await expect(ours.ask({ ...commands.status(), patienceMs: 50 })).rejects.toMatchObject({
      code: 'tool-timeout',
    });
  });

  test('nobody there', async () => {
    const ours = new Fail2banSocket('/nonexistent/f.sock');
    await expect(ours.ask(commands.status())).rejects.toMatchObject({ code: 'tool-ended' });
  });
});

describe('what is said', () => {
  test.each([
    '',
    '-x',
    '--all',
    'a\nb',
    'a\u0000',
    `a${end}`,
    'loglevel',
    'dbfile',
    'thread',
    'x'.repeat(129),
  ])('a jail %j is never asked about', async (jail) => {
    const { heard } = await listen(() => undefined);
    expect(isJail(jail)).toBe(false);
    expect(() => commands.bans(jail)).toThrow(LatchkeyError);
    expect(() => commands.unbanIn(jail, '203.0.113.5')).toThrow(LatchkeyError);
    expect(heard).toEqual([]);
  });

  test.each([
    '2001:DB8::5',
    '::ffff:203.0.113.5',
    '203.0.113.0/24',
    'host.example',
    '--all',
    `203.0.113.5${end}`,
  ])('%j is never unbanned everywhere', (value) => {
    expect(() => commands.unban(value)).toThrow('tool-unsupported');
  });

  test.each(['host.example', '203.0.113.5/24', '--all', 'not an ip'])('%j is never banned', (value) => {
    expect(() => commands.ban('sshd', value)).toThrow('tool-unsupported');
  });
});

describe('evidence', () => {
  const lines = (...matches: unknown[]) => evidenceOf(1, JSON.stringify({ matches, failures: 3 })).lines;

  test('user and method, in either shape of a match', () => {
    expect(
      lines(
        [
          '',
          'Nov 22 06:14:17',
          ' host sshd[9]: Failed password for invalid user bob from 203.0.113.5 port 1 ssh2',
        ],
        'Nov 22 06:14:17 host sshd-session[9]: Invalid user a b from 203.0.113.5 port 1',
        'Nov 22 06:14:17 host sshd[9]: Received disconnect from 203.0.113.5 port 1:11: Bye Bye [preauth]',
        'anything else',
      ).map(({ user, method }) => [user, method]),
    ).toEqual([
      ['bob', 'password'],
      ['a b', undefined],
      [undefined, 'zombie'],
      [undefined, undefined],
    ]);
  });

  test.each([
    '',
    'null',
    '[]',
    '{"matches":5}',
    '{"matches":[5,null,{},[[]]],"failures":"x"}',
    '{"failures":-1,"matches":',
    '{"__proto__":{"matches":["x"]}}',
  ])('%s is little evidence, and no error', (json) => {
    const { lines: found, ...rest } = evidenceOf('x', json);
    expect(rest).toEqual({});
    for (const { text } of found) expect(text).toBe('');
  });

  test('a name with an ending of another line in it is a name', () => {
    const name = 'x from 192.0.2.1 port 1 ssh2';
    const [line] = lines(
      `Nov 22 06:14:17 h sshd[9]: Failed password for invalid user ${name} from 203.0.113.5 port 1 ssh2`,
    );
    expect(line?.method).toBe('password');
    expect(line?.user).toBe(name);
  });
});
