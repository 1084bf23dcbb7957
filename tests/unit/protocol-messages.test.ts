import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { utf8 } from '../../lib/protocol/bytes.ts';
import {
  readChallenge,
  readClaim,
  readNotice,
  readRequest,
  writeMessage,
  type Claim,
  type Notice,
  type Request,
} from '../../lib/protocol/message.ts';
import { runs } from './protocol/amount.ts';
import { refusal } from './protocol/refuses.ts';

const id = 'A'.repeat(22);
const key = 'A'.repeat(43);
const signature = 'A'.repeat(86);
const observers = [{ key, url: '', family: 'any', nonce: key } as const];
const door = {
  name: 'front',
  driver: 'proxy',
  state: 'open',
  endpoint: { host: 'attic.example.net', port: 22, protocol: 'udp' },
  serves: 'other',
  choosesTime: true,
  extends: true,
  readsBack: true,
  defaultSeconds: 300,
  longestSeconds: 3600,
  openings: [
    {
      address: '203.0.113.47',
      mine: true,
      by: 'phone',
      lengthMs: 1,
      remainingMs: 1,
      overdue: true,
      session: { user: 'marta', sinceMs: 1, port: 51_884 },
      seen: true,
      proof: {
        ruleMs: 1,
        service: { state: 'listens', ms: 1 },
        packet: { seen: true, ms: 1 },
        sessions: true,
        ended: { user: 'marta', ms: 1 },
      },
    },
  ],
  verifiedMs: 1,
  problem: 'tool-missing',
} as const;
const event = { n: 1, at: 1, kind: 'opened', door: 'front', seconds: 300 } as const;

const requests: Request[] = [
  { type: 'arm', door: 'front' },
  {
    type: 'open',
    id,
    door: 'front',
    challenge: key,
    seconds: 300,
    evidence: [{ observer: key, address: '203.0.113.47', signature }],
  },
  { type: 'close', id, door: 'front' },
  { type: 'inspect', door: 'front' },
  { type: 'doors' },
  { type: 'follow', on: true },
  { type: 'activity', before: 9, limit: 50 },
  { type: 'devices' },
  { type: 'revoke', id, device: id },
];

const notices: Notice[] = [
  {
    type: 'ready',
    home: { name: 'attic', ownRelay: true },
    device: id,
    name: 'phone',
    pairing: 'waiting',
    waitMs: 1,
  },
  { type: 'refused', code: 'session-revoked' },
  { type: 'reply', re: 1, ok: true, result: { type: 'armed', challenge: key, observers: [...observers] } },
  {
    type: 'reply',
    re: 2,
    ok: true,
    result: {
      type: 'opened',
      door: { ...door, openings: [...door.openings] },
      address: '203.0.113.47',
      steps: [{ step: 'knock', n: 1, of: 3, atMs: 5 }],
      remainingMs: 1,
      vouched: false,
    },
  },
  { type: 'reply', re: 3, ok: true, result: { type: 'activity', events: [event] } },
  { type: 'failure', re: 4, code: 'refused-door-open', remainingMs: 5 },
  { type: 'progress', id, step: 'asked', atMs: 1 },
  { type: 'event', event },
  { type: 'paired', ok: false, code: 'pairing-refused' },
];
const claim: Claim = { proof: key, name: 'phone', admission: key };

const readers = [readRequest, readNotice, readChallenge, readClaim] as const;

/** Every text that differs from the message in one place of its JSON. */
function damaged(message: object): string[] {
  const whole = JSON.stringify(message);
  const [first] = Object.keys(message);
  return [
    ` ${whole}`,
    `${whole} `,
    whole.replace(':', ': '),
    whole.replace('{', `{"${first}":"other",`), // duplicate key
    whole.replace('{', '{"unknown":1,'),
    whole.replace('{', '{"__proto__":{},'),
    whole.slice(0, -1),
    `[${whole}]`,
    whole.replace(/"type":"[a-z]+"/, '"type":"none"'),
  ].filter((text) => text !== whole);
}

