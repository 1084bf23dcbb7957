import { describe, expect, it } from 'vitest';
import { activityDays } from '../../app/_live/activity-rows.ts';
import { deviceRow } from '../../app/_live/device-rows.ts';
import { doorFace } from '../../app/_live/door-view.ts';
import { homeHeads, nothingOpen } from '../../app/_live/home-view.ts';
import { knockLede, pinsOf, wayOf } from '../../app/_live/steps.ts';
import { servedAt, servedWord } from '../../app/_live/words.ts';
import type { DialState, HomeState, Snapshot } from '../../app/_state/types.ts';
import { text } from '../../app/_text/en.ts';
import { clock, dayOf, span, timeOfDay, weekdayOf } from '../../app/_ui/durations.ts';
import { bladePath, keyCuts } from '../../app/_ui/key-cuts.ts';
import { dial, door, home } from './app-home.ts';
import type { DeviceView } from '../../lib/protocol/message.ts';
import { endpointOf, jumpArgument, jumpOf } from '../../lib/client/endpoint.ts';
import { wayIn } from '../../lib/client/way-in.ts';
import { usualApplication, type Application } from '../../lib/door.ts';

const wall = Date.UTC(2026, 4, 12, 12, 0, 0);

describe('durations', () => {
  it('a clock reads 0:00 only when time is up', () => {
    expect([clock(300_000), clock(1), clock(0), clock(-5), clock(3_723_000)]).toEqual([
      '5:00',
      '0:01',
      '0:00',
      '0:00',
      '1:02:03',
    ]);
  });
  it('days and times of day, in the zone of whoever reads', () => {
    const at = new Date(2026, 4, 12, 7, 3, 9).getTime();
    expect([timeOfDay(at), timeOfDay(at, true), weekdayOf(at)]).toEqual(['07:03', '07:03:09', 'Tue 12 May']);
    expect([dayOf(at, at), dayOf(at, new Date(2027, 0, 1).getTime())]).toEqual(['12 May', '12 May 2026']);
  });
  it('nothing is 0 s old', () => expect(span(0)).toBe('1 s'));
});

