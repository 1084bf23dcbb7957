import { describe, expect, test } from 'vitest';
import { showDoor } from '../../lib/client/doors.ts';
import { proofOf, type ProofLink } from '../../lib/client/proof.ts';
import { serviceStates } from '../../lib/door.ts';
import type { DoorView, OpeningView } from '../../lib/protocol/message.ts';

type Proof = NonNullable<OpeningView['proof']>;
const whole: Proof = {
  ruleMs: 9000,
  service: { state: 'listens', ms: 8900 },
  packet: { seen: true, ms: 4000 },
  sessions: true,
};

/** The chain as it is shown a second after it was asked for. */
function chain(proof: Proof | undefined, more: Partial<OpeningView> = {}, door: Partial<DoorView> = {}) {
  const view: DoorView = {
    name: 'front',
    driver: 'nftables',
    state: 'open',
    endpoint: { port: 22 },
    choosesTime: true,
    extends: true,
    readsBack: true,
    defaultSeconds: 300,
    longestSeconds: 3600,
    openings: [
      { address: '203.0.113.7', mine: true, remainingMs: 60_000, ...(proof ? { proof } : {}), ...more },
    ],
    ...door,
  };
  return proofOf({
    shown: showDoor({ value: view, sentAt: 0, heardAt: 1 }, { now: 1000, answering: true }),
  });
}
const words = (links: readonly ProofLink[]) =>
  links.map(({ link, state, reason }) => [link, state, reason].filter(Boolean).join(' '));
const last = (links: readonly ProofLink[], count: number) => words(links).slice(-count);

describe('the chain of proof', () => {
  test('of a door that this device has not open is empty', () => {
    expect(chain(undefined, {}, { openings: [] })).toEqual([]);
    expect(chain(whole, { mine: false })).toEqual([]);
  });

  test('of the family that is used, where home opened both', () => {
    const unused = { ...whole, packet: { seen: false, ms: 0 } };
    const both = [
      { address: '203.0.113.7', mine: true, remainingMs: 60_000, proof: unused },
      { address: '2001:db8:7::7', mine: true, remainingMs: 60_000, proof: whole },
    ];
    expect(words(chain(undefined, {}, { openings: both }))).toContain('packet done');
  });

  test('with a session: every link, each with its age since the question', () => {
    expect(chain(whole, { session: { user: 'marta', sinceMs: 3000, port: 51_884 } })).toEqual([
      { link: 'rule', state: 'done', agoMs: 10_000 },
      { link: 'service', state: 'done', agoMs: 9900 },
      { link: 'packet', state: 'done', agoMs: 5000 },
      { link: 'session', state: 'done', agoMs: 4000 },
    ]);
  });

  test('begins with what this device saw itself, by its own clock', () => {
    const [own] = chain(whole);
    const shown = showDoor(
      {
        value: {
          name: 'front',
          driver: 'knockd',
          state: 'open',
          endpoint: { port: 22 },
          choosesTime: false,
          extends: false,
          readsBack: true,
          defaultSeconds: 10,
          longestSeconds: 10,
          openings: [{ address: '203.0.113.7', mine: true, proof: whole }],
        },
        sentAt: 0,
        heardAt: 1,
      },
      { now: 1000, answering: true },
    );
    const steps = [
      { step: 'sealed', atMs: 1 },
      { step: 'relayed', atMs: 20 },
      { step: 'received', atMs: 21 },
      { step: 'knock', n: 1, of: 2, atMs: 50 },
      { step: 'knock', n: 2, of: 2, atMs: 60 },
      { step: 'checked', atMs: 90 },
    ] as const;
    const links = proofOf({ shown, opened: { steps, sinceReleaseMs: 1090 } });
    expect(links.slice(0, 5)).toEqual([
      { link: 'sealed', state: 'done', agoMs: 1089 },
      { link: 'relayed', state: 'done', agoMs: 1070 },
      { link: 'knock', state: 'done', n: 1, of: 2, agoMs: 1040 },
      { link: 'knock', state: 'done', n: 2, of: 2, agoMs: 1030 },
      { link: 'rule', state: 'done', agoMs: 1000 },
    ]);
    expect(own?.agoMs).toBe(10_000);
  });

  test('is in order as far as its times are uncertain, and no further', () => {
    const ages = (proof: Partial<Proof>, sinceMs: number) =>
      chain({ ...whole, ...proof }, { session: { user: 'marta', sinceMs } }).map(({ agoMs }) => agoMs);
    // a log of whole seconds, and a service that was looked for a little later
    expect(ages({ ruleMs: 5000, service: { state: 'listens', ms: 4950 } }, 4990)).toEqual([
      6000, 5950, 5000, 5000,
    ]);
    // lengthened: the session is older than what was looked at since
    expect(
      ages(
        { ruleMs: 5000, service: { state: 'listens', ms: 5000 }, packet: { seen: true, ms: 60_000 } },
        59_000,
      ),
    ).toEqual([...[6000, 6000, 61_000, 60_000]]);
  });

  test('waits first, and says that a link is missing only when it is late', () => {
    const none = { ...whole, packet: { seen: false, ms: 0 } };
    expect(last(chain({ ...none, ruleMs: 18_000 }), 2)).toEqual(['packet waiting', 'session waiting']);
    expect(last(chain({ ...none, ruleMs: 19_500 }), 2)).toEqual([
      'packet missing no-packet',
      'session waiting',
    ]);
    const came = (ms: number) => last(chain({ ...whole, packet: { seen: true, ms } }), 2);
    expect(came(18_000)).toEqual(['packet done', 'session waiting']);
    expect(came(19_500)).toEqual(['packet done', 'session missing no-session']);
  });

  test.each(serviceStates)('a service that is %s', (state) => {
    const [, service] = words(chain({ ...whole, service: { state, ms: 1 } }));
    const said = { listens: 'done', unknown: 'unknown unknown' } as const;
    expect(service).toBe(`service ${state in said ? said[state as keyof typeof said] : `missing ${state}`}`);
    // Whoever is in was answered, whatever the table of sockets says now.
    const session = { user: 'marta', sinceMs: 3000 };
    expect(words(chain({ ...whole, service: { state, ms: 1 } }, { session }))[1]).toBe('service done');
  });

  test('what nobody can see is unknown, never missing', () => {
    const { ruleMs, ...rest } = { ruleMs: 1e9, sessions: false };
    expect(words(chain({ ruleMs, ...rest }))).toEqual([
      'rule done',
      'service waiting',
      'packet unknown untold',
      'session unknown untold',
    ]);
    expect(words(chain(undefined))).toEqual([
      'rule waiting',
      'service waiting',
      'packet unknown untold',
      'session unknown untold',
    ]);
    expect(words(chain(whole, {}, { readsBack: false }))[0]).toBe('rule unknown unread');
  });

  test('a session that is over, and one that outlives its opening', () => {
    const ended = { user: 'marta', ms: 500 };
    expect(chain({ ...whole, packet: { seen: true, ms: 1e6 }, ended }).at(-1)).toEqual({
      link: 'session',
      state: 'done',
      agoMs: 1500,
      reason: 'ended',
    });
    const view: OpeningView = {
      address: '203.0.113.7',
      mine: true,
      proof: whole,
      session: { user: 'marta', sinceMs: 1 },
    };
    expect(words(chain(undefined, {}, { openings: [view] }))[0]).toBe('rule done over');
  });
});
