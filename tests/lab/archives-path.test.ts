import { spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, expect, test, vi } from 'vitest';
import WebSocket from 'ws';
import { Client } from '../../lib/client/client.ts';
import { keysFrom } from '../../lib/client/keys.ts';
import { toBase64 } from '../../lib/protocol/bytes.ts';
import type { EventView } from '../../lib/protocol/message.ts';
import { Session } from '../../lib/protocol/session.ts';
import { loadHomeKeys } from '../../server/agent/keys.ts';
import { cli } from '../support/built.ts';
import { ControlClient } from '../../server/control-client.ts';
import { pairDevice } from '../../server/device/device.ts';
import { readHome } from '../../server/device/folder.ts';
import { observerOf } from '../../server/relay/observer.ts';
import { day, hour, VirtualClock } from '../double/clock.ts';
import { startDouble, type Double } from '../double/double.ts';
import { policyActions } from '../support/archive-policy.ts';
import { clock, dial, observe, random } from '../support/house.ts';
import { finds } from '../support/secret-search.ts';
import { until } from '../support/until.ts';
import { relay as startTestRelay } from '../unit/relay-peer.ts';

// The whole way: AWS's double, a home agent as a process of its own that is killed, a relay, a device. What AWS is
// asked for it is asked once, and no key of AWS leaves the home.

const root = mkdtempSync(join(tmpdir(), 'lk-archives-'));
const agentDirectory = join(root, 'agent');
const deviceDirectory = join(root, 'device');
/** Nothing of ours is in the environment of a process but what it is given. */
const bare: NodeJS.ProcessEnv = { NODE_ENV: 'production', PATH: process.env['PATH'], HOME: root };
const agentLog: string[] = [];
let double: Double | undefined;
let agent: ChildProcess | undefined;
const ends: (() => unknown)[] = [];

afterAll(async () => {
  for (const end of ends.reverse()) await end();
  await kill();
  await double?.close();
  vi.restoreAllMocks();
  rmSync(root, { recursive: true, force: true });
});