describe('the command to copy', () => {
  it('names the port where it is not 22, and brackets IPv6 in the link alone', () => {
    const at = { host: 'attic', port: 22 };
    expect(wayIn({ serves: 'ssh', at, user: 'marta' })).toEqual({
      text: 'ssh marta@attic',
      href: 'ssh://marta@attic',
    });
    const jump = { host: 'attic', port: 2222 };
    expect(wayIn({ serves: 'ssh', at: { host: 'barn', port: 22 }, jump })).toEqual({
      text: 'ssh -J attic:2222 barn',
    });
    expect(wayIn({ serves: 'ssh', at: { host: '2001:db8::7', port: 2222 } })).toEqual({
      text: 'ssh -p 2222 2001:db8::7',
      href: 'ssh://[2001:db8::7]:2222',
    });
  });
  it('is an address for the browser where the web is behind the door', () => {
    for (const [serves, port, url] of [
      ['https', 443, 'https://attic'],
      ['https', 8443, 'https://attic:8443'],
      ['http', 80, 'http://attic'],
      ['http', 443, 'http://attic:443'],
    ] as const)
      expect(wayIn({ serves, at: { host: 'attic', port } })).toEqual({ text: url, href: url });
    expect(wayIn({ serves: 'https', at: { host: '2001:db8::7', port: 443 } }).text).toBe(
      'https://[2001:db8::7]',
    );
  });
  it('is what nc is given for anything else, and names no link', () => {
    const at = { host: '2001:db8::7', port: 2222 };
    expect(wayIn({ serves: 'other', at })).toEqual({ text: 'nc 2001:db8::7 2222' });
    expect(wayIn({ serves: 'other', at, udp: true })).toEqual({ text: 'nc -u 2001:db8::7 2222' });
  });
  it('goes through the home where the door is open for that alone', () => {
    const at = { host: '192.168.1.30', port: 443 };
    const through = (port: number) => wayIn({ serves: 'https', at, jump: { host: 'attic', port } });
    expect(through(22)).toEqual({
      text: 'ssh -N -L 8443:192.168.1.30:443 attic',
      then: 'https://localhost:8443',
    });
    expect(through(2222).text).toBe('ssh -N -L 8443:192.168.1.30:443 -p 2222 attic');
    const other = {
      serves: 'other',
      at: { host: '2001:db8::7', port: 5432 },
      jump: { host: 'a', port: 22 },
    } as const;
    expect(wayIn(other)).toEqual({ text: 'ssh -N -L 5432:[2001:db8::7]:5432 a', then: 'localhost:5432' });
  });
  it('names what a door opens, and where', () => {
    const door = (serves: Application, protocol?: 'udp') =>
      ({ name: 'web_admin', serves, endpoint: { port: 8443, ...(protocol && { protocol }) } }) as const;
    expect([servedWord(door('https')), servedAt(door('https'))]).toEqual(['HTTPS', 'HTTPS, port 8443']);
    expect([servedWord(door('other')), servedAt(door('other'))]).toEqual(['Web admin', 'Port 8443']);
    expect(servedAt(door('other', 'udp'))).toBe('UDP port 8443');
  });
  it('is usually SSH, but for the ports of the web and UDP', () => {
    expect([22, 2222, 80, 443, 8443].map((port) => usualApplication(port))).toEqual([
      'ssh',
      'ssh',
      'http',
      'https',
      'https',
    ]);
    expect(usualApplication(443, 'udp')).toBe('other');
  });
  const door = { endpoint: { port: 2222 } };
  it('goes to the relay’s host where the door names none', () => {
    for (const [relay, host] of [
      ['relay.example.net:7443', 'relay.example.net'],
      ['[2001:db8::7]:7443', '2001:db8::7'],
      ['relay', 'relay'],
    ] as const)
      expect(endpointOf(door, relay, '203.0.113.7')).toEqual({ host, port: 2222 });
  });
  it('goes to the loopback address that the door is open for: localhost may be the other family’s', () => {
    expect(endpointOf(door, 'localhost:7444', '::1').host).toBe('::1');
    expect(endpointOf(door, 'localhost:7444', '127.0.0.1').host).toBe('127.0.0.1');
    expect(endpointOf(door, 'localhost:7444').host).toBe('localhost');
  });
  it('jumps through the home, by the same rules; without a jump there is none', () => {
    expect(jumpOf({ jump: { port: 22 } }, 'relay.example.net:7443')).toEqual({
      host: 'relay.example.net',
      port: 22,
    });
    expect(jumpOf({}, 'relay.example.net:7443')).toBeUndefined();
    expect(jumpArgument({ host: '2001:db8::7', port: 2222 })).toBe('[2001:db8::7]:2222');
    expect(jumpArgument({ host: 'attic', port: 22 })).toBe('attic');
  });
  it('goes to the door’s own host before all', () => {
    const named = { endpoint: { host: 'attic.example.net', port: 22 } };
    expect(endpointOf(named, 'localhost:7444', '::1')).toEqual({ host: 'attic.example.net', port: 22 });
  });
});

describe('pins', () => {
  it('one a real step: none is set that was not reported', () => {
    const none = wayOf([]);
    expect(pinsOf(none, false)).toEqual(['now', 'wait', 'wait', 'wait']);
    const sealed = wayOf([{ step: 'sealed', atMs: 20 }]);
    expect(pinsOf(sealed, false)).toEqual(['set', 'now', 'wait', 'wait']);
    expect(pinsOf(sealed, true)).toEqual(['set', 'stuck', 'wait', 'wait']);
  });
  it('each knock has its own, as soon as home says how many there are', () => {
    const knocking = wayOf([
      { step: 'sealed', atMs: 20 },
      { step: 'relayed', atMs: 140 },
      { step: 'received', atMs: 150 },
      { step: 'knock', n: 1, of: 3, atMs: 200 },
    ]);
    expect(pinsOf(knocking, false)).toEqual(['set', 'set', 'set', 'now', 'wait', 'wait']);
    expect(knockLede(knocking, 'attic')).toBe('Knock 2 of 3 at attic.');
  });
});

