import { appendFile, copyFile, rename, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { followSessions } from '../../server/helper/sessions.ts';
import { startDriverHost } from './driver-host.ts';
import { createLab } from './net.ts';
import { sshLogin, sshSession, startSshd } from './sshd.ts';
import type { Sessions } from '../../server/helper/sessions.ts';
import type { Lab } from './net.ts';
import type { Sshd } from './sshd.ts';

let lab: Lab;
let sshd: Sshd;
beforeAll(async () => {
  lab = await createLab();
  sshd = await startSshd(lab);
});
afterAll(() => lab.destroy());

const following: Sessions[] = [];
const logged: string[] = [];
afterEach(async () => {
  for (const one of following.splice(0)) await one.stop();
});
async function follow(file = sshd.log): Promise<Sessions> {
  const sessions = followSessions({ from: { file }, log: (line) => logged.push(line) });
  following.push(sessions);
  await sessions.settle();
  return sessions;
}

async function shows(sessions: Sessions, count: number, withinMs = 2000): Promise<void> {
  const end = performance.now() + withinMs;
  while (sessions.sessions().length !== count) {
    if (performance.now() > end) throw new Error(`${sessions.sessions().length} sessions, not ${count}`);
    await sleep(10);
  }
}

test.each(['root', 'pat'] as const)(
  'a real session of %s: shown within moments, gone with its end',
  async (user) => {
    const sessions = await follow();
    expect(sessions.sessions()).toEqual([]);
    const before = Date.now();
    const live = await sshSession(lab.phone, sshd, lab.home.address4, { user });
    await shows(sessions, 1);
    const [fact] = sessions.sessions();
    expect(Object.keys(fact!).sort()).toEqual(['address', 'at', 'pid', 'port', 'user']);
    expect(fact).toMatchObject({ user, address: '203.0.113.7' });
    expect(fact!.at).toBeGreaterThan(before - 1100); // the log's stamps are whole seconds
    expect(fact!.at).toBeLessThanOrEqual(Date.now());
    expect(sessions.sessions(fact!.port)).toHaveLength(1);
    expect(sessions.sessions(fact!.port === 1 ? 2 : 1)).toEqual([]);
    await live.end();
    await shows(sessions, 0);
  },
);

test('IPv6 and two at once, newest first', async () => {
  const sessions = await follow();
  const first = await sshSession(lab.phone, sshd, lab.home.address4);
  await sleep(1100);
  const second = await sshSession(lab.stranger, sshd, lab.home.address6, { user: 'pat' });
  await shows(sessions, 2);
  expect(sessions.sessions().map(({ address }) => address)).toEqual(['2001:db8:7::66', '203.0.113.7']);
  await first.end();
  await shows(sessions, 1);
  await second.end();
  await shows(sessions, 0);
});

test('a session that was there before, and one that is over at once, are not shown', async () => {
  const live = await sshSession(lab.phone, sshd, lab.home.address4);
  const sessions = await follow();
  expect(sessions.sessions()).toEqual([]);
  expect((await sshLogin(lab.phone, sshd, lab.home.address4)).stdout).toBe('in\n');
  await shows(sessions, 0);
  await live.end();
});

test('through a proxy door sshd sees this machine; the outgoing port tells whose session it is', async () => {
  const sessions = await follow();
  const host = await startDriverHost(lab.home);
  await host.create('front', 'proxy', { listen: 2222, target: '127.0.0.1:22' }, lab.directory);
  await host.open('front', '203.0.113.7', 30);
  const live = await sshSession(lab.phone, { ...sshd, port: 2222 }, lab.home.address4);
  await shows(sessions, 1);
  const [connection] = await host.connections('front');
  expect(connection).toMatchObject({ address: '203.0.113.7', live: true });
  expect(sessions.sessions(connection!.outgoingPort)).toMatchObject([{ address: '127.0.0.1', user: 'root' }]);
  await host.close('front', '203.0.113.7');
  expect(await live.say()).toBe(true);
  expect((await sshLogin(lab.phone, { ...sshd, port: 2222 }, lab.home.address4)).code).toBe(255);
  await live.end();
  await shows(sessions, 0);
  await host.kill();
});

test('sshd’s process killed without a word: the session is gone', async () => {
  const sessions = await follow();
  const live = await sshSession(lab.phone, sshd, lab.home.address4);
  await shows(sessions, 1);
  process.kill(sessions.sessions()[0]!.pid, 'SIGKILL');
  await shows(sessions, 0);
  await live.end();
});

test('lines that name no sshd process of this machine are nobody’s session', async () => {
  const sessions = await follow();
  const forged = 'Accepted password for root from 203.0.113.7 port 4 ssh2';
  await appendFile(
    sshd.log,
    `Nov 22 07:20:01 home sshd[${process.pid}]: ${forged}\nNov 22 07:20:01 home sshd[1]: ${forged}\n`,
  );
  await sessions.settle();
  await sleep(100);
  expect(sessions.sessions()).toEqual([]);
});

test('rotation by renaming, by copying and truncating, and a file that comes later', async () => {
  const file = join(lab.directory, 'auth.log');
  const sessions = await follow(file);
  expect(logged.some((line) => line.includes('ENOENT'))).toBe(true);
  expect(sessions.reads()).toBe(false);
  const live = await sshSession(lab.phone, sshd, lab.home.address4);
  const line = (await sshd.logged(/Accepted .* from 203\.0\.113\.7 /)).trim();
  const real = (await sshd.lines()).filter((one) => one.includes('Accepted')).at(-1) ?? line;
  const end = `Nov 22 07:20:01 home sshd[5]: Disconnected from user root 203.0.113.7 port ${/port (\d+)/.exec(real)![1]}`;

  await writeFile(file, `${real}\n`);
  await shows(sessions, 1);
  expect(sessions.reads()).toBe(true);
  await appendFile(file, end); // half a line says nothing yet
  await sleep(100);
  expect(sessions.sessions()).toHaveLength(1);
  await appendFile(file, '\n');
  await shows(sessions, 0);

  await rename(file, `${file}.1`);
  await appendFile(`${file}.1`, `${real}\n`); // the writer has not noticed yet
  await shows(sessions, 1);
  await writeFile(file, `${end}\n`);
  await shows(sessions, 0);

  await copyFile(file, `${file}.2`);
  await truncate(file, 0);
  await sessions.settle();
  await appendFile(file, `${real}\n`);
  await shows(sessions, 1);

  await appendFile(file, `${'x'.repeat(100_000)}\n${end}\n`); // a line beyond all measure harms nobody
  await shows(sessions, 0);
  await live.end();
});
