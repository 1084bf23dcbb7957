import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { networkInterfaces } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, test } from 'vitest';
import { freePort } from '../support/free-port.ts';
import { proxy } from '../../server/doors/proxy.ts';
import type { AddressInfo, Server, Socket } from 'node:net';
import type { ProxyDriver } from '../../server/doors/proxy.ts';

const servers: Server[] = [];
const doors: ProxyDriver[] = [];
const sockets: Socket[] = [];
afterEach(async () => {
  for (const door of doors.splice(0)) await door.stop();
  for (const socket of sockets.splice(0)) socket.destroy();
  for (const server of servers.splice(0)) server.close();
});

/** A server on a port of its own; `seen` counts its connections. */
async function serve(onSocket: (socket: Socket) => void): Promise<{ port: number; seen: () => number }> {
  let seen = 0;
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    seen += 1;
    sockets.push(socket);
    socket.on('error', () => undefined);
    onSocket(socket);
  });
  servers.push(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { port: (server.address() as AddressInfo).port, seen: () => seen };
}
const echo = (socket: Socket) => socket.pipe(socket);

const log: string[] = [];
async function make(target: number): Promise<{ door: ProxyDriver; listen: number }> {
  const listen = await freePort();
  const options = proxy.read({ listen, target: `127.0.0.1:${target}` });
  const door = proxy.create(options, {
    door: 'front',
    directory: '/nonexistent',
    log: (line) => log.push(line),
  });
  doors.push(door);
  await door.start();
  return { door, listen };
}
const ignore = () => undefined;

/** What a caller gets: everything until the end, or the error's code. */
async function call(port: number, host: string, say?: string): Promise<string> {
  const socket = connect({ port, host, allowHalfOpen: true });
  sockets.push(socket);
  let got = '';
  socket.on('data', (bytes: Buffer) => (got += bytes.toString()));
  try {
    await once(socket, 'connect');
    socket.end(say ?? '');
    await once(socket, 'end');
    return got;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? 'error';
  }
}

