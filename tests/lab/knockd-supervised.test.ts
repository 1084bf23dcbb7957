import { chmod, copyFile, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { slackMs } from '../support/slack.ts';
import { until } from '../support/until.ts';
import { startKnockdHousehold, type KnockdHousehold } from './knockd-household.ts';
import { startOpenPage, type OpenPage } from './open-page.ts';
import { unpack } from './unpack.ts';

/** What is wrong with the knockd on lo, as the phone is told: within 2 s, with its reason, until it is mended. */

const within = () => 2000 + slackMs();

let folder: string;
let program: string;
let home: KnockdHousehold;
let phone: OpenPage;

beforeAll(async () => {
  // The one that a test takes away.
  folder = await mkdtemp(join(tmpdir(), 'latchkey-knockd-'));
  program = join(folder, 'knockd');
  await copyFile((await unpack('knockd')).path('usr/sbin/knockd'), program);
  await chmod(program, 0o755);
  home = await startKnockdHousehold(['deaf', 'ended', 'file'], [], { ended: { program } });
  phone = await startOpenPage(home.lab.phone, await home.house.link(4), 'phone');
});
afterAll(async () => {
  await home?.destroy();
  await rm(folder, { recursive: true });
});

const problem = (door: string) => phone.told(door).at(-1)?.view.problem;
/** How long until the phone was told that problem, or that there is none. */
async function told(door: string, code: string | undefined, since = Date.now()): Promise<void> {
  const fits = () => phone.told(door).find(({ view, at }) => at > since && view.problem === code);
  await until(() => fits() !== undefined, 15_000);
  if (code !== undefined) expect(fits()!.at - since).toBeLessThan(within());
}
async function works(door: string): Promise<void> {
  expect((await phone.open(door)).door.state).toBe('open');
  expect((await phone.close(door)).state).toBe('closed');
}

// Before the others: a reload takes all doors or none.
test('a file that was changed: said, whether it can be used or not; the door goes on as it was', async () => {
  const { path } = home.files['file']!;
  const text = await readFile(path, 'utf8');
  await writeFile(path, text.replace('seq_timeout', 'seq_timeuot'));
  expect(await home.house.helper!.reload()).toMatch(/kept the old doors.*line 5: syntax error/);
  await told('file', 'config-refused');
  await works('file');
  await writeFile(path, text.replace('seq_timeout = 5', 'seq_timeout = 6'));
  await told('file', 'config-unread');
  expect(await home.house.helper!.reload()).toMatch(/read again/);
  await told('file', undefined);
  await works('file');
});

test.concurrent('a knockd that hears nothing: said, ended, and started again', async () => {
  await works('deaf');
  const pid = await home.onLo('deaf');
  process.kill(pid, 'SIGSTOP');
  await told('deaf', 'tool-deaf');
  await told('deaf', undefined);
  expect(await home.onLo('deaf')).not.toBe(pid);
  expect(home.house.helper?.logged.some((line) => line.startsWith('knockd hears nothing on lo'))).toBe(true);
  await works('deaf');
});

test.concurrent(
  'a knockd that cannot be started again: said; what is open is shown and closes in its time',
  async () => {
    expect((await phone.open('ended')).door.state).toBe('open');
    await rename(program, `${program}-away`);
    process.kill(await home.onLo('ended'), 'SIGKILL');
    await until(() => /^tool-(ended|missing)$/.test(problem('ended') ?? ''), within());
    expect(phone.told('ended').at(-1)?.view.state).toBe('open');
    expect(await home.rules('ended')).toHaveLength(1);
    await until(() => phone.told('ended').at(-1)?.view.state === 'closed', 10_000);
    expect(await home.rules('ended')).toEqual([]);
    expect(phone.states('ended')).not.toContain('stale');
    await expect(phone.open('ended')).rejects.toMatchObject({
      code: expect.stringMatching(/^tool-(ended|missing)$/) as string,
    });
    expect(await home.rules('ended')).toEqual([]);
    await rename(`${program}-away`, program);
    await told('ended', undefined);
    await works('ended');
  },
);
