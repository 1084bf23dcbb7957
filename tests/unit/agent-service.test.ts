import { createSocket } from 'node:dgram';
import { createServer } from 'node:net';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { boundAt } from '../../server/agent/listening.ts';
import { readSockets, serviceState, type Bound, type BoundSocket } from '../../server/agent/service.ts';
import { count } from '../counts.ts';

// As Linux 6.18 prints it on a little-endian machine.
const tcp = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:08B0 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 2714015 1 00000000e3bfa628 100 0 0 10 0
   1: 00000000:0016 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 77 1 00000000e3bfa628 100 0 0 10 0
   2: 140200C0:0016 077100CB:CAAC 01 00000000:00000000 02:000AFD4E 00000000     0        0 78 4 00000000e3bfa628 20 4 30 10 -1
`;
const tcp6 = `  sl  local_address                         remote_address                        st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 00000000000000000000000000000000:08AF 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 2714014 1 00000000d05e8597 100 0 0 10 0
   1: B80D0120000002000000000020000000:0016 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 79 1 00000000d05e8597 100 0 0 10 0
   2: 0000000000000000FFFF00000100007F:0050 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 80 1 00000000d05e8597 100 0 0 10 0
`;

describe('the table of sockets', () => {
  test('says who listens, where, and nothing of connections', () => {
    expect(readSockets(tcp)).toEqual([
      { address: '127.0.0.1', port: 2224, inode: '2714015' },
      { address: '0.0.0.0', port: 22, inode: '77' },
    ]);
    expect(readSockets(tcp6)).toEqual([
      { address: '::', port: 2223, inode: '2714014' },
      { address: '2001:db8:2::20', port: 22, inode: '79' },
      { address: '127.0.0.1', port: 80, inode: '80' },
    ]);
  });

  test('any text gives an answer', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string({ unit: 'binary' }),
          fc
            .tuple(fc.constantFrom(tcp, tcp6), fc.nat(400), fc.string({ maxLength: 3 }))
            .map(([text, at, put]) => text.slice(0, at) + put + text.slice(at + 1)),
        ),
        (text) => {
          for (const { port } of readSockets(text)) expect(port).toBeLessThan(65_536);
        },
      ),
      { numRuns: count(300, 100_000) },
    );
  });
});

const four = '203.0.113.7';
const six = '2001:db8:7::7';
const bound = (...sockets: (readonly [address: string, only6?: boolean])[]): Bound => ({
  sockets: sockets.map(([address], n): BoundSocket => ({ address, port: 22, inode: String(n) })),
  onlyIpv6: (inode) => sockets[Number(inode)]?.[1],
  own: ['127.0.0.1', '::1', '192.0.2.20'],
});
const ssh = { protocol: 'tcp', port: 22 } as const;

describe('whether a service waits behind a door', () => {
  test.each([
    ['nobody', bound(), four, 'silent'],
    ['all of IPv4', bound(['0.0.0.0']), four, 'listens'],
    ['all of IPv4, asked for IPv6', bound(['0.0.0.0']), six, 'family'],
    ['all of both', bound(['::', false]), four, 'listens'],
    ['all of both, asked for IPv6', bound(['::', false]), six, 'listens'],
    ['all of IPv6 alone', bound(['::', true]), four, 'family'],
    ['all, and nobody can say of which', bound(['::']), four, 'unknown'],
    ['one address', bound(['192.0.2.20']), four, 'listens'],
    ['one address of the other family', bound(['2001:db8:2::20']), four, 'family'],
    ['loopback', bound(['127.0.0.1'], ['::1']), four, 'loopback'],
    ['loopback, asked for IPv6', bound(['127.0.0.1'], ['::1']), six, 'loopback'],
  ] as const)('%s: %s', (_who, sockets, address, state) => {
    expect(serviceState(ssh, address, sockets)).toBe(state);
    expect(serviceState({ ...ssh, port: 23 }, address, sockets)).toBe('silent');
    // UDP: nobody there is nobody there; somebody promises nothing.
    const udp = serviceState({ ...ssh, protocol: 'udp' }, address, sockets);
    expect(udp).toBe(state === 'listens' ? 'unknown' : state);
  });

  test.each([
    ['127.0.0.1', bound(['127.0.0.1']), 'listens'],
    ['127.0.0.1', bound(['0.0.0.0']), 'listens'],
    ['127.0.0.1', bound(['192.0.2.20']), 'family'],
    ['localhost', bound(['::1']), 'listens'],
    ['localhost', bound(), 'silent'],
    ['192.0.2.20', bound(['192.0.2.20']), 'listens'],
    ['192.168.1.5', bound(['0.0.0.0']), 'unknown'],
    ['nas.example.net', bound(['0.0.0.0']), 'unknown'],
  ] as const)('a proxy’s target %s', (host, sockets, state) => {
    expect(serviceState({ ...ssh, host }, six, sockets)).toBe(state);
  });

  test('a door that leads nobody knows where, and a machine without /proc', () => {
    expect(serviceState(undefined, four, bound(['0.0.0.0']))).toBe('unknown');
    expect(serviceState(ssh, four, undefined)).toBe('unknown');
  });
});

describe.runIf(process.platform === 'linux')('this machine’s own table', () => {
  const listening = async (options: object): Promise<{ port: number; close: () => void }> => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen({ port: 0, ...options }, resolve));
    const { port } = server.address() as { port: number };
    return { port, close: () => void server.close() };
  };
  const stateAt = async (port: number, address: string) =>
    serviceState({ protocol: 'tcp', port }, address, await boundAt('tcp', new Set([port])));

  test('a server of each kind, and none', async () => {
    const lo = await listening({ host: '127.0.0.1' });
    const only4 = await listening({ host: '0.0.0.0' });
    expect(await stateAt(lo.port, four)).toBe('loopback');
    expect(await stateAt(only4.port, four)).toBe('listens');
    expect(await stateAt(only4.port, six)).toBe('family');
    for (const { close } of [lo, only4]) close();
    expect(await stateAt(only4.port, four)).toBe('silent');
  });

  test('`::` with and without IPv4, as ss tells', async () => {
    const both = await listening({ host: '::' });
    const only6 = await listening({ host: '::', ipv6Only: true });
    expect([await stateAt(both.port, four), await stateAt(both.port, six)]).toEqual(['listens', 'listens']);
    expect([await stateAt(only6.port, four), await stateAt(only6.port, six)]).toEqual(['family', 'listens']);
    for (const { close } of [both, only6]) close();
  });

  test('a bound UDP socket', async () => {
    const socket = createSocket('udp4');
    await new Promise<void>((resolve) => socket.bind(0, resolve));
    const { port } = socket.address();
    const state = async () =>
      serviceState({ protocol: 'udp', port }, four, await boundAt('udp', new Set([port])));
    expect(await state()).toBe('unknown');
    await new Promise<void>((resolve) => socket.close(() => resolve()));
    expect(await state()).toBe('silent');
  });
});
