import { lstat } from 'node:fs/promises';
import { connect } from 'node:net';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startLabHelper, type LabHelper } from './helper.ts';
import { createLab, type Lab } from './net.ts';
import { built } from '../support/built.ts';

// Needs root: a real helper with real nftables in a namespace.

const door = (more = '') => `driver = "nftables"\nport = 22\nmode = "gate"\n${more}`;
const quiet = () => undefined;

let lab: Lab;
beforeAll(async () => void (lab = await createLab()));
afterAll(() => lab.destroy());

const ruleset = async () =>
  (await lab.home.run('nft', ['list', 'ruleset'])).stdout.replace(/ expires \S+/g, '');
const clean = () => lab.home.run('nft', ['flush', 'ruleset']);

/** Sends raw bytes to the helper and gives back all lines until it ends the connection or is silent. */
/** Ends with `enough` lines, where it is known how many there are to be. */
function raw(
  path: string,
  bytes: string,
  { patienceMs = 500, enough = Infinity } = {},
): Promise<{ lines: string[]; ended: boolean }> {
  return new Promise((resolve, reject) => {
    const socket = connect(path);
    let text = '';
    let count = 0;
    const done = (ended: boolean) => {
      clearTimeout(timer);
      socket.destroy();
      resolve({ lines: text.split('\n').filter(Boolean), ended });
    };
    const timer = setTimeout(() => done(false), patienceMs);
    socket.setEncoding('utf8').on('data', (part: string) => {
      text += part;
      count += part.split('\n').length - 1;
      if (count >= enough) done(false);
    });
    socket.once('error', (error: NodeJS.ErrnoException) =>
      error.code === 'ECONNRESET' || error.code === 'EPIPE' ? done(true) : reject(error),
    );
    socket.once('end', () => done(true));
    socket.write(bytes);
  });
}

