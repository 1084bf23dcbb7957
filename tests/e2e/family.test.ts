import { writeFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { built, cli } from '../support/built.ts';
import { issue } from '../../server/relay/authority.ts';
import { until } from '../support/until.ts';
import { startHousehold, withHosts, type Household, type TerminalDevice } from '../lab/household.ts';
import { createLab, type Lab } from '../lab/net.ts';
import type { Space } from '../lab/space.ts';
import { browserAt } from './lab-browser.ts';
import { launch } from './browser.ts';
import { collectReports, hold, pairWith, shows } from './doors-page.ts';
import { reaches, sshLogin, startSshd, type Sshd } from '../lab/sshd.ts';

/**
 * A foreign relay with a name for each family, a witness with the same on a host of its own, and a phone that has one
 * family, the other, both, or a proxy that ends TLS and lets no WebSocket through. Each logs in.
 */

interface Opened {
  readonly state: string;
  readonly address: string;
  readonly also?: string;
  readonly sharing: string;
  readonly remainingMs: number;
}

let lab: Lab;
let sshd: Sshd;
let house: Household;
let device: TerminalDevice;
let witness: ReturnType<Space['spawn']>;
/** PEM of the site's proxy: key and certificate. */
const file = (name: string): string => join(lab.directory, name);

const relayNames = ['relay.lab', 'v4.relay.lab', 'v6.relay.lab'];
const witnessNames = ['witness.lab', 'v4.witness.lab', 'v6.witness.lab'];

function hostsOf(all: Lab): string {
  const lines = (space: Space, [both = '', four = '', six = '']: readonly string[]) =>
    `${space.address4} ${both} ${four}\n${space.address6} ${both} ${six}\n`;
  return `127.0.0.1 localhost\n::1 localhost\n${lines(all.relay, relayNames)}${lines(all.router, witnessNames)}`;
}

beforeAll(async () => {
  lab = await createLab({ firewall: 'none' });
  sshd = await startSshd(lab);
  const subjects = { names: [...relayNames, ...witnessNames], addresses: [lab.relay.address4] };
  const [world, site] = await Promise.all([issue(subjects, new Date()), issue(subjects, new Date())]);
  const trust = world.authority + site.authority;
  const files = {
    hosts: hostsOf(lab),
    'world.crt': world.certificate,
    'world.key': world.key,
    'site.crt': site.certificate,
    'site.key': site.key,
    'site-authority.crt': site.authority,
    'trust.pem': trust,
  };
  await Promise.all(Object.entries(files).map(([name, text]) => writeFile(file(name), text)));

  const options = ['--host', 'witness.lab', '--v4', 'v4.witness.lab', '--v6', 'v6.witness.lab'];
  const [command, ...rest] = withHosts(file('hosts'), [
    ...[process.execPath, cli, 'witness', '--dir', file('witness'), ...options],
    ...['--certificate', file('world.crt'), '--key', file('world.key')],
  ]);
  witness = lab.router.spawn(command, rest);
  const said: string[] = [];
  createInterface({ input: witness.stdout }).on('line', (line) => said.push(line));
  await until(() => said.some((line) => line.startsWith('witnesses = ')));
  const blocks = said.slice(
    said.indexOf('[[observer]]'),
    said.findIndex((line) => /relay\.toml/.test(line)),
  );

  house = await startHousehold(lab, {
    sshLog: sshd.log,
    doors: { cellar: `driver = "nftables"\nport = 22\nmode = "gate"\nhost = "${lab.home.address4}"\n` },
    agent: blocks.join('\n'),
    relay: {
      host: 'relay.lab',
      own: false,
      hosts: hostsOf(lab),
      trust,
      toml: [
        'v4 = "v4.relay.lab"',
        'v6 = "v6.relay.lab"',
        `certificate = "${file('world.crt')}"`,
        `key = "${file('world.key')}"`,
        said.at(-1) ?? '',
      ].join('\n'),
    },
  });
  device = await house.device(lab.phone);
  await device.pair(4);
});
afterAll(async () => {
  await house?.helper?.client.stop();
  await lab?.destroy();
});

beforeEach(() => families(4, 6));

/** What the phone has of the two families, from here on. */
async function families(...has: (4 | 6)[]): Promise<void> {
  const ip = (line: string) => lab.phone.run('ip', line.split(' '));
  for (const family of [4, 6] as const) {
    await ip(`-${family} addr flush dev eth0 scope global`);
    await lab.phone.run('ip', [`-${family}`, 'route', 'del', 'default'], { anyStatus: true });
    if (!has.includes(family)) continue;
    const [address, option, via] =
      family === 4
        ? [`${lab.phone.address4}/24`, '', '203.0.113.1']
        : [`${lab.phone.address6}/64`, ' nodad', '2001:db8:7::1'];
    await ip(`addr add ${address} dev eth0${option}`);
    await ip(`-${family} route replace default via ${via}`);
  }
}

const open = (): Promise<Opened> => device.json<Opened>(['open', 'cellar', '--for', '10m']);
const login = async (family: 4 | 6): Promise<number> =>
  (await sshLogin(lab.phone, sshd, family === 4 ? lab.home.address4 : lab.home.address6)).code;
async function rules(): Promise<string[]> {
  const { stdout } = await lab.home.run('nft', ['list', 'table', 'inet', 'latchkey']);
  return stdout.match(/(?:\d+\.\d+\.\d+\.\d+|[0-9a-f:]*:[0-9a-f:]+) timeout/g) ?? [];
}

test.each([4, 6] as const)('a phone that has IPv%i alone logs in, for that address alone', async (family) => {
  await families(family);
  const opened = await open();
  const own = family === 4 ? lab.phone.address4 : lab.phone.address6;
  expect(opened).toMatchObject({ state: 'open', address: own, sharing: 'own' });
  expect(opened.also).toBeUndefined();
  // more than the 5 minutes of a relay's word alone
  expect(opened.remainingMs).toBeGreaterThan(300_000);
  expect(await rules()).toEqual([`${own} timeout`]);
  expect(await login(family)).toBe(0);
  await device.json(['close', 'cellar']);
  expect(await rules()).toEqual([]);
});

test('a phone with both logs in by whichever family SSH takes; a neighbour by neither', async () => {
  const opened = await open();
  const both = [lab.phone.address4, lab.phone.address6];
  expect([opened.address, opened.also].sort()).toEqual(both.sort());
  expect(await login(4)).toBe(0);
  expect(await login(6)).toBe(0);
  for (const address of [lab.home.address4, lab.home.address6])
    expect(await reaches(lab.stranger, address, 22)).toBe(false);
  await device.json(['close', 'cellar']);
  expect(await rules()).toEqual([]);
});

describe('behind a gateway whose proxy ends TLS and breaks WebSockets', () => {
  beforeAll(async () => {
    const gateway = lab.stranger;
    await gateway.run('sh', [
      '-c',
      'cd /proc/sys/net/ipv4 && echo 1 >ip_forward && for i in conf/*/send_redirects; do echo 0 >$i; done',
    ]);
    const nat = (...rule: string[]) => gateway.run('iptables', ['-t', 'nat', ...rule]);
    await nat('-A', 'POSTROUTING', '-s', lab.phone.address4, '-j', 'MASQUERADE');
    await nat(
      ...['-A', 'PREROUTING', '-s', lab.phone.address4, '-p', 'tcp', '--dport', '7443'],
      ...['-j', 'REDIRECT', '--to-ports', '8443'],
    );
    const [command, ...rest] = withHosts(file('hosts'), [
      ...[process.execPath, built(new URL('../support/inspecting-process.ts', import.meta.url))],
      ...['8443', file('site.key'), file('site.crt'), file('trust.pem')],
    ]);
    const proxy = gateway.spawn(command, rest);
    let said = '';
    for (const stream of [proxy.stdout, proxy.stderr])
      stream.on('data', (data: Buffer) => (said += data.toString()));
    await until(() => said.includes('ready')).catch(() => expect(said).toContain('ready'));
  });
  beforeEach(async () => {
    await families(4);
    await leaveBy(lab.stranger.address4);
  });
  const leaveBy = (via: string) => lab.phone.run('ip', ['route', 'replace', 'default', 'via', via]);

  test('a terminal logs in for the gateway’s address, and is told whose it is', async () => {
    const { address4 } = lab.stranger;
    const { stdout } = await device.run(['open', 'cellar']);
    expect(stdout).toContain(
      `a proxy speaks for this network: the door is open for its address, ${address4}.`,
    );
    expect(await rules()).toEqual([`${address4} timeout`]);
    expect(await login(4)).toBe(0);
    // past the gateway it leaves by its own address, and that one is not open
    await leaveBy('203.0.113.1');
    expect(await reaches(lab.phone, lab.home.address4, 22)).toBe(false);
    await leaveBy(address4);
    expect(await device.json<Opened>(['close', 'cellar'])).toMatchObject({ state: 'closed' });
    expect(await rules()).toEqual([]);
  });

  test('so does the app: pairs, opens with a hold, and says it', async () => {
    const at = ({ address4, address6 }: Space, names: readonly string[]) =>
      names.map((name) => `MAP ${name} ${name.startsWith('v6.') ? `[${address6}]` : address4}`);
    const { options } = await browserAt(lab, lab.phone, file('site-authority.crt'));
    const resolve = [...at(lab.relay, relayNames), ...at(lab.router, witnessNames)].join(', ');
    const browser = await launch({ ...options, args: [`--host-resolver-rules=${resolve}`] });
    try {
      const context = await browser.newContext({ viewport: { width: 390, height: 844 } });
      const page = await context.newPage();
      const reports = collectReports(page);
      await pairWith(page, await house.link(4));
      await hold(page);
      await shows(page, /^Open$/);
      const said = await page.locator('.lede').first().innerText();
      expect(said).toContain(`${lab.stranger.address4} is a proxy’s: everyone behind it is let in with you.`);
      expect(await rules()).toEqual([`${lab.stranger.address4} timeout`]);
      expect(await login(4)).toBe(0);
      // the names of one family and the witness stand in the page's policy
      expect(reports).toEqual([]);
    } finally {
      await browser.close();
    }
  });
});

test('without the witness nothing opens', async () => {
  const before = await rules();
  witness.kill('SIGKILL');
  await expect(device.json(['open', 'cellar'], 1)).resolves.toMatchObject({
    error: { code: 'refused-evidence' },
  });
  expect(await rules()).toEqual(before);
});
