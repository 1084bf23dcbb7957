import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer, type AddressInfo, type Server } from 'node:net';
import fc from 'fast-check';
import { afterEach, describe, expect, test } from 'vitest';
import { readDoor } from '../../server/doors/definition.ts';
import { knock } from '../../server/doors/knock.ts';
import { answersIn, knockAt } from '../../server/doors/knock-sockets.ts';
import { count } from '../counts.ts';
import { until } from '../support/until.ts';

const table = { to: 'barn.example', port: 22, sequence: '7000,8000:udp,9000:TCP', lasts: '10s' };
const context = { door: 'barn', directory: '/nonexistent', log: () => undefined };

describe('what a table makes of a door', () => {
  test('the far knockd closes: its time, no other; *Open?* unless something answers', () => {
    const facts = (more: object) => knock.create(knock.read({ ...table, ...more }), context).facts;
    const far = { closes: 'child', choosesTime: false, extends: false, seconds: 10 };
    expect(facts({})).toEqual({ ...far, readsBack: false });
    expect(facts({ check: 22 })).toEqual({ ...far, readsBack: true });
  });

  test('the home closes, by a second sequence that can be seen to work', () => {
    const { lasts: _, ...rest } = table;
    const options = knock.read({ ...rest, close: '9000,7000', check: 'nas.example:80' });
    expect(knock.create(options, context).facts).toEqual({
      closes: 'agent',
      choosesTime: true,
      extends: true,
      readsBack: true,
    });
    expect(options.check).toEqual({ host: 'nas.example', port: 80 });
  });

  test('sequence, spacing and way there', () => {
    const options = knock.read(table);
    expect(options.sequence).toEqual([
      { port: 7000, protocol: 'tcp' },
      { port: 8000, protocol: 'udp' },
      { port: 9000, protocol: 'tcp' },
    ]);
    expect(options.spacingMs).toBe(75);
    expect([knock.host(options), knock.port(options), knock.jump(options)]).toEqual([
      'barn.example',
      22,
      { port: 22 },
    ]);
    expect(knock.jump(knock.read({ ...table, jump: '[2001:db8::1]:2222' }))).toEqual({
      host: '2001:db8::1',
      port: 2222,
    });
  });

  test.each([
    ['to', { ...table, to: '-oProxyCommand=x' }],
    ['to', { ...table, to: 'a b' }],
    ['sequence', { ...table, sequence: undefined }],
    ['sequence', { ...table, sequence: '4711,,4712' }],
    ['sequence', { ...table, sequence: '4711:icmp' }],
    ['sequence', { ...table, sequence: '65536' }],
    ['sequence', { ...table, sequence: Array(33).fill('4711').join() }],
    ['spacing', { ...table, spacing: 1000 }],
    ['spacing', { ...table, spacing: 900, sequence: Array(32).fill('4711').join() }],
    ['lasts', { ...table, lasts: undefined }],
    ['lasts', { ...table, close: '4711', check: 22 }],
    ['check', { ...table, lasts: undefined, close: '4711' }],
    ['check', { ...table, check: 7000 }],
    ['check', { ...table, check: 'barn.example:9000' }],
    ['jump', { ...table, jump: 'home' }],
    ['colour', { ...table, colour: 'red' }],
  ])('%s is named when it is wrong, and no knock with it', (key, wrong) => {
    const said = Object.fromEntries(Object.entries(wrong).filter(([, value]) => value !== undefined));
    let message = '';
    try {
      readDoor('barn', { driver: 'knock', ...said }, [knock]);
    } catch (error) {
      message = String(error);
    }
    expect(message).toMatch(new RegExp(`config-invalid.*${key}`));
    expect(message.replace('"7000,8000:udp,9000"', '')).not.toMatch(/4711|65536|7000|9000/);
  });

  test('whatever stands there for a sequence, no error repeats it', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 3 }), (sequence) => {
        try {
          knock.read({ ...table, sequence });
        } catch (error) {
          expect(String(error)).toMatch(
            /^LatchkeyError: config-invalid.*\(sequence: (knock \d+ is not|more than)/,
          );
        }
      }),
      { numRuns: count(200, 20_000) },
    );
  });
});

describe('knocks', () => {
  const servers: Server[] = [];
  afterEach(() => {
    for (const server of servers.splice(0)) server.close();
  });
  const target = { address: '127.0.0.1', family: 4 } as const;

  async function listen(onCall: (port: number) => void, live: { count: number }): Promise<number> {
    const server = createServer((socket) => {
      live.count++;
      onCall((server.address() as AddressInfo).port);
      socket
        .on('error', () => undefined)
        .on('close', () => live.count--)
        .resume();
    });
    servers.push(server);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return (server.address() as AddressInfo).port;
  }

  test('TCP and UDP in order, each at least its spacing after the last, and no socket stays', async () => {
    const order: number[] = [];
    const live = { count: 0 };
    const udp = createSocket('udp4').bind(0, '127.0.0.1');
    await once(udp, 'listening');
    udp.on('message', (bytes) => order.push(bytes.length === 0 ? udp.address().port : -1));
    const ports = [
      await listen((port) => order.push(port), live),
      udp.address().port,
      await listen((port) => order.push(port), live),
    ];
    const at: number[] = [];
    await knockAt(
      target,
      ports.map((port, i) => ({ port, protocol: i === 1 ? ('udp' as const) : ('tcp' as const) })),
      75,
      () => at.push(performance.now()),
    );
    await until(() => order.length === 3 && live.count === 0);
    udp.close();
    expect(order).toEqual(ports);
    // a timer may be a millisecond early, never more
    expect(at.slice(1).every((time, i) => time - at[i]! >= 74)).toBe(true);
  });

  test('nobody’s answer is waited for: refused, or a network without a way there is said', async () => {
    const port = await listen(() => undefined, { count: 0 });
    servers.pop()!.close();
    await knockAt(
      target,
      [
        { port, protocol: 'tcp' },
        { port, protocol: 'udp' },
      ],
      0,
    );
    expect(await answersIn('127.0.0.1', port, 200)).toBeUndefined();
  });

  test('a check tells what answers, and lets go of it', async () => {
    const live = { count: 0 };
    const port = await listen(() => undefined, live);
    expect(await answersIn('127.0.0.1', port, 1000)).toBeGreaterThan(0);
    await until(() => live.count === 0);
  });
});