describe('verbs over the socket', () => {
  let helper: LabHelper;
  beforeAll(async () => {
    helper = await startLabHelper(lab, {
      ssh: door('default = "2m"\nlongest = "10m"\nmax_open = 3\nper_minute = 1000\nhost = "home.example"\n'),
      slow: 'driver = "nftables"\nport = 23\nmode = "gate"\nper_minute = 2\n',
    });
  });
  afterAll(async () => {
    await helper.client.stop();
    await helper.end();
    await clean();
  });

  test('doors, with abilities and limits and no rules', async () => {
    expect(await helper.client.doors()).toEqual([
      {
        name: 'slow',
        driver: 'nftables',
        closes: 'kernel',
        choosesTime: true,
        extends: true,
        readsBack: true,
        seesPackets: true,
        endpoint: { port: 23 },
        serves: 'ssh',
        service: { protocol: 'tcp', port: 23 },
        defaultSeconds: 300,
        longestSeconds: 3600,
      },
      {
        name: 'ssh',
        driver: 'nftables',
        closes: 'kernel',
        choosesTime: true,
        extends: true,
        readsBack: true,
        seesPackets: true,
        endpoint: { host: 'home.example', port: 22 },
        serves: 'ssh',
        service: { protocol: 'tcp', port: 22 },
        defaultSeconds: 120,
        longestSeconds: 600,
      },
    ]);
    await helper.client.ping();
    expect(await helper.client.sessions('ssh')).toEqual([]);
  });

  test('the socket is for the agent group alone', async () => {
    const folder = await lstat(dirname(helper.socket));
    const socket = await lstat(helper.socket);
    expect([folder.mode & 0o777, socket.mode & 0o777]).toEqual([0o750, 0o660]);
  });

  test('progress comes before the result, on the wire', async () => {
    const line = '{"id":7,"verb":"open","door":"ssh","address":"203.0.113.7","seconds":60}\n';
    const { lines } = await raw(helper.socket, line);
    expect(lines.map((one) => JSON.parse(one) as object)).toEqual([
      { id: 7, stage: 'asked' },
      { id: 7, stage: 'rule' },
      { id: 7, stage: 'checked' },
      { id: 7, ok: true, opening: { address: '203.0.113.7', remainingMs: expect.any(Number) as number } },
    ]);
    await helper.client.close('ssh', '203.0.113.7');
  });

  test.each([
    ['an unknown door', ['door', '203.0.113.7', 60], 'refused-door'],
    ['a name with nft in it', ['ssh; flush ruleset', '203.0.113.7', 60], 'refused-door'],
    ['a longer time than the door has', ['ssh', '203.0.113.7', 601], 'refused-time'],
    ['no time', ['ssh', '203.0.113.7', 0], 'refused-time'],
    ['a time before now', ['ssh', '203.0.113.7', -5], 'refused-time'],
    ['text for an address', ['ssh', 'everybody', 60], 'refused-address'],
    ['nft for an address', ['ssh', '203.0.113.7 }; flush ruleset; #', 60], 'refused-address'],
    ['a prefix', ['ssh', '203.0.113.0/24', 60], 'refused-address'],
    ['another print of an address', ['ssh', '203.0.113.007', 60], 'refused-address'],
    ['mapped IPv6', ['ssh', '::ffff:203.0.113.7', 60], 'refused-address'],
    ['multicast', ['ssh', '224.0.0.1', 60], 'refused-address'],
    ['link-local', ['ssh', 'fe80::1', 60], 'refused-address'],
    ['loopback', ['ssh', '127.0.0.1', 60], 'refused-address'],
    ['the home itself', ['ssh', '192.0.2.20', 60], 'refused-address'],
    ['everybody', ['ssh', '0.0.0.0', 60], 'refused-address'],
  ] as const)('%s is refused, and nothing changes', async (_what, [name, address, seconds], code) => {
    const before = await ruleset();
    const stages: string[] = [];
    await expect(
      helper.client.open(name, address, seconds, ({ stage }) => stages.push(stage)),
    ).rejects.toMatchObject({ code });
    expect(stages).toEqual([]);
    // closing the home's own address is allowed: it may have become so after it was opened
    if (code !== 'refused-time' && address !== '192.0.2.20')
      await expect(helper.client.close(name, address)).rejects.toMatchObject({ code });
    expect(await ruleset()).toBe(before);
  });

  test.each([
    ['no JSON', 'open the door\n', 'protocol-malformed'],
    ['another verb', '{"id":1,"verb":"run","command":"id"}\n', 'protocol-malformed'],
    ['an unknown key', '{"id":1,"verb":"ping","as":"root"}\n', 'protocol-malformed'],
    [
      'a key twice',
      '{"id":1,"verb":"open","door":"ssh","address":"203.0.113.7","seconds":9999,"seconds":60}\n',
      'protocol-malformed',
    ],
    [
      'half seconds',
      '{"id":1,"verb":"open","door":"ssh","address":"203.0.113.7","seconds":60.5}\n',
      'protocol-malformed',
    ],
    [
      'seconds as text',
      '{"id":1,"verb":"open","door":"ssh","address":"203.0.113.7","seconds":"60"}\n',
      'protocol-malformed',
    ],
    ['a list', '[{"id":1,"verb":"ping"}]\n', 'protocol-malformed'],
    ['an endless line', 'x'.repeat(70_000), 'protocol-oversized'],
    ['a long line', `{"id":1,"verb":"ping"${' '.repeat(70_000)}}\n`, 'protocol-oversized'],
  ])('%s ends the connection, and nothing changes', async (_what, bytes, code) => {
    const before = await ruleset();
    // What follows on the same connection is not done either.
    const after = '{"id":2,"verb":"open","door":"ssh","address":"203.0.113.7","seconds":60}\n';
    const { lines, ended } = await raw(helper.socket, bytes + (bytes.endsWith('\n') ? after : ''));
    expect(ended).toBe(true);
    expect(lines).toEqual([JSON.stringify({ id: null, ok: false, code })]);
    expect(await ruleset()).toBe(before);
    await helper.client.ping();
  });

  test('no more addresses at once than the door allows; an open one may still be lengthened', async () => {
    const open = (n: number, seconds = 60) => helper.client.open('ssh', `203.0.113.${n}`, seconds, quiet);
    await Promise.all([open(1), open(2), open(3, 1)]);
    const before = await ruleset();
    await expect(open(4)).rejects.toMatchObject({ code: 'refused-door-full' });
    expect(await ruleset()).toBe(before);
    await open(1, 120);
    await sleep(1100); // the third has ended by itself
    await open(4);
    for (const n of [1, 2, 4]) await helper.client.close('ssh', `203.0.113.${n}`);
  });

  test('no more openings in a minute than the door allows, and the others go on', async () => {
    await helper.client.open('slow', '203.0.113.1', 60, quiet);
    await helper.client.open('slow', '203.0.113.1', 60, quiet);
    const before = await ruleset();
    await expect(helper.client.open('slow', '203.0.113.2', 60, quiet)).rejects.toMatchObject({
      code: 'refused-rate',
    });
    expect(await ruleset()).toBe(before);
    await helper.client.open('ssh', '203.0.113.2', 60, quiet);
    await helper.client.close('ssh', '203.0.113.2');
    await helper.client.close('slow', '203.0.113.1');
  });

  test('a thousand pipelined requests are all answered', async () => {
    const ids = Array.from({ length: 1000 }, (_, id) => id);
    const { lines } = await raw(
      helper.socket,
      ids.map((id) => `{"id":${id},"verb":"inspect","door":"ssh"}\n`).join(''),
      { patienceMs: 60_000, enough: ids.length },
    );
    expect(lines.map((line) => (JSON.parse(line) as { id: number }).id).sort((a, b) => a - b)).toEqual(ids);
  });

  test('a second helper does not take the socket of a living one', async () => {
    const before = await ruleset();
    const other = await lab.home.run(
      process.execPath,
      [
        built(new URL('helper-process.ts', import.meta.url)),
        helper.config,
        helper.socket,
        lab.directory,
        '0',
      ],
      { anyStatus: true },
    );
    expect(other.code).toBe(1);
    expect(other.stderr).toContain('config-port-in-use');
    await helper.client.ping();
    expect(await ruleset()).toBe(before);
  });
});

describe('the client', () => {
  test('says tool-helper-gone at once, and finds the helper when it is back', async () => {
    const helper = await startLabHelper(lab, { ssh: door() });
    await helper.client.ping();
    await helper.kill('SIGKILL');
    const began = performance.now();
    await expect(helper.client.doors()).rejects.toMatchObject({ code: 'tool-helper-gone' });
    expect(performance.now() - began).toBeLessThan(500);
    await helper.start();
    expect((await helper.client.doors()).length).toBe(1);
    await helper.end();
    await clean();
    await helper.client.stop();
    await expect(helper.client.ping()).rejects.toMatchObject({ code: 'tool-helper-gone' });
  });

  test('an asker whose helper dies is told so', async () => {
    const helper = await startLabHelper(lab, { ssh: door() });
    await helper.client.ping();
    process.kill(helper.pid(), 'SIGSTOP');
    const asked = helper.client.doors();
    const outcome = expect(asked).rejects.toMatchObject({ code: 'tool-helper-gone' });
    await sleep(50);
    await helper.kill('SIGKILL');
    await outcome;
    await helper.client.stop();
    await clean();
  });
});
