import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { reaches, sshLogin, sshSession } from './sshd.ts';
import {
  phone,
  phone6,
  options,
  openSsh,
  lab,
  sshd,
  program,
  host,
  rules,
  make,
  open,
  until,
  knockds,
  prepareKnockdLab,
} from './knockd-lab.ts';

prepareKnockdLab();

describe('one opening', () => {
  test('knock by knock to an open port, for the phone alone, until knockd closes it', async () => {
    const made = await make(options + openSsh(5));
    expect(await reaches(lab.phone, lab.home.address4, 22)).toBe(false);

    const live: object[] = [];
    const began = performance.now();
    const { opening, stages } = await open(made, phone, (stage) => live.push(stage));
    const took = performance.now() - began;
    expect(opening).toEqual({ address: phone });
    expect(live).toEqual(stages.map(({ atMs: _, ...stage }) => stage));
    expect(stages.map(({ stage, n, of }) => (n === undefined ? stage : `${stage} ${n}/${of}`))).toEqual([
      'asked',
      'knock 1/4',
      'knock 2/4',
      'knock 3/4',
      'knock 4/4',
      'sesame',
      'rule',
      'checked',
    ]);
    expect(took).toBeLessThan(1500);

    expect(await rules()).toEqual([`-A INPUT -s ${phone}/32 -p tcp -m tcp --dport 22 -j ACCEPT`]);
    expect((await sshLogin(lab.phone, sshd, lab.home.address4)).stdout).toBe('in\n');
    expect(await reaches(lab.stranger, lab.home.address4, 22)).toBe(false);
    expect(await host.inspect(made.door)).toMatchObject([{ address: phone }]);

    await until(async () => (await rules()).length === 0, 7000);
    expect(performance.now() - began).toBeGreaterThan(4900);
    expect(await reaches(lab.phone, lab.home.address4, 22)).toBe(false);
    expect(await host.inspect(made.door)).toEqual([]);
  });

  test('by IPv6, with the commands for IPv6', async () => {
    const made = await make(options + openSsh(5));
    const { stages } = await open(made, phone6);
    expect(stages.filter(({ stage }) => stage === 'knock').map(({ n }) => n)).toEqual([1, 2, 3, 4]);
    expect(await rules('ip6tables')).toEqual([
      `-A INPUT -s ${phone6}/128 -p tcp -m tcp --dport 22 -j ACCEPT`,
    ]);
    expect(await rules()).toEqual([]);
    expect((await sshLogin(lab.phone, sshd, lab.home.address6)).stdout).toBe('in\n');
    expect(await reaches(lab.stranger, lab.home.address6, 22)).toBe(false);
    expect(await host.inspect(made.door)).toMatchObject([{ address: phone6 }]);
    await until(async () => (await rules('ip6tables')).length === 0, 7000);
  });

  test('by UDP and TCP in turn, in a section whose name holds a colon and a space', async () => {
    const name = 'home: back door';
    const text = openSsh(2, name)
      .replace('7324,4566,7446,4324', '7324:udp,4566:tcp,7446:udp')
      .replace('= syn', '= syn,!ack,psh');
    const made = await make(options + text, name);
    const { stages } = await open(made);
    expect(stages.at(-3)?.stage).toBe('sesame');
    expect(await rules()).toHaveLength(1);
  });

  test('ssh lives on when the door has closed', async () => {
    const made = await make(options + openSsh(1));
    await open(made);
    const session = await sshSession(lab.phone, sshd, lab.home.address4);
    await until(async () => (await rules()).length === 0, 3000);
    expect(await session.say()).toBe(true);
    expect(await reaches(lab.phone, lab.home.address4, 22)).toBe(false);
    await session.end();
  });

  test('nothing of the knock reaches a wire, no answer to it either', async () => {
    const text = openSsh(1).replace('7324,4566', '7324:udp,4566');
    const made = await make(options + text);
    // Neighbour discovery may speak on the wire at any time; none of these may.
    const kinds = [
      'meta l4proto { tcp, udp }',
      'icmp type destination-unreachable',
      'icmpv6 type destination-unreachable',
    ];
    const watch = [
      'add table inet watch',
      'add chain inet watch out { type filter hook output priority 0; }',
      ...kinds.map((kind) => `add rule inet watch out oifname "eth0" ${kind} counter`),
    ];
    await lab.home.run('nft', [watch.join('; ')]);
    const count = async () => {
      const { stdout } = await lab.home.run('nft', ['list', 'table', 'inet', 'watch']);
      return [...stdout.matchAll(/packets (\d+)/g)].reduce((sum, found) => sum + Number(found[1]), 0);
    };
    await open(made);
    await open(made, phone6);
    await sleep(200);
    expect(await count()).toBe(0);
    await reaches(lab.home, '203.0.113.66', 9);
    expect(await count()).toBeGreaterThan(0);
    await lab.home.run('nft', ['delete', 'table', 'inet', 'watch']);
  });
});

