import { existsSync } from 'node:fs';
import { mkdir, rm, symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createLab } from './net.ts';
import { sshSession, startSshd } from './sshd.ts';
import type { SessionFact } from '../../lib/door.ts';
import type { Attacks } from '../../server/bans/host.ts';
import type { Lab } from './net.ts';
import type { Sshd } from './sshd.ts';
import { built } from '../support/built.ts';

// A real journald, a real sshd that logs to it, and what the helper makes of its journal.

const here = (name: string) => fileURLToPath(new URL(name, import.meta.url));
let lab: Lab;
let sshd: Sshd;
let socket: string;
let ask: () => Promise<SessionFact[]>;
let askAttacks: (again?: 'again') => Promise<Attacks>;

beforeAll(async () => {
  lab = await createLab();
  sshd = await startSshd(lab);
  const run = join(lab.directory, 'run');
  await mkdir(run);
  lab.home.spawn('unshare', ['-m', 'sh', here('journal.sh'), run]);
  socket = join(run, 'systemd/journal/dev-log');
  for (let tries = 0; tries < 250 && !existsSync(socket); tries += 1) await sleep(20);
  // sshd's next connections log there; what a listening sshd has open already stays.
  const devLog = join(dirname(sshd.log), 'log.socket');
  await rm(devLog);
  await symlink(socket, devLog);

  const command = ['sh', '-c', 'mount --bind "$0" /run && exec "$@"', run];
  const child = lab.home.spawn('unshare', [
    '-m',
    ...command,
    ...[process.execPath, built(new URL('sessions-process.ts', import.meta.url))],
  ]);
  child.stderr.pipe(process.stderr);
  const waiting: ((answer: unknown) => void)[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => waiting.shift()?.(JSON.parse(line)));
  const say = (text: string) =>
    new Promise((resolve) => {
      waiting.push(resolve);
      child.stdin.write(`${text}\n`);
    });
  ask = async () => (await say('')) as SessionFact[];
  askAttacks = async (again) => (await say(again ?? 'attacks')) as Attacks;
  await ask();
  await sleep(500); // journalctl itself
});
afterAll(() => lab.destroy());

async function shows(count: number): Promise<SessionFact[]> {
  const end = performance.now() + 3000;
  for (;;) {
    const facts = await ask();
    if (facts.length === count) return facts;
    if (performance.now() > end) throw new Error(`${facts.length} sessions, not ${count}`);
    await sleep(20);
  }
}

test.each(['root', 'pat'] as const)('a session of %s, from its beginning to its end', async (user) => {
  const before = Date.now();
  const live = await sshSession(lab.phone, sshd, lab.home.address4, { user });
  const [fact] = await shows(1);
  expect(fact).toMatchObject({ user, address: '203.0.113.7' });
  expect(Math.abs(fact!.at - before)).toBeLessThan(3000);
  await live.end();
  await shows(0);
});

test('what others write under sshd’s name is nobody’s session, be they root or not', async () => {
  const live = await sshSession(lab.phone, sshd, lab.home.address4);
  const [{ pid }] = (await shows(1)) as [SessionFact];
  const forged = `<38>Nov 22 07:20:01 sshd[${pid}]: Accepted password for root from 203.0.113.66 port 4 ssh2`;
  const script = `use Socket; socket(my $s, PF_UNIX, SOCK_DGRAM, 0); connect($s, sockaddr_un($ARGV[0])) or die $!; send($s, $ARGV[1], 0);`;
  await lab.home.run('perl', ['-e', script, socket, forged]);
  await lab.home.run(
    'setpriv',
    ['--reuid', '65534', '--clear-groups', 'perl', '-e', script, socket, forged],
    {
      anyStatus: true,
    },
  );
  await sleep(300);
  expect(await ask()).toHaveLength(1);
  await live.end();
  await shows(0);
});

test('attacks from the journal: what root’s sshd says of them, also to a helper that starts later', async () => {
  const flags = [
    'BatchMode=yes',
    'StrictHostKeyChecking=no',
    'UserKnownHostsFile=/dev/null',
    'ConnectTimeout=2',
  ];
  await lab.stranger.run(
    'ssh',
    ['-F', 'none', ...flags.flatMap((flag) => ['-o', flag]), `nobody-here@${lab.home.address4}`],
    { anyStatus: true },
  );
  const forged = '<38>Nov 22 07:20:01 sshd[7]: Invalid user x from 203.0.113.99 port 4';
  const script = `use Socket; socket(my $s, PF_UNIX, SOCK_DGRAM, 0); connect($s, sockaddr_un($ARGV[0])) or die $!; send($s, $ARGV[1], 0);`;
  await lab.home.run('perl', ['-e', script, socket, forged]);
  const shown = async () => {
    const end = performance.now() + 5000;
    for (;;) {
      const attacks = await askAttacks();
      if (attacks.recent.length > 0 || performance.now() > end) return attacks;
      await sleep(50);
    }
  };
  const { recent, hours, reads } = await shown();
  expect(reads).toBe(true);
  expect(recent).toMatchObject([{ kind: 'failed', address: '203.0.113.66', user: 'nobody-here' }]);
  expect(hours).toMatchObject([{ kind: 'failed', count: 1, addresses: 1 }]);
  await askAttacks('again');
  expect(await shown()).toEqual({ recent, hours, reads });
});