describe('a listener that exists only while the door is open', () => {
  test('closed: nothing listens; open: bytes pass both ways; closed again: nothing listens', async () => {
    const target = await serve(echo);
    const { door, listen } = await make(target.port);
    expect(await call(listen, '127.0.0.1')).toBe('ECONNREFUSED');
    expect(await door.inspect()).toEqual([]);

    const stages: string[] = [];
    const opening = await door.open('127.0.0.1', 5, ({ stage }) => stages.push(stage));
    expect(opening.address).toBe('127.0.0.1');
    expect(opening.remainingMs).toBeGreaterThan(4900);
    expect(opening.remainingMs).toBeLessThanOrEqual(5000);
    expect(stages).toEqual(['asked', 'rule', 'checked']);
    const text = 'x'.repeat(1_000_000);
    expect(await call(listen, '127.0.0.1', text)).toBe(text);

    await door.close('127.0.0.1');
    expect(await door.inspect()).toEqual([]);
    expect(await call(listen, '127.0.0.1')).toBe('ECONNREFUSED');
    await door.close('127.0.0.1');
    expect(target.seen()).toBe(1);
  });

  test('for exactly the opened address: another one gets no byte, and the target hears nothing', async () => {
    const target = await serve((socket) => socket.end('SSH-2.0-test\r\n'));
    const { door, listen } = await make(target.port);
    await door.open('203.0.113.7', 5, ignore);
    expect(['', 'ECONNRESET']).toContain(await call(listen, '127.0.0.1'));
    expect(['', 'ECONNRESET']).toContain(await call(listen, '::1'));
    expect(target.seen()).toBe(0);
    expect(door.connections()).toEqual([]);
    await door.open('::1', 5, ignore);
    expect(await call(listen, '::1')).toBe('SSH-2.0-test\r\n');
    expect(['', 'ECONNRESET']).toContain(await call(listen, '127.0.0.1'));
    expect(target.seen()).toBe(1);
  });

  test('IPv4 callers of a listener on :: are known by their IPv4 address', async () => {
    const target = await serve(echo);
    const { door, listen } = await make(target.port);
    const own = Object.values(networkInterfaces())
      .flat()
      .find((one) => one?.family === 'IPv4')!.address;
    await door.open(own, 5, ignore);
    const socket = connect({ port: listen, host: '127.0.0.1', localAddress: own });
    sockets.push(socket);
    socket.end('hello');
    const [bytes] = (await once(socket, 'data')) as [Buffer];
    expect(bytes.toString()).toBe('hello');
  });

  test('its time: new connections are refused then, live ones live on', async () => {
    const target = await serve(echo);
    const { door, listen } = await make(target.port);
    await door.open('127.0.0.1', 1, ignore);
    const live = connect(listen, '127.0.0.1');
    sockets.push(live);
    await once(live, 'connect');
    await sleep(1050);
    expect(await call(listen, '127.0.0.1')).toBe('ECONNREFUSED');
    expect(await door.inspect()).toEqual([]);
    live.write('still');
    const [bytes] = (await once(live, 'data')) as [Buffer];
    expect(bytes.toString()).toBe('still');
  });

  test('opening again lengthens, or shortens; two addresses have two times', async () => {
    const { door } = await make(1);
    await door.open('203.0.113.7', 1, ignore);
    await door.open('203.0.113.66', 100, ignore);
    const { remainingMs } = await door.open('203.0.113.7', 50, ignore);
    expect(remainingMs).toBeGreaterThan(49_000);
    await sleep(1100);
    expect((await door.inspect()).map(({ address }) => address)).toEqual(['203.0.113.7', '203.0.113.66']);
    await door.open('203.0.113.66', 1, ignore);
    await sleep(1050);
    expect((await door.inspect()).map(({ address }) => address)).toEqual(['203.0.113.7']);
  });

  test('a port in use: tool-failed names it, and nothing is open', async () => {
    const target = await serve(echo);
    const { door, listen } = await make(target.port);
    const other = createServer().listen(listen);
    servers.push(other);
    await once(other, 'listening');
    await expect(door.open('127.0.0.1', 5, ignore)).rejects.toMatchObject({
      code: 'tool-failed',
      detail: `port ${listen} is in use`,
    });
    expect(await door.inspect()).toEqual([]);
    other.close();
    await once(other, 'close');
    expect(await door.open('127.0.0.1', 5, ignore)).toMatchObject({ address: '127.0.0.1' });
  });

  test('stop: no listener, no connection', async () => {
    const target = await serve(echo);
    const { door, listen } = await make(target.port);
    await door.open('127.0.0.1', 5, ignore);
    const live = connect(listen, '127.0.0.1');
    sockets.push(live);
    await once(live, 'connect');
    live.resume();
    await door.stop();
    await once(live, 'close');
    expect(await call(listen, '127.0.0.1')).toBe('ECONNREFUSED');
  });
});