describe('a relay alone', () => {
  it('offers 1, 2 and 5 minutes, never more, and no lengthening', () => {
    const face = doorFace({ ...home, ownRelay: false }, door, 'phone', wall);
    expect(face.lengths.map(({ seconds }) => seconds)).toEqual([60, 120, 300]);
    expect(face.vouchedMinutes).toBe(5);
    expect(face.canAdd).toBe(false);
  });
  it('keeps to a door’s own limit', () => {
    const short = { ...door, shown: { ...door.shown, longestSeconds: 900 } };
    expect(doorFace(home, short, 'phone', wall).lengths.map(({ seconds }) => seconds)).toEqual([
      60, 300, 900,
    ]);
  });
});

describe('the list of homes', () => {
  const since = (reach: HomeState['reach'], doors: HomeState['doors'] = home.doors) => {
    const one = { ...home, reach, ...(doors === undefined ? {} : { doors }) };
    const [head] = homeHeads({ loaded: true, homes: [one] } as unknown as Snapshot);
    return `${head?.state}|${head?.since ?? ''}`;
  };
  const code = 'relay-home-away';

  it('says the state, then what it does not say yet', () => {
    expect(since({ state: 'answered', agoMs: 2000 })).toBe('Closed|answered 2 s ago');
    expect(since({ state: 'silent', agoMs: 2_280_000, code })).toBe('No answer|for 38 min');
    expect(since({ state: 'silent', code })).toBe('No answer|');
    expect(since({ state: 'offline' })).toBe('No answer|offline');
    expect(since({ state: 'asking', sinceMs: 900 }, [])).toBe('Asking|');
    expect(since({ state: 'refused', code })).toMatch(/\|$/);
  });
});

describe('an update', () => {
  const snapshot = (phase: DialState['phase'], lastState: 'closed' | 'open' = 'closed'): Snapshot => ({
    loaded: true,
    now: 0,
    online: true,
    storageRefused: false,
    homes: [{ ...home, doors: [{ ...door, shown: { ...door.shown, lastState }, dial: { ...dial, phase } }] }],
    pairing: { step: 'none' },
    settings: { openBy: 'hold', seconds: 300, theme: 'system', shortcuts: true },
  });
  it('is never offered while a door is open, on its way, or in doubt', () => {
    const open = [
      'holding',
      'sealing',
      'knocking',
      'open',
      'unchecked',
      'connected',
      'connectedTimeUp',
    ] as const;
    const doubt = ['closing', 'closeUnconfirmed', 'stale'] as const;
    for (const phase of [...open, ...doubt]) expect(nothingOpen(snapshot(phase)), phase).toBe(false);
    for (const phase of ['closed', 'notOpened'] as const)
      expect(nothingOpen(snapshot(phase)), phase).toBe(true);
  });
  it('nor while home is away and a door was open when it last spoke', () => {
    expect(nothingOpen(snapshot('noAnswer', 'open'))).toBe(false);
    expect(nothingOpen(snapshot('noAnswer', 'closed'))).toBe(true);
  });
});

describe('the key’s picture', () => {
  it('has six cuts of the home’s key, and is a blank without one', () => {
    expect(keyCuts(Uint8Array.of(1, 3, 0, 2, 4, 251))).toEqual([1, 3, 0, 2, 4, 1]);
    expect(bladePath([])).toBe('M18 7H61L66 12.6L61 19H18Z');
    expect(bladePath([1, 3, 0, 2, 4, 1])).toContain('L22.82 8.9H25.68L27.5 7L29.32 12.7');
  });
});

