import { expect, test } from 'vitest';
import { sharingOf, whyNoPacket } from '../../lib/client/address-notes.ts';

test.each([
  // what a terminal knows of itself
  ['203.0.113.7', { polls: false, local: ['127.0.0.1', '203.0.113.7'] }, 'own'],
  ['203.0.113.7', { polls: false, local: ['127.0.0.1', '192.168.1.5'] }, 'network'],
  ['203.0.113.7', { polls: false, local: ['100.64.3.9'] }, 'carrier'],
  ['2001:db8::7', { polls: false, local: ['2001:db8::7'] }, 'own'],
  ['2001:db8::7', { polls: false, local: ['fd00::7'] }, 'network'],
  ['127.0.0.1', { polls: true, local: ['127.0.0.1'] }, 'own'],
  // through a proxy, unless the address is this machine's own
  ['203.0.113.66', { polls: true, local: ['10.0.0.5'] }, 'proxy'],
  ['2001:db8::66', { polls: true, local: ['2001:db8::7'] }, 'proxy'],
  // a page knows nothing of itself
  ['203.0.113.7', { polls: false }, 'network'],
  ['100.127.255.254', { polls: false }, 'carrier'],
  ['100.128.0.1', { polls: false }, 'network'],
  ['2001:db8::7', { polls: false }, 'own'],
] as const)('%s, %o: %s', (address, exit, sharing) => {
  expect(sharingOf(address, exit)).toBe(sharing);
});

test('why no packet came: the proxy before all, then the family that is not open', () => {
  const [four, six] = ['203.0.113.7', '2001:db8::7'];
  expect(whyNoPacket({ address: four }, { polls: true })).toBe('proxy');
  expect(whyNoPacket({ address: four }, { polls: false })).toBe('family');
  expect(whyNoPacket({ address: four, also: six }, { polls: false })).toBe('exit');
});
