import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { markRules } from '../../server/doors/nftables.ts';
import { echoDatagrams, isAnswered } from './datagrams.ts';
import { startLabHelper, type LabHelper } from './helper.ts';
import { createLab, type Lab } from './net.ts';
import { startProbe, type Probe } from './probe.ts';
import { sshLogin, sshSession, startSshd, type Sshd } from './sshd.ts';

// Needs root: real nftables and a real sshd in namespaces.

const stages: string[] = [];
const onStage = ({ stage }: { stage: string }) => void stages.push(stage);

describe.each(['gate', 'mark'] as const)('nftables, mode %s', (mode) => {
  let lab: Lab;
  let helper: LabHelper;
  let sshd: Sshd;
  let phone: Probe;
  let stranger: Probe;
  const file = (port = 22) => `driver = "nftables"\nport = ${port}\nmode = "${mode}"\n`;

  beforeAll(async () => {
    lab = await createLab({ firewall: mode === 'gate' ? 'none' : 'iptables' });
    if (mode === 'mark')
      for (const tool of ['iptables', 'ip6tables']) await lab.home.run(tool, markRules.iptables);
    sshd = await startSshd(lab);
    phone = startProbe(lab.phone);
    stranger = startProbe(lab.stranger);
    helper = await startLabHelper(lab, { ssh: file() });
  });
  afterAll(async () => {
    await helper?.client.stop();
    await lab?.destroy();
  });

  const reached = async (probe: Probe, six = false) =>
    (await probe.connect(six ? lab.home.address6 : lab.home.address4, 22)).outcome;

  test('closed to everybody before anything is opened', async () => {
    expect(await reached(phone)).toBe('timeout');
    expect(await reached(phone, true)).toBe('timeout');
    expect(await helper.client.inspect('ssh')).toEqual([]);
  });

  test.each([
    ['IPv4', '203.0.113.7', false],
    ['IPv6', '2001:db8:7::7', true],
  ])('opens for one address over %s: ssh answers it and no stranger', async (_family, address, six) => {
    stages.length = 0;
    const opening = await helper.client.open('ssh', address, 20, onStage);
    expect(stages).toEqual(['asked', 'rule', 'checked']);
    expect(opening.address).toBe(address);
    expect(opening.remainingMs).toBeGreaterThan(19_000);
    expect(opening.remainingMs).toBeLessThanOrEqual(20_000);
    const [seen] = await helper.client.inspect('ssh');
    expect(seen?.address).toBe(address);
    expect(seen?.remainingMs).toBeLessThanOrEqual(opening.remainingMs ?? 0);

    const target = six ? lab.home.address6 : lab.home.address4;
    expect((await sshLogin(lab.phone, sshd, target)).stdout).toBe('in\n');
    expect(await reached(stranger, six)).toBe('timeout');

    await helper.client.close('ssh', address);
    expect(await helper.client.inspect('ssh')).toEqual([]);
    expect((await lab.home.run('nft', ['list', 'table', 'inet', 'latchkey'])).stdout).not.toContain(address);
    expect(await reached(phone, six)).toBe('timeout');
    await helper.client.close('ssh', address); // closing what is not open is no error
  });

  test('the kernel closes on time, and the session that began lives on', async () => {
    await helper.client.open('ssh', '203.0.113.7', 2, onStage);
    const session = await sshSession(lab.phone, sshd, lab.home.address4);
    await sleep(2200);
    expect(await helper.client.inspect('ssh')).toEqual([]);
    expect(await reached(phone)).toBe('timeout');
    expect(await session.say()).toBe(true);
    await session.end();
  });

  test('opening again sets a new time from now', async () => {
    await helper.client.open('ssh', '203.0.113.7', 2, onStage);
    const longer = await helper.client.open('ssh', '203.0.113.7', 30, onStage);
    expect(longer.remainingMs).toBeGreaterThan(29_000);
    await sleep(2200);
    expect(await reached(phone)).toBe('connected');
    await helper.client.close('ssh', '203.0.113.7');
  });

  test('openings for many addresses at once are each read back', async () => {
    const addresses = Array.from({ length: 15 }, (_, n) => `203.0.113.${100 + n}`);
    const openings = await Promise.all(
      addresses.map((address) => helper.client.open('ssh', address, 30, onStage)),
    );
    expect(openings.map((opening) => opening.address)).toEqual(addresses);
    expect((await helper.client.inspect('ssh')).map((one) => one.address).sort()).toEqual(addresses);
    await expect(
      Promise.all(
        ['203.0.113.7', '203.0.113.8'].map((address) => helper.client.open('ssh', address, 30, onStage)),
      ),
    ).rejects.toMatchObject({ code: 'refused-door-full' });
    expect((await helper.client.inspect('ssh')).length).toBeLessThanOrEqual(16);
    await Promise.all(
      [...addresses, '203.0.113.7', '203.0.113.8'].map((one) => helper.client.close('ssh', one)),
    );
  });

  test('an opening outlives the helper, which takes it over at its next start', async () => {
    await helper.client.open('ssh', '203.0.113.7', 30, onStage);
    expect(await reached(phone)).toBe('connected'); // noted in the table, too
    const before = await lab.home.run('nft', ['list', 'table', 'inet', 'latchkey']);
    await helper.kill('SIGKILL');
    expect(await reached(phone)).toBe('connected');
    expect(await reached(stranger)).toBe('timeout');
    await helper.start();
    expect((await helper.client.inspect('ssh')).map((one) => one.address)).toEqual(['203.0.113.7']);
    const after = await lab.home.run('nft', ['list', 'table', 'inet', 'latchkey']);
    const bare = (text: string) => text.replace(/ (timeout|expires) \S+/g, '');
    expect(bare(after.stdout)).toBe(bare(before.stdout));
    await helper.client.close('ssh', '203.0.113.7');
  });

  test('a killed nft is replaced: nothing is lost and the next opening works', async () => {
    await helper.client.open('ssh', '203.0.113.7', 30, onStage);
    const { stdout } = await lab.home.run('pgrep', ['-P', String(helper.pid()), '-x', 'nft']);
    expect(stdout.trim()).toMatch(/^\d+$/);
    process.kill(Number(stdout), 'SIGKILL');
    const opening = await helper.client.open('ssh', '203.0.113.8', 30, onStage);
    expect(opening.address).toBe('203.0.113.8');
    expect((await helper.client.inspect('ssh')).length).toBe(2);
    await helper.client.close('ssh', '203.0.113.7');
    await helper.client.close('ssh', '203.0.113.8');
  });

  test('a door that is added or removed changes its own part alone', async () => {
    await helper.client.open('ssh', '203.0.113.7', 30, onStage);
    await helper.write({ ssh: file(), ip: file(2222) }); // `ip6` is a word of nft's own
    expect(await helper.reload()).toMatch(/read again, 2 doors/);
    await helper.client.open('ip', '2001:db8:7::7', 30, onStage);
    expect((await helper.client.inspect('ssh')).map((one) => one.address)).toEqual(['203.0.113.7']);
    await helper.write({ ssh: file() });
    expect(await helper.reload()).toMatch(/read again, 1 doors/);
    const { stdout } = await lab.home.run('nft', ['list', 'table', 'inet', 'latchkey']);
    expect(stdout).toContain('v4_ssh');
    expect(stdout).not.toMatch(/_ip\b/);
    expect((await helper.client.inspect('ssh')).map((one) => one.address)).toEqual(['203.0.113.7']);
    await helper.client.close('ssh', '203.0.113.7');
  });

  test('a UDP door passes the datagrams of the address it is open for, and notes that they came', async () => {
    const dns = `driver = "nftables"\nport = 5353\nprotocol = "udp"\nmode = "${mode}"\n`;
    await helper.write({ ssh: file(), dns });
    expect(await helper.reload()).toMatch(/read again, 2 doors/);
    const facts = (await helper.client.doors()).find(({ name }) => name === 'dns');
    expect(facts?.endpoint).toEqual({ port: 5353, protocol: 'udp' });
    await echoDatagrams(lab.home, 5353);
    const asks = (from = lab.phone, six = false) =>
      isAnswered(from, six ? lab.home.address6 : lab.home.address4, 5353);
    expect([await asks(), await asks(lab.phone, true)]).toEqual([false, false]);
    for (const address of ['203.0.113.7', '2001:db8:7::7']) {
      await helper.client.open('dns', address, 30, onStage);
      expect(await helper.client.inspect('dns')).toMatchObject([{ address, packet: 'none' }]);
      const six = address.includes(':');
      expect([
        await asks(lab.phone, six),
        await asks(lab.phone, !six),
        await asks(lab.stranger, six),
      ]).toEqual([true, false, false]);
      const [seen] = await helper.client.inspect('dns');
      expect(seen?.packet).toEqual({ agoMs: expect.any(Number) as number });
      await helper.client.close('dns', address);
      expect(await asks(lab.phone, six)).toBe(false);
    }
    // A door of the same number for TCP is another door.
    expect(await reached(phone)).toBe('timeout');
    await helper.write({ ssh: file() });
    await helper.reload();
    expect((await lab.home.run('nft', ['list', 'table', 'inet', 'latchkey'])).stdout).not.toMatch(/_dns\b/);
  });

  test('a flushed ruleset is made again at the next look', async () => {
    await lab.home.run('nft', ['delete', 'table', 'inet', 'latchkey']);
    expect(await helper.client.inspect('ssh')).toEqual([]);
    expect(await reached(phone)).toBe('timeout');
    await lab.home.run('nft', ['delete', 'table', 'inet', 'latchkey']);
    expect((await helper.client.open('ssh', '203.0.113.7', 30, onStage)).address).toBe('203.0.113.7');
    expect(await reached(phone)).toBe('connected');
    expect(await reached(stranger)).toBe('timeout');
    await helper.client.close('ssh', '203.0.113.7');
  });
});