describe('activity', () => {
  const event = (n: number, at: number) =>
    ({ n, at, kind: 'refused', device: 'Tablet', code: 'refused-rate' }) as const;
  it('folds equal refusals within ten minutes, and no others', () => {
    const events = [event(3, wall), event(2, wall - 60_000), event(1, wall - 3_600_000)];
    const days = activityDays({ ...home, activity: { ...home.activity, events } }, 'all', wall);
    expect(days.flatMap((day) => day.rows.map((row) => row.title))).toEqual(['Refused, 2 times', 'Refused']);
  });
  it('names a door that is not the home’s only one, also one that is no more', () => {
    const says = (name: string | undefined, doors: HomeState['doors']) => {
      const events = [{ ...event(1, wall), ...(name === undefined ? {} : { door: name }) }];
      const known = { ...home, activity: { ...home.activity, events } };
      const days = activityDays(doors === undefined ? known : { ...known, doors }, 'all', wall);
      return days[0]?.rows[0]?.sub;
    };
    expect(says('web4', [door])).toMatch(/^At the door Web4\. From Tablet\./);
    expect(says(door.name, [door])).toMatch(/^From Tablet\./);
    expect(says(door.name, [door, { ...door, name: 'web' }])).toMatch(/^At the door /);
    expect(says(undefined, [door])).toMatch(/^From Tablet\./);
  });
});

describe('a device that the relay does not admit', () => {
  it('may be revoked, or its home is away: nobody is said to be turned away, and both ways on are offered', () => {
    const code = 'relay-not-admitted';
    const away: HomeState = { ...home, reach: { state: 'silent', code, retryMs: 3000 } };
    const face = doorFace(away, { ...door, dial: { ...dial, phase: 'noAnswer', code } }, 'phone', wall);
    expect(face).toMatchObject({ pairAgain: 'beside', asksInSeconds: 3 });
    expect(face).not.toHaveProperty('title');
    expect(face.lede).toMatch(/the home is away, or/);
    const refused: HomeState = { ...home, reach: { state: 'refused', code: 'session-revoked' } };
    expect(
      doorFace(
        refused,
        { ...door, dial: { ...dial, phase: 'noAnswer', code: 'session-revoked' } },
        'phone',
        wall,
      ),
    ).toMatchObject({ title: 'Turned away', pairAgain: 'instead' });
  });
});

describe('a device', () => {
  const device: DeviceView = {
    id: 'A'.repeat(22),
    name: 'Tablet',
    pairedAt: wall,
    self: false,
    confirmed: true,
    allowed: [],
    openings: [],
    sessions: [],
  };
  it('says what it is allowed, in home’s order', () => {
    const said = (allowed: DeviceView['allowed']) => {
      const row = deviceRow({ ...device, allowed }, 'phone', wall);
      return [row.allowed, row.allowedWords];
    };
    expect(said([])).toEqual(['Doors', 'Doors only']);
    expect(said(['unban', 'restore'])).toEqual(['Doors, bans, restore', 'Doors, bans, restore']);
  });
  it('says who is in by it, since when, and that revoking puts nobody out', () => {
    const noon = new Date(2026, 4, 12, 12).getTime();
    const of = (...minutes: number[]) => {
      const sessions = minutes.map((ago) => ({ door: 'ssh', user: 'marta', sinceMs: ago * 60_000 }));
      return deviceRow({ ...device, sessions }, 'phone', noon).sessions;
    };
    expect([of(), of(30), of(10, 30)]).toEqual([
      undefined,
      'marta, since 11:30',
      'marta, since 11:50; marta, since 11:30',
    ]);
    for (const doors of ['', 'SSH'])
      expect(text.devices.revokeWhy('attic', 'Tablet', doors)).toContain('A session that is up stays');
  });
});
