import fc from 'fast-check';
import { expect, test } from 'vitest';
import { buildPacket, checksum, flagByte } from '../../server/doors/knock-packet.ts';
import type { Knock } from '../../lib/knockd/read.ts';

const tcp: Knock = { port: 7324, protocol: 'tcp' };
const udp: Knock = { port: 7324, protocol: 'udp' };
const syn = new Map([['syn' as const, true]]);
const build = (source: string, destination: string, knock: Knock) =>
  buildPacket({ source, destination, knock, tcpFlags: syn, sourcePort: 40000, number: 0x01020304 });
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

// As tcpdump 4.99 -vv reads them: lengths and flags as meant, "cksum 0x3d07 (incorrect -> 0x3d06)".
test.each([
  [
    '203.0.113.7',
    '127.0.0.1',
    tcp,
    '450000280304400040067cc3cb0071077f000001' + '9c401c9c01020304000000005002faf03d070000',
  ],
  ['203.0.113.7', '127.0.0.1', udp, '4500001c0304400040117cc4cb0071077f000001' + '9c401c9c00088bf9'],
  [
    '2001:db8:7::7',
    '::1',
    tcp,
    '600000000014064020010db800070000000000000000000700000000000000000000000000000001' +
      '9c401c9c01020304000000005002faf0ca460000',
  ],
  [
    '2001:db8:7::7',
    '::1',
    udp,
    '600000000008114020010db800070000000000000000000700000000000000000000000000000001' + '9c401c9c0008193b',
  ],
])('from %s to %s, %o', (source, destination, knock, bytes) => {
  expect(hex(build(source, destination, knock))).toBe(bytes);
});

test('IPv4’s header is sound; the segment’s sum is one that no receiver takes', () => {
  const v4 = fc.ipV4().filter((address) => /^\d+\.\d+\.\d+\.\d+$/.test(address));
  const port = fc.integer({ min: 0, max: 65535 });
  fc.assert(
    fc.property(
      v4,
      port,
      port,
      fc.boolean(),
      fc.nat(2 ** 32 - 1),
      (source, to, sourcePort, isTcp, number) => {
        const knock: Knock = { port: to, protocol: isTcp ? 'tcp' : 'udp' };
        const bytes = [
          ...buildPacket({ source, destination: '127.0.0.1', knock, tcpFlags: syn, sourcePort, number }),
        ];
        expect(checksum(bytes.slice(0, 20))).toBe(0);
        const segment = bytes.slice(20);
        const pseudo = [...bytes.slice(12, 20), 0, bytes[9]!, 0, segment.length];
        expect(checksum([...pseudo, ...segment])).not.toBe(0);
        const sum = isTcp ? segment.slice(16, 18) : segment.slice(6, 8);
        expect(sum).not.toEqual([0, 0]); // UDP: "none given", which passes
        expect((bytes[2]! << 8) | bytes[3]!).toBe(bytes.length);
        expect((segment[2]! << 8) | segment[3]!).toBe(to);
      },
    ),
  );
});

test.each([tcp, udp])('IPv6, $protocol', (knock) => {
  const bytes = [...build('2001:db8:7::7', '::1', knock)];
  expect(bytes[0]! >> 4).toBe(6);
  expect(hex(Uint8Array.from(bytes.slice(8, 40)))).toBe(
    '20010db800070000000000000000000700000000000000000000000000000001',
  );
  const segment = bytes.slice(40);
  const pseudo = [...bytes.slice(8, 40), 0, 0, 0, segment.length, 0, 0, 0, bytes[6]!];
  expect(checksum([...pseudo, ...segment])).not.toBe(0);
});

test('an address’s zeros may stand anywhere', () => {
  const source = (address: string) => hex(build(address, '::1', udp).slice(8, 24));
  expect(source('2001:db8::')).toBe('20010db8000000000000000000000000');
  expect(source('::2')).toBe('00000000000000000000000000000002');
  expect(source('1:2:3:4:5:6:7:8')).toBe('00010002000300040005000600070008');
});

test('flags: SYN unless the door says otherwise', () => {
  expect(flagByte(new Map())).toBe(2);
  expect(flagByte(new Map([['syn', false]]))).toBe(0);
  expect(
    flagByte(
      new Map([
        ['syn', true],
        ['ack', true],
        ['fin', false],
        ['urg', true],
      ]),
    ),
  ).toBe(2 | 16 | 32);
});

test.each([
  ['203.0.113.7', '::1'],
  ['203.0.113.07', '127.0.0.1'],
  ['host', '127.0.0.1'],
])('no packet from %s to %s', (source, destination) => {
  expect(() => build(source, destination, tcp)).toThrow(RangeError);
});