async function startAgent(aws: Double): Promise<void> {
  const from = agentLog.length;
  const child = spawn(process.execPath, [cli, 'agent', '--dir', agentDirectory], {
    env: { ...bare, ...aws.environment() },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  agent = child;
  for (const stream of [child.stdout, child.stderr])
    createInterface({ input: stream }).on('line', (line) => agentLog.push(line));
  await until(() => {
    if (child.exitCode !== null) throw new Error(`it ended:\n${agentLog.slice(from).join('\n')}`);
    return agentLog.slice(from).some((line) => line.includes('reached'));
  }, 60_000);
}

async function kill(): Promise<void> {
  const child = agent;
  agent = undefined;
  if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const closed = new Promise((resolve) => child.once('close', resolve));
  child.kill('SIGKILL');
  await closed;
}

async function control(verb: Parameters<ControlClient['ask']>[0]): Promise<Record<string, unknown>> {
  const line = await ControlClient.connect(join(agentDirectory, 'control.sock'));
  return line.ask(verb).finally(() => line.close());
}

/** `latchkey device …`, as people run it. */
async function terminal(...args: string[]): Promise<string> {
  const child = spawn(process.execPath, [cli, 'device', ...args], {
    env: { ...bare, LATCHKEY_DEVICE_DIR: deviceDirectory, LATCHKEY_DIR: root },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [out, err] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()));
  const code = await new Promise((resolve) => child.once('close', resolve));
  if (code !== 0) throw new Error(`exit ${String(code)}\n${out}\n${err}`);
  return out;
}

function filesBelow(folder: string): Buffer[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => readFileSync(join(entry.parentPath, entry.name)));
}

test(
  'lists asked for by a device, waited for through kill -9, named, searched over the relay; nothing asked twice',
  { timeout: 300_000 },
  async () => {
    // Every byte that a WebSocket of relay or device sends or is handed, unmasked; and what a device decrypts.
    const crossed: Buffer[] = [];
    const opened: Buffer[] = [];
    const note = (data: unknown): void => {
      if (data instanceof Uint8Array) crossed.push(Buffer.from(data));
      else if (typeof data === 'string') crossed.push(Buffer.from(data));
    };
    const { send, emit } = WebSocket.prototype;
    const { open } = Session.prototype;
    vi.spyOn(WebSocket.prototype, 'send').mockImplementation(function (this: WebSocket, ...args: unknown[]) {
      note(args[0]);
      (send as (...all: unknown[]) => void).apply(this, args);
    });
    vi.spyOn(WebSocket.prototype, 'emit').mockImplementation(function (
      this: WebSocket,
      event: string | symbol,
      ...args: unknown[]
    ) {
      if (event === 'message') note(args[0]);
      return emit.call(this, event, ...args);
    });
    vi.spyOn(Session.prototype, 'open').mockImplementation(function (this: Session, frame) {
      const message = open.call(this, frame);
      if (message !== undefined) opened.push(Buffer.from(message));
      return message;
    });

    const aws = await startDouble({ clock: new VirtualClock(Date.now() - 3 * day) });
    double = aws;
    const secret = {
      accessKeyId: 'AKIAPATHTEST00000001',
      secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLE1234',
      sessionToken: `FwoGZXIvYXdzE//////////${'t0ken+'.repeat(30)}==`,
    };
    aws.credentials[0] = { ...secret, allow: policyActions() };
    const base64 = (text: string): string => Buffer.from(text).toString('base64');
    const hash = (byte: string): string => byte.repeat(32);
    const photos = aws.vault('us-west-2', 'photos');
    const studio = aws.vault('us-west-2', 'studio');
    const papers = aws.vault('eu-west-1', 'papers');
    for (let i = 0; i < 60; i++)
      photos.put(`<m><v>4</v><p>${base64(`Ferien/2019/Säntis ${i}.jpg`)}</p><lm>20190708T101112Z</lm></m>`, {
        size: 1000 + i,
        treeHash: hash('ab'),
      });
    const mt2 = Buffer.from('{"filename":"masters/Volume 2.tar","mtime":"20200101T000000Z"}');
    studio.put(`mt2 ${mt2.toString('base64url')}`, { size: 96_400_000_000, treeHash: hash('cd') });
    studio.put('Volume 3 <b>not markup</b>', { size: 5, treeHash: hash('ef') });
    papers.put('Tax and contracts to 2023', { size: 2_100_000_000, treeHash: hash('01') });
    aws.bucket('cold', 'eu-west-1').put('mail/all accounts.mbox', Buffer.from('mail'), 'DEEP_ARCHIVE');
    aws.bucket('cold', 'eu-west-1').put('warm.txt', Buffer.from('warm'), 'STANDARD');
    aws.bucket('websites', 'us-east-1').put('index.html', Buffer.from('no archive'), 'STANDARD');
    aws.clock.advance(3 * day);

    mkdirSync(agentDirectory, { mode: 0o700 });
    const observer = observerOf(random(32));
    const { mailbox } = loadHomeKeys(join(agentDirectory, 'home-keys.json'));
    const relay = await startTestRelay({ homes: [toBase64(mailbox)], observer });
    ends.push(() => relay.close());
    writeFileSync(
      join(agentDirectory, 'agent.toml'),
      `name = "attic"
[[relay]]
url = "http://localhost:${relay.plainPort}"
own = true
[[observer]]
key = "${toBase64(observer.key)}"
[[archives]]
type = "glacier"
regions = ["us-west-2", "eu-west-1"]
[[archives]]
type = "s3"
`,
    );
    await startAgent(aws);
    const { links } = (await control({ verb: 'offer', confirm: false, minutes: 5 })) as { links: string[] };
    await pairDevice(deviceDirectory, links[0] ?? '', 'phone', () => Promise.resolve());
    const { record, secrets } = await readHome(deviceDirectory, undefined);
    const client = new Client({ record, keys: keysFrom(secrets), dial, observe, random, clock });
    ends.push(() => client.disconnect());
    const heard: EventView[] = [];
    let notices = 0;
    client.subscribe((event) => {
      if (event.type === 'event') heard.push(event.event);
      if (event.type === 'archives') notices++;
    });
    await client.connect();
    const totals = async () => (await client.archives.totals()).value;
    const list = async (query: Omit<Parameters<typeof client.archives.list>[0], 'limit'>) =>
      (await client.archives.list({ ...query, limit: 50 })).value;

    // What AWS counted is known without asking for a list; a bucket's list is there at once.
    await until(async () => (await totals()).vaults.length === 4, 60_000);
    const before = await totals();
    expect(before.vaults.map(({ name, archives, unlisted }) => [name, archives, unlisted])).toEqual([
      ['cold', 1, undefined],
      ['papers', 1, true],
      ['photos', 60, true],
      ['studio', 2, true],
    ]);
    expect(before).toMatchObject({ archives: 64, mayRestore: false, inventories: [], problems: [] });

    // Without the permission nothing is asked.
    await expect(client.archives.askInventory()).rejects.toMatchObject({ code: 'refused-permission' });
    expect(aws.count('InitiateJob')).toBe(0);
    expect((await totals()).inventories).toEqual([]);
    await control({ verb: 'permit', device: 'phone', permission: 'restore', yes: true });

    const asked = (await client.archives.askInventory()).value;
    expect(asked.vaults).toBe(4);
    expect((await client.archives.askInventory(photos.arn)).value.vaults).toBe(1);
    expect((await client.archives.askInventory()).value.vaults).toBe(4);
    expect((await totals()).inventories.map(({ status }) => status)).toEqual([
      'running',
      'running',
      'running',
    ]);
    const initiated = (): number[] =>
      ['photos', 'studio', 'papers'].map((name) => aws.count('InitiateJob', name));
    expect(initiated()).toEqual([1, 1, 1]);

    // Killed while AWS is at it, and again while the lists come.
    await kill();
    aws.clock.advance(5 * hour);
    await startAgent(aws);
    await until(() => aws.count('GetJobOutput') > 0, 60_000);
    await kill();
    await startAgent(aws);
    await client.connect();
    await client.follow(true);
    await until(async () => (await totals()).vaults.every(({ unlisted }) => unlisted !== true), 60_000);
    await until(async () => (await totals()).inventories.length === 0, 60_000);
    expect(initiated()).toEqual([1, 1, 1]);
    expect(await totals()).toMatchObject({ archives: 64, mayRestore: true, problems: [] });

    // Listed, named, searched.
    const found = await list({ search: 'ferien santis 17' });
    expect(found).toMatchObject({ count: 1, rows: [{ name: 'Ferien/2019/Säntis 17.jpg', size: 1017 }] });
    expect((await list({ search: 'masters' })).rows).toMatchObject([{ name: 'masters/Volume 2.tar' }]);
    expect((await list({ search: 'accounts' })).rows).toMatchObject([{ name: 'mail/all accounts.mbox' }]);
    expect((await list({ search: 'warm' })).rows).toEqual([]);
    const pages = [];
    for (let after: string | undefined, more = true; more;) {
      const page = await list({ vault: photos.arn, ...(after === undefined ? {} : { after }) });
      pages.push(...page.rows.map(({ name }) => name));
      after = page.next;
      more = after !== undefined;
    }
    expect(new Set(pages).size).toBe(60);
    const [row] = found.rows;
    const one = (await client.archives.one(row?.vault ?? '', row?.id ?? '')).value.archive;
    expect(one).toMatchObject({ dialect: 'fastglacier-v4', region: 'us-west-2', treeHash: hash('ab') });

    // Told: each list once at least, to those who ask and those who follow.
    const listed = (await client.activity(50)).filter(({ kind }) => kind === 'inventory');
    expect(new Set(listed.map(({ vault, archives }) => `${vault} ${archives}`))).toEqual(
      new Set(['photos 60', 'studio 2', 'papers 1']),
    );
    const asks = (await client.activity(50)).filter(({ kind }) => kind === 'inventory-asked');
    expect(asks.map(({ device, vault }) => [device, vault])).toEqual([
      ['phone', undefined],
      ['phone', 'photos'],
      ['phone', undefined],
    ]);
    expect((await client.archives.askInventory(papers.arn)).value.vaults).toBe(1);
    await until(() => notices > 0 && heard.some(({ kind }) => kind === 'inventory-asked'));
    expect(initiated()).toEqual([1, 1, 1]);

    // The same from a terminal.
    const told = JSON.parse(await terminal('archives', '--search', 'masters', '--json')) as {
      count: number;
      rows: { name: string }[];
    };
    expect(told).toMatchObject({ archives: 64, count: 1, rows: [{ name: 'masters/Volume 2.tar' }] });
    const lines = await terminal('archives', '--vault', 'studio');
    expect(lines).toContain('Volume 3 <b>not markup</b>');
    expect(lines).toContain('2 found, 2 shown.');
    expect(await terminal('archives', 'inventory', 'papers', '--json')).toBe('{"vaults":1}\n');
    await expect(terminal('archives', 'inventory', 'nowhere')).rejects.toThrow('config-missing');
    expect(initiated()).toEqual([1, 1, 1]);

    // Got back from a terminal, by the permission and the size that is typed.
    aws.credentials[0] = { ...secret, allow: [...policyActions(), ...policyActions('restoring')] };
    const back = (...args: string[]) => terminal('archives', 'restore', ...args);
    expect(await back()).toContain('Nothing was ever asked back: latchkey device archives restore ARCHIVE');
    await expect(back('mail/nothing')).rejects.toThrow('config-missing');
    await expect(back('--search', 'Ferien')).rejects.toThrow(/config-usage.*more than 32/);
    await expect(back('--search', ' ')).rejects.toThrow(/config-usage.*--search: empty/);
    await expect(back('--search', 'nowhere')).rejects.toThrow('config-missing');
    await expect(back('--pasue')).rejects.toThrow(/exit 2[^]*no option and no archive: --pasue/);
    await expect(back('--pause')).rejects.toThrow(/config-usage.*no restore was ever begun/);
    await expect(back('--tier', 'Standard')).rejects.toThrow(/config-usage.*--tier: for which archives/);
    const plan = await back('mail/all accounts.mbox', '--search', 'accounts');
    expect(plan).not.toContain('left out');
    expect(plan).toContain('1 archive, 4 B: mail/all accounts.mbox');
    expect(plan).toContain('Nothing is asked yet. To begin: the same again with --size "4 B"');
    await expect(back('mail/all accounts.mbox', '--size', '5 B')).rejects.toThrow('refused-size');
    expect(aws.count('RestoreObject')).toBe(0);
    const begun = await back('mail/all accounts.mbox', '--size', '4 B');
    expect(begun).toContain('Begun. It goes on by itself: latchkey device archives restore\n');
    await until(() => aws.count('RestoreObject') === 1, 60_000);
    await back('--pause');
    const standing = JSON.parse(await back('--json')) as { restore: object; rows: object[] };
    expect(standing.restore).toMatchObject({ archives: 1, bytes: 4, startedBy: 'phone', pausing: true });
    await back('--continue');
    const inWords = await back();
    expect(inWords).toMatch(/^Restore of \S+ \S+ by phone, \w+: under way: 0 of 1 archive back/);
    await control({ verb: 'permit', device: 'phone', permission: 'restore', yes: false });
    await expect(back('--pause')).rejects.toThrow('refused-permission');
    await control({ verb: 'permit', device: 'phone', permission: 'restore', yes: true });

    // Another start asks for no list, and fetches none again.
    await kill();
    const outputs = aws.count('GetJobOutput');
    await startAgent(aws);
    await client.connect();
    await until(async () => (await totals()).archives === 64, 60_000);
    expect([initiated(), aws.count('GetJobOutput')]).toEqual([[1, 1, 1], outputs]);

    // No key of AWS crossed, in any writing of it; and the search would have found one.
    client.disconnect();
    const wire = Buffer.concat(crossed);
    const read = Buffer.concat(opened);
    expect(wire.length).toBeGreaterThan(50_000);
    expect(finds(read, 'Ferien/2019')).toBe(true);
    expect(finds(wire, 'Ferien/2019')).toBe(false);
    const device = Buffer.concat(filesBelow(deviceDirectory));
    expect(device.length).toBeGreaterThan(100);
    const log = Buffer.from(agentLog.join('\n'));
    for (const one of Object.values(secret))
      for (const place of [wire, read, device, log, Buffer.concat(filesBelow(agentDirectory))])
        expect(finds(place, one)).toBe(false);
  },
);
