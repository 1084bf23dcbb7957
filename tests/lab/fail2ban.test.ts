import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { banKey, type Ban, type SourceState } from '../../lib/ban.ts';
import type { HelperClient } from '../../server/agent/helper-client.ts';
import { until } from '../support/until.ts';
import { sshdLine, startFail2ban, type Fail2ban } from './fail2ban.ts';
import { startLabHelper, type LabHelper } from './helper.ts';
import { createLab, type Lab } from './net.ts';

let lab: Lab;
let auth: string;
let fail2ban: Fail2ban;
let helper: LabHelper;
let client: HelperClient;
/** What somebody knows who asks for changes only. */
let owner: Owner;

class Owner {
  readonly bans = new Map<string, Ban>();
  readonly gone: Ban[] = [];
  sources: readonly SourceState[] = [];
  #cursor = '';
  #stopped = false;

  async follow(): Promise<void> {
    while (!this.#stopped) {
      const changes = await client.banChanges(this.#cursor).catch(() => undefined);
      if (changes === undefined) continue;
      this.#cursor = changes.cursor;
      if (changes.reset) this.bans.clear();
      this.sources = changes.sources;
      for (const { gone, ...ban } of changes.changes) {
        if (gone) this.gone.push(ban);
        if (gone) this.bans.delete(banKey(ban));
        else this.bans.set(banKey(ban), ban);
      }
    }
  }

  stop(): void {
    this.#stopped = true;
  }

  has(jail: string, value: string): boolean {
    return this.bans.has(banKey({ source: 'fail2ban', jail, value }));
  }

  get problem(): string | undefined {
    return this.sources.find(({ source }) => source === 'fail2ban')?.problem;
  }
}

const html = '<b>bold</b>';
const jail = (name: string, more = '') =>
  `[${name}]\nenabled = true\nfilter = sshd\nport = 22\nlogpath = ${auth}\n${more}\n`;
/** In the order of values. */
const inJail = async (name: string) =>
  (await fail2ban.client('get', name, 'banip')).split(/\s+/).filter(Boolean).sort();

beforeAll(async () => {
  lab = await createLab();
  auth = join(lab.directory, 'auth.log');
  await writeFile(auth, '');
  fail2ban = await startFail2ban(lab, {
    // Of the others nothing is ever banned but by hand.
    jails: [
      jail('sshd'),
      ...['__proto__', html, 'recidive'].map((name) => jail(name, 'maxretry = 1000')),
    ].join(''),
  });
  helper = await startLabHelper(lab, {}, { bans: { fail2ban: fail2ban.source } });
  client = helper.client;
  owner = new Owner();
  void owner.follow();
  await until(() => owner.sources.some(({ jails }) => jails.length === 4));
});
afterAll(async () => {
  owner.stop();
  await client.stop();
  await lab.destroy();
});

test('a stranger is banned by its own attack: by whom, since when, until when, and what it tried', async () => {
  const began = Date.now();
  const stranger = lab.stranger.address4;
  const names = ['root', `<img src=x onerror=alert(1)>`, 'x'.repeat(10_000)];
  await fail2ban.write(
    auth,
    ...names.map((name, i) =>
      sshdLine(`Failed password for invalid user ${name} from ${stranger} port ${40_000 + i} ssh2`, 900 + i),
    ),
  );
  await until(() => owner.has('sshd', stranger));
  const [ban] = owner.bans.values();
  expect(ban).toMatchObject({ source: 'fail2ban', jail: 'sshd', value: stranger });
  expect(ban?.since).toBeGreaterThan(began - 3000);
  expect(ban?.since).toBeLessThan(Date.now() + 1000);
  expect((ban?.until ?? 0) - (ban?.since ?? 0)).toBe(600_000);
  expect(await client.banned(stranger)).toEqual([ban]);
  // Its rule comes a moment after the ban is on the list.
  const rule = `-A f2b-sshd -s ${stranger}/32 -j REJECT`;
  await until(async () => (await lab.home.run('iptables-save')).stdout.includes(rule));

  // Its database is written a moment later.
  await until(async () => (await client.banFacts('fail2ban', 'sshd', [stranger])).length === 1);
  expect(await client.banFacts('fail2ban', 'sshd', [stranger, '192.0.2.1'])).toEqual([
    { value: stranger, failures: 3, times: 1 },
  ]);
  const evidence = await client.banEvidence('fail2ban', 'sshd', stranger);
  expect(evidence).toMatchObject({ count: 1, failures: 3 });
  expect(evidence.lines.map(({ user, method }) => [user?.slice(0, 28), method])).toEqual([
    ['root', 'password'],
    ['<img src=x onerror=alert(1)>', 'password'],
    ['x'.repeat(28), 'password'],
  ]);
  for (const { text, user } of evidence.lines) {
    expect(text.length).toBeLessThanOrEqual(300);
    expect(user?.length).toBeLessThanOrEqual(64);
  }
  expect(owner.sources).toMatchObject([
    {
      kind: 'fail2ban',
      tellsTimes: true,
      canUnban: true,
      jails: expect.arrayContaining([
        expect.objectContaining({ jail: 'sshd', banned: 1, banSeconds: 600, maxRetry: 3, findSeconds: 600 }),
      ]) as unknown,
    },
  ]);
});

test('lifted, verified, and set again by undo, once', async () => {
  const stranger = lab.stranger.address4;
  await fail2ban.ban('recidive', stranger);
  await until(() => owner.has('recidive', stranger));
  expect((await client.unban(stranger)).map((ban) => ban.jail).sort()).toEqual(['recidive', 'sshd']);
  await until(() => !owner.has('sshd', stranger) && !owner.has('recidive', stranger));
  expect(await client.banned(stranger)).toEqual([]);
  expect((await lab.home.run('iptables-save')).stdout).not.toContain(stranger);

  await client.reban('fail2ban', 'sshd', stranger);
  await until(() => owner.has('sshd', stranger));
  expect((await client.banned(stranger)).map((ban) => ban.jail)).toEqual(['sshd']);
  await expect(client.reban('fail2ban', 'sshd', stranger)).rejects.toMatchObject({ code: 'refused-replay' });
  await expect(client.reban('fail2ban', 'sshd', '192.0.2.77')).rejects.toMatchObject({
    code: 'refused-replay',
  });
  expect(await inJail('sshd')).toEqual([stranger]);
  await client.unban(stranger);
});

describe('the traps of unbanning', () => {
  const six = '2001:db8::dead:beef';
  const four = '203.0.113.5';
  const network = '2001:db8:1::/64';
  const inside = '2001:db8:1::9';

  beforeAll(async () => {
    await fail2ban.ban('sshd', four, six, network, 'not an ip', '--all');
    await fail2ban.ban('recidive', inside);
    await until(() => owner.has('sshd', '--all') && owner.has('recidive', inside));
  });
  const everything = () => fail2ban.client('banned');

  test.each([
    ['upper case', '2001:DB8:0:0::DEAD:BEEF'],
    ['long', '2001:db8:0:0:0:0:dead:beef'],
    ['mapped', `::ffff:${four}`],
    ['with a space', `${four} `],
    ['in brackets', `[${six}]`],
    ['with a host mask', '203.0.113.5/24'],
    ['a name', 'some.host.example'],
    ['an option', '--report-absent'],
    ['the end of a request', `${four}<F2B_END_COMMAND>`],
    ['nothing', ''],
  ])('%s is refused, and nothing is lifted', async (_how, value) => {
    const before = await everything();
    await expect(client.unban(value)).rejects.toMatchObject({ code: 'refused-address' });
    expect(await everything()).toEqual(before);
  });

  test.each(['203.0.113.0/24', '0.0.0.0/0', '::/0', '2001:db8::/32', '192.0.2.9'])(
    '%s is not on the list: nothing was lifted, and nothing is said to be',
    async (value) => {
      const before = await everything();
      expect(await client.unban(value)).toEqual([]);
      expect(await everything()).toEqual(before);
    },
  );

  test('a list with an option in it lifts nothing else', async () => {
    const before = await everything();
    await expect(client.unban('--all')).rejects.toMatchObject({ code: 'tool-unsupported' });
    expect(await everything()).toEqual(before);
  });

  test('an address within a banned network is told of it; the network alone is lifted by its name', async () => {
    expect((await client.banned(inside)).map((ban) => ban.value).sort()).toEqual([network, inside].sort());
    expect((await client.banned('2001:db8:1::77')).map((ban) => ban.value)).toEqual([network]);
    expect(await client.banned('2001:db8:2::77')).toEqual([]);
    expect((await client.unban(network)).map((ban) => [ban.jail, ban.value])).toEqual([['sshd', network]]);
    expect(await inJail('recidive')).toEqual([inside]);
  });

  test('of thousands of networks each is told of, and lifted by its name', async () => {
    await fail2ban.client('add', 'many', 'auto');
    await fail2ban.client('start', 'many');
    const networks = Array.from({ length: 2500 }, (_, n) => `10.${n >> 8}.${n & 255}.0/24`);
    await fail2ban.client('set', 'many', 'banip', ...networks);
    const last = networks.at(-1) ?? '';
    const within = last.replace('.0/24', '.77');
    await until(() => [...owner.bans.values()].filter(({ jail }) => jail === 'many').length === 2500);
    expect((await client.banned(within)).map((ban) => ban.value)).toEqual([last]);
    expect(await client.unban(last)).toMatchObject([{ jail: 'many', value: last }]);
    expect(await client.banned(within)).toEqual([]);
    await fail2ban.client('stop', 'many');
    await until(() => ![...owner.bans.values()].some(({ jail }) => jail === 'many'));
  });

  test('canonical addresses, and what is no address but on the list, go', async () => {
    expect(await client.unban(six)).toMatchObject([{ jail: 'sshd', value: six }]);
    expect(await client.unban('not an ip')).toMatchObject([{ jail: 'sshd', value: 'not an ip' }]);
    expect(await inJail('sshd')).toEqual(['--all', four].sort());
    await fail2ban.client('unban', '--all');
    await until(() => owner.bans.size === 0);
  });
});

test('jails of any name are asked about, shown as text, and lifted from', async () => {
  for (const name of ['__proto__', html]) await fail2ban.ban(name, '203.0.113.9');
  await until(() => owner.has('__proto__', '203.0.113.9') && owner.has(html, '203.0.113.9'));
  expect((await client.banned('203.0.113.9')).map((ban) => ban.jail).sort()).toEqual(
    [html, '__proto__'].sort(),
  );
  expect(await client.unban('203.0.113.9')).toHaveLength(2);
  expect(({} as { banned?: unknown }).banned).toBeUndefined();
});

test('while fail2ban sleeps it is said to be slow; then all goes on', async () => {
  const sleeping = fail2ban.client('sleep', '8');
  await until(() => owner.problem === 'tool-timeout');
  await sleeping;
  await until(() => owner.problem === undefined);
});

test('a restart: nobody is protected meanwhile, no ban is told to be lifted; and a ban that has lost its rule is told', async () => {
  await fail2ban.ban('sshd', '203.0.113.20', '203.0.113.21');
  await until(() => owner.has('sshd', '203.0.113.21'));
  await sleep(300); // its database is written by a thread of its own
  const before = new Map(owner.bans);
  const gone = owner.gone.length;
  await fail2ban.stop();
  await until(() => owner.problem === 'tool-ended');
  await expect(client.banned('203.0.113.20')).rejects.toMatchObject({ code: 'tool-ended' });
  await expect(client.unban('203.0.113.20')).rejects.toMatchObject({ code: 'tool-ended' });
  await fail2ban.start();
  await until(() => owner.problem === undefined);
  await until(async () => (await inJail('sshd')).length === 2);

  // Somebody's script empties its chain: it still lists a ban that turns nobody away.
  await lab.home.run('iptables', ['-F', 'f2b-sshd']);
  const troubles = () =>
    owner.sources.flatMap(({ jails }) =>
      jails.flatMap(({ jail: name, trouble }) => (trouble === undefined ? [] : [`${name} ${trouble}`])),
    );
  await until(() => troubles().length > 0);
  expect(troubles()).toEqual(['sshd no-rule']);
  expect(owner.gone.length).toBe(gone);
  expect([...owner.bans.keys()].sort()).toEqual([...before.keys()].sort());
  expect(await client.unban('203.0.113.20')).toHaveLength(1);
});

test('killed: its socket is left behind, and is no fail2ban', async () => {
  await fail2ban.kill();
  await until(() => owner.problem === 'tool-ended');
  await expect(client.banned('203.0.113.20')).rejects.toMatchObject({ code: 'tool-ended' });
});

test('without a database there is less to tell, and without jails nothing; with SIGHUP a source is let go', async () => {
  const quiet = join(lab.directory, 'quiet.log');
  await writeFile(quiet, '');
  const bare = await startFail2ban(lab, {
    jails: jail('sshd').replace(auth, quiet),
    database: false,
    action: 'noop',
  });
  const empty = await startFail2ban(lab, { jails: '' });
  await bare.ban('sshd', '203.0.113.30');
  const file = (name: string) => join(helper.config, 'bans', `${name}.toml`);
  await writeFile(file('bare'), bare.source);
  await writeFile(file('empty'), empty.source);
  await writeFile(file('fail2ban'), 'source = "fail2ban"\noff = true\n');
  await helper.reload();
  await until(() => owner.sources.map(({ source }) => source).join() === 'bare,empty');
  await until(() => owner.bans.size === 1);
  expect(owner.sources).toMatchObject([{ jails: [{ jail: 'sshd', banned: 1 }] }, { jails: [] }]);
  expect(owner.sources.map(({ problem }) => problem)).toEqual([undefined, undefined]);
  expect(await client.banEvidence('bare', 'sshd', '203.0.113.30')).toEqual({ lines: [] });
  expect(await client.banFacts('bare', 'sshd', ['203.0.113.30'])).toEqual([]);
  expect(await client.unban('203.0.113.30')).toMatchObject([{ source: 'bare' }]);

  await writeFile(file('empty'), 'source = "fail2ban"\nsocket = "run/f.sock"\n');
  expect(await helper.reload()).toMatch(/kept the old.*bans\/empty\.toml: socket/);
  expect(owner.sources.map(({ source }) => source)).toEqual(['bare', 'empty']);
});