describe('openings beside each other', () => {
  test('a second opening for the same address is refused and adds no rule; others go on', async () => {
    const made = await make(options + openSsh(3));
    await open(made);
    await expect(open(made)).rejects.toMatchObject({ code: 'refused-door-open' });
    expect(await rules()).toHaveLength(1);
    await open(made, '203.0.113.66');
    expect(await rules()).toHaveLength(2);
    expect(await reaches(lab.stranger, lab.home.address4, 22)).toBe(true);
    const seen = (await host.inspect(made.door)).map(({ address }) => address);
    expect(seen.sort()).toEqual(['203.0.113.66', phone]);
  });

  test('ten addresses asked at once: each is heard, one injection after another', async () => {
    const made = await make(options + openSsh(10));
    const addresses = Array.from({ length: 10 }, (_, i) =>
      i % 2 ? `2001:db8:7::${i + 100}` : `203.0.113.${i + 100}`,
    );
    const done = await Promise.all(addresses.map((address) => open(made, address)));
    expect(done.map(({ opening }) => opening.address)).toEqual(addresses);
    expect(await rules()).toHaveLength(5);
    expect(await rules('ip6tables')).toHaveLength(5);
  });

  test('two doors of one file share one knockd, and it is the doors’ last one that ends it', async () => {
    const text =
      options +
      openSsh(1) +
      openSsh(1, 'other').replace('7324,4566', '4566,7324').replaceAll('--dport 22', '--dport 2222');
    const first = await make(text);
    await host.create('beside', 'knockd', { file: first.file, section: 'other', program }, first.directory);
    await host.start('beside');
    expect(await knockds()).toHaveLength(1);
    await Promise.all([open(first), host.open('beside', phone)]);
    await host.stop(first.door);
    expect(await knockds()).not.toHaveLength(0);
    await host.stop('beside');
    await until(async () => (await knockds()).length === 0, 3000);
    expect(await rules()).toEqual([]);
  });
});

describe('closing before the time', () => {
  test('takes the rule away; knockd’s timer finds nothing and harms nothing', async () => {
    const made = await make(options + openSsh(2));
    await open(made);
    await host.close(made.door, phone);
    expect(await rules()).toEqual([]);
    expect(await host.inspect(made.door)).toEqual([]);
    expect(await reaches(lab.phone, lab.home.address4, 22)).toBe(false);
    await host.close(made.door, phone); // closing what is closed is no error
    await sleep(2300);
    const [output] = (await readdir(made.directory)).filter((name) => name.endsWith('.out'));
    expect(await readFile(join(made.directory, output!), 'latin1')).toContain(
      'returned non-zero status code (1)',
    );
    await open(made);
    expect(await rules()).toHaveLength(1);
  });

  test('and opening again: the old timer does not cut the new opening short', async () => {
    const made = await make(options + openSsh(2));
    await open(made);
    await sleep(1200);
    await host.close(made.door, phone);
    await open(made);
    const again = performance.now();
    await sleep(1300); // the first opening's time is over
    expect(await rules()).toHaveLength(1);
    await until(async () => (await rules()).length === 0, 2500);
    expect(performance.now() - again).toBeGreaterThan(1900);
  });

  test('by the closing section: its command runs, and the rule is gone', async () => {
    const closing = `[shut]\nsequence = 4324,7446\ncommand = /sbin/iptables -D INPUT -p tcp -s %IP% --dport 22 -j ACCEPT\n`;
    const made = await make(options + openSsh(2) + closing);
    await open(made);
    await host.close(made.door, phone);
    expect(await rules()).toEqual([]);
    const [output] = (await readdir(made.directory)).filter((name) => name.endsWith('.out'));
    const said = await readFile(join(made.directory, output!), 'latin1');
    expect(said).toContain(`${phone}: shut: OPEN SESAME`);
    expect(said).not.toContain('non-zero');
    await open(made);
    expect(await rules()).toHaveLength(1);
  });

  test('by the closing section, where there is no rule to take away: also after its time', async () => {
    const log = join(lab.directory, 'closing');
    const text = `[d]\nsequence=7324,4566\ncommand = /bin/echo on >>${log} # %IP%\ncmd_timeout=1\n[shut]\nsequence=4566\ncommand = /bin/echo off >>${log}\n`;
    const made = await make(text, 'd', { port: 22, close_section: 'shut' });
    await open(made);
    await host.close(made.door, phone);
    expect(await readFile(log, 'utf8')).toBe('on\noff\n');
    expect(await host.inspect(made.door)).toEqual([]);
    await open(made);
    await sleep(2100);
    const [late] = await host.inspect(made.door);
    expect(late?.address).toBe(phone);
    expect(late?.dueMs).toBeLessThanOrEqual(0);
    await host.close(made.door, phone);
    expect(await readFile(log, 'utf8')).toBe('on\noff\non\noff\n');
    expect(await host.inspect(made.door)).toEqual([]);
  });

  test('a rule that was there before is shown, keeps its address refused, and is never removed', async () => {
    const made = await make(options + openSsh(2));
    await lab.home.run('iptables', [
      '-A',
      'INPUT',
      '-s',
      phone,
      '-p',
      'tcp',
      '--dport',
      '22',
      '-j',
      'ACCEPT',
    ]);
    expect(await host.inspect(made.door)).toMatchObject([{ address: phone }]);
    await expect(open(made)).rejects.toMatchObject({ code: 'refused-door-open' });
    await expect(host.close(made.door, phone)).rejects.toMatchObject({ code: 'tool-still-open' });
    expect(await rules()).toHaveLength(1);
  });
});