describe('messages', () => {
  it('are read back as written', () => {
    for (const request of requests) expect(readRequest(writeMessage(request))).toEqual(request);
    for (const notice of notices) expect(readNotice(writeMessage(notice))).toEqual(notice);
    expect(readClaim(writeMessage(claim))).toEqual(claim);
    const challenge = { challenge: key, observers: [...observers] };
    expect(readChallenge(writeMessage(challenge))).toEqual(challenge);
  });

  it('with an unknown, missing or repeated key, or in another form, are refused', () => {
    for (const request of requests) {
      for (const text of damaged(request))
        expect([text, refusal(() => readRequest(utf8(text)))]).toEqual([text, 'protocol-malformed']);
      for (const missing of Object.keys(request)) {
        if (['seconds', 'before'].includes(missing)) continue;
        const less = Object.fromEntries(Object.entries(request).filter(([name]) => name !== missing));
        expect(refusal(() => readRequest(utf8(JSON.stringify(less))))).toBe('protocol-malformed');
      }
    }
    for (const notice of notices) {
      for (const text of damaged(notice))
        expect([text, refusal(() => readNotice(utf8(text)))]).toEqual([text, 'protocol-malformed']);
    }
    for (const text of damaged(claim))
      expect(refusal(() => readClaim(utf8(text)))).toBe('protocol-malformed');
  });

  it('out of their bounds are refused', () => {
    const outOfBounds: unknown[] = [
      { type: 'arm', door: 'Front' },
      { type: 'arm', door: `a${'b'.repeat(31)}` },
      { type: 'arm', door: 'front; reboot' },
      { type: 'arm', door: '' },
      { ...requests[1], seconds: 0 },
      { ...requests[1], seconds: 1.5 },
      { ...requests[1], seconds: 86_401 },
      { ...requests[1], seconds: '300' },
      { ...requests[1], id: `${id}A` },
      { ...requests[1], id: 'B'.repeat(22) }, // not canonical: its last letter has bits of no byte
      { ...requests[1], evidence: Array(9).fill({ observer: key, address: '::1', signature }) },
      { type: 'activity', limit: 0 },
      { type: 'activity', limit: 51 },
      { type: 'activity', before: -1, limit: 1 },
      { type: 'follow', on: 1 },
      null,
      1,
      'arm',
    ];
    for (const message of outOfBounds) {
      expect([message, refusal(() => readRequest(utf8(JSON.stringify(message))))]).toEqual([
        message,
        'protocol-malformed',
      ]);
    }
  });

  it('any text and any bytes are refused, and nothing else is thrown', () => {
    for (const read of readers) {
      fc.assert(
        fc.property(fc.oneof(fc.json(), fc.string(), fc.constantFrom('', '{}', '[]', 'null')), (text) => {
          expect(refusal(() => read(utf8(text)))).toBe('protocol-malformed');
        }),
        runs(150, 20_000),
      );
      fc.assert(
        fc.property(fc.uint8Array({ maxLength: 300 }), (any) => {
          expect(refusal(() => read(any))).toBe('protocol-malformed');
        }),
        runs(100, 20_000),
      );
    }
  });

  it('with one letter changed are refused, or say something as strict', () => {
    const whole = requests.map((request) => JSON.stringify(request));
    fc.assert(
      fc.property(fc.constantFrom(...whole), fc.nat(500), fc.string({ maxLength: 2 }), (text, at, put) => {
        const changed = utf8(text.slice(0, at % text.length) + put + text.slice((at % text.length) + 1));
        const said = refusal(() => readRequest(changed));
        expect(['nothing', 'protocol-malformed']).toContain(said);
        if (said === 'nothing') expect(writeMessage(readRequest(changed))).toEqual(changed);
      }),
      runs(400, 50_000),
    );
  });
});