describe('what passes', () => {
  test('a half-closed caller still gets its answer, and a half-closed target still listens', async () => {
    const late = await serve((socket) => {
      socket.resume();
      socket.once('end', () => setTimeout(() => socket.end('after your end'), 50));
    });
    const first = await make(late.port);
    await first.door.open('127.0.0.1', 5, ignore);
    expect(await call(first.listen, '127.0.0.1', 'question')).toBe('after your end');

    let heard = '';
    const early = await serve((socket) => {
      socket.end('bye');
      socket.on('data', (bytes: Buffer) => (heard += bytes.toString()));
    });
    const second = await make(early.port);
    await second.door.open('127.0.0.1', 5, ignore);
    const socket = connect({ port: second.listen, host: '127.0.0.1', allowHalfOpen: true });
    sockets.push(socket);
    socket.resume();
    await once(socket, 'end');
    socket.end('still talking');
    await once(socket, 'close');
    await sleep(50);
    expect(heard).toBe('still talking');
  });

  test('a target that is not there: the caller is let go, the log says why', async () => {
    const nobody = await freePort();
    const { door, listen } = await make(nobody);
    await door.open('127.0.0.1', 5, ignore);
    expect(['', 'ECONNRESET']).toContain(await call(listen, '127.0.0.1', 'x'));
    expect(log.at(-1)).toContain('ECONNREFUSED');
    expect(door.connections()).toEqual([]);
  });

  test('a reset on either side ends the other and nothing else', async () => {
    let inner: Socket | undefined;
    const target = await serve((socket) => {
      inner ??= socket;
      echo(socket);
    });
    const { door, listen } = await make(target.port);
    await door.open('127.0.0.1', 5, ignore);
    const live = connect(listen, '127.0.0.1');
    sockets.push(live);
    await once(live, 'connect');
    live.write('x');
    await once(live, 'data');
    live.resetAndDestroy();
    await sleep(50);
    expect(door.connections().filter((one) => one.live)).toEqual([]);
    expect(inner?.destroyed).toBe(true);
    expect(await call(listen, '127.0.0.1', 'again')).toBe('again');
  });

  test('no more than 64 connections at once', async () => {
    const target = await serve(echo);
    const { door, listen } = await make(target.port);
    await door.open('127.0.0.1', 30, ignore);
    const many = await Promise.all(
      Array.from({ length: 64 }, async () => {
        const socket = connect(listen, '127.0.0.1');
        sockets.push(socket);
        socket.write('x');
        await once(socket, 'data');
        return socket;
      }),
    );
    expect(['', 'ECONNRESET']).toContain(await call(listen, '127.0.0.1', 'one more'));
    expect(target.seen()).toBe(64);
    many[0]!.destroy();
    await sleep(50);
    expect(await call(listen, '127.0.0.1', 'one more')).toBe('one more');
  });
});

test('connections tell the port that the target sees', async () => {
  let peer = 0;
  const target = await serve((socket) => {
    peer = socket.remotePort ?? 0;
    echo(socket);
  });
  const { door, listen } = await make(target.port);
  await door.open('127.0.0.1', 5, ignore);
  const live = connect(listen, '127.0.0.1');
  sockets.push(live);
  live.write('x');
  await once(live, 'data');
  const [connection, ...others] = door.connections();
  expect(others).toEqual([]);
  expect(connection).toMatchObject({ address: '127.0.0.1', outgoingPort: peer, live: true });
  expect(Math.abs(connection!.at - Date.now())).toBeLessThan(2000);
  live.destroy();
  await sleep(50);
  expect(door.connections()).toEqual([{ ...connection, live: false }]);
  await door.close('127.0.0.1');
  expect(door.connections()).toEqual([]);
});

describe('options', () => {
  test.each([
    [{ listen: 2222, target: '127.0.0.1:22' }, { port: 2222 }, { host: '127.0.0.1', port: 22 }],
    [{ listen: '2222', target: 'nas.lan:22' }, { port: 2222 }, { host: 'nas.lan', port: 22 }],
    [
      { listen: '192.0.2.1:2222', target: '[::1]:22' },
      { host: '192.0.2.1', port: 2222 },
      { host: '::1', port: 22 },
    ],
  ])('%o', (table, listen, target) => {
    expect(proxy.read(table)).toEqual({ listen, target });
    expect(proxy.port(proxy.read(table))).toBe(2222);
  });

  test.each([
    [{ target: '127.0.0.1:22' }, /^listen:/],
    [{ listen: 0, target: '127.0.0.1:22' }, /^listen:/],
    [{ listen: 65536, target: '127.0.0.1:22' }, /^listen:/],
    [{ listen: 22.5, target: '127.0.0.1:22' }, /^listen:/],
    [{ listen: '[x]:22', target: '127.0.0.1:22' }, /^listen:/],
    [{ listen: '::1:22', target: '127.0.0.1:22' }, /^listen:/],
    [{ listen: 2222 }, /^target:/],
    [{ listen: 2222, target: 22 }, /^target:/],
    [{ listen: 2222, target: 'a b:22' }, /^target:/],
    [{ listen: 2222, target: '127.0.0.1:22', command: 'x' }, /^command: unknown key/],
  ])('refused: %o', (table, detail) => {
    expect(() => proxy.read(table)).toThrow(
      expect.objectContaining({ code: 'config-invalid', detail: expect.stringMatching(detail) as string }),
    );
  });
});
