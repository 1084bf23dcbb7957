import fc from 'fast-check';
import ipaddr from 'ipaddr.js';
import { describe, expect, test } from 'vitest';
import { isCanonical, kindOf, ofSocket, refusalOf, type AddressRules } from '../../lib/address.ts';
import { count } from '../counts.ts';

const runs = { numRuns: count(500, 20_000) };
const v4 = fc.uint8Array({ minLength: 4, maxLength: 4 }).map((bytes) => bytes.join('.'));
const v6 = fc
  .uint8Array({ minLength: 16, maxLength: 16 })
  .map((bytes) => new ipaddr.IPv6([...bytes]))
  .filter((address) => !address.isIPv4MappedAddress())
  .map((address) => address.toRFC5952String());

describe('one text for each address', () => {
  test('what is printed canonically is read', () => {
    fc.assert(
      fc.property(v4, (text) => isCanonical(text) === 4),
      runs,
    );
    fc.assert(
      fc.property(v6, (text) => isCanonical(text) === 6),
      runs,
    );
  });

  test('two canonical texts of one address are the same text', () => {
    const print = (text: string): string => {
      const address = ipaddr.parse(text);
      return address instanceof ipaddr.IPv6 ? address.toRFC5952String() : address.toString();
    };
    fc.assert(
      fc.property(fc.oneof(v4, v6, fc.ipV4(), fc.ipV6(), fc.string()), (text) => {
        if (isCanonical(text) !== undefined) expect(print(text)).toBe(text);
      }),
      runs,
    );
  });

  test.each([
    ...[
      '0x7f.1',
      '010.8.8.8',
      '1',
      '127.1',
      '8.8.8',
      '256.1.1.1',
      '1.2.3.4.5',
      '01.2.3.4',
      '1.2.3.4 ',
      ' 1.2.3.4',
    ],
    ...[
      '1.2.3.-4',
      '1.2.3.4/32',
      '１.2.3.4',
      '1.2.3.4\n',
      '0x01020304',
      '16909060',
      '1.2.3.0x4',
      '',
      '.',
      '1..2.3',
    ],
    ...[
      '::ffff:1.2.3.4',
      '::ffff:102:304',
      '::FFFF:1.2.3.4',
      'fe80::1%eth0',
      '[::1]',
      '::1/128',
      '2001:DB8::1',
    ],
    ...[
      '2001:db8:0:0:0:0:0:1',
      '2001:db8::0:1',
      '02001:db8::1',
      '2001:db8:::1',
      '::1.2.3.4',
      ':',
      '::g',
      '1::2::3',
    ],
    ...['2001:db8::1\u0000', '2001:0db8::1', '1:2:3:4:5:6:7:8:9', '1:2:3:4:5:6:7', '2001:db8:0:1:1:1:1:1 '],
  ])('%j is no address', (text) => {
    expect(isCanonical(text)).toBeUndefined();
  });

  test('never throws', () => {
    const pieces = fc.array(
      fc.constantFrom('0', '1', 'f', 'x', '.', ':', '::', '%', '/', '[', ']', '255', 'ffff', ' '),
      { maxLength: 12 },
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string({ unit: 'binary' }),
          pieces.map((each) => each.join('')),
        ),
        (text) => {
          isCanonical(text);
          ofSocket(text);
        },
      ),
      runs,
    );
  });
});

describe('a socket’s peer', () => {
  test('mapped IPv4 is unwrapped and a zone cut off', () => {
    expect(ofSocket('::ffff:203.0.113.7')).toBe('203.0.113.7');
    expect(ofSocket('fe80::1%eth0')).toBe('fe80::1');
    expect(ofSocket('2001:db8::1')).toBe('2001:db8::1');
    expect(ofSocket(undefined)).toBeUndefined();
    expect(ofSocket('')).toBeUndefined();
    expect(ofSocket('localhost')).toBeUndefined();
  });

  test('what comes out is canonical and the same address', () => {
    fc.assert(
      fc.property(v4, (text) => ofSocket(`::ffff:${text}`) === text && ofSocket(text) === text),
      runs,
    );
    fc.assert(
      fc.property(v6, (text) => ofSocket(ipaddr.IPv6.parse(text).toNormalizedString()) === text),
      runs,
    );
  });
});

describe('what a door may be opened for', () => {
  const kinds: [string, ReturnType<typeof kindOf>][] = [
    ['203.0.113.7', 'ordinary'], // documentation ranges are ordinary on purpose: the lab lives there
    ['198.51.100.1', 'ordinary'],
    ['192.0.2.1', 'ordinary'],
    ['2001:db8::7', 'ordinary'],
    ['8.8.8.8', 'ordinary'],
    ['2606:4700::1111', 'ordinary'],
    ['172.15.255.255', 'ordinary'],
    ['172.32.0.0', 'ordinary'],
    ['100.128.0.0', 'ordinary'],
    ['223.255.255.255', 'ordinary'],
    ['10.0.0.1', 'private'],
    ['172.16.0.1', 'private'],
    ['172.31.255.255', 'private'],
    ['192.168.255.255', 'private'],
    ['100.64.0.1', 'private'],
    ['100.127.255.255', 'private'],
    ['fd00::1', 'private'],
    ['fc00::1', 'private'],
    ['127.0.0.1', 'loopback'],
    ['127.255.255.254', 'loopback'],
    ['::1', 'loopback'],
    ['0.0.0.0', 'refused'],
    ['0.1.2.3', 'refused'],
    ['169.254.1.1', 'refused'],
    ['224.0.0.1', 'refused'],
    ['239.255.255.255', 'refused'],
    ['240.0.0.1', 'refused'],
    ['255.255.255.255', 'refused'],
    ['::', 'refused'],
    ['::2', 'refused'],
    ['fe80::1', 'refused'],
    ['febf::1', 'refused'],
    ['fec0::1', 'refused'],
    ['ff02::1', 'refused'],
  ];
  test.each(kinds)('%s is %s', (address, kind) => {
    expect(isCanonical(address)).toBeDefined();
    expect(kindOf(address)).toBe(kind);
  });

  const strict: AddressRules = {
    allowPrivate: false,
    allowLoopback: false,
    own: ['203.0.113.20', '192.168.1.5'],
  };
  const loose: AddressRules = { allowPrivate: true, allowLoopback: true, own: strict.own };

  test('by the rules of the home and the door', () => {
    expect(refusalOf('203.0.113.7', strict)).toBeUndefined();
    expect(refusalOf('192.168.1.9', strict)).toBe('refused-address-private');
    expect(refusalOf('192.168.1.9', loose)).toBeUndefined();
    expect(refusalOf('127.0.0.1', strict)).toBe('refused-address');
    expect(refusalOf('127.0.0.1', loose)).toBeUndefined();
    for (const rules of [strict, loose]) {
      for (const own of rules.own) expect(refusalOf(own, rules)).toBe('refused-address');
      for (const bad of ['0.0.0.0', 'fe80::1', '255.255.255.255', 'nonsense', '::ffff:203.0.113.7'])
        expect(refusalOf(bad, rules)).toBe('refused-address');
    }
  });

  test('whatever is let through is canonical and no refused kind', () => {
    fc.assert(
      fc.property(fc.oneof(v4, v6, fc.string()), (text) => {
        if (refusalOf(text, loose) !== undefined) return;
        expect(isCanonical(text)).toBeDefined();
        expect(kindOf(text)).not.toBe('refused');
      }),
      runs,
    );
  });
});
