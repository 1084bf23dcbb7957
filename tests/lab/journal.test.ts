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
import type { Lab } from './net.ts';
import type { Sshd } from './sshd.ts';

// A real journald, a real sshd that logs to it, and what the helper makes of its journal.

const here = (name: string) => fileURLToPath(new URL(name, import.meta.url));
let lab: Lab;
let sshd: Sshd;
let socket: string;
let ask: () => Promise<SessionFact[]>;

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
    ...[process.execPath, '--import', 'tsx', here('sessions-process.ts')],
  ]);
  child.stderr.pipe(process.stderr);
  const waiting: ((facts: SessionFact[]) => void)[] = [];
  createInterface({ input: child.stdout }).on('line', (line) =>
    waiting.shift()?.(JSON.parse(line) as SessionFact[]),
  );
  ask = () =>
    new Promise((resolve) => {
      waiting.push(resolve);
      child.stdin.write('\n');
    });
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
