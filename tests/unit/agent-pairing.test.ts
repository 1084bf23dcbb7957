import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import type { Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { keysFrom, newSecretKeys } from '../../lib/client/keys.ts';
import { checkLink, pair } from '../../lib/client/pair.ts';
import { remedyOf, sentenceOf, type LatchkeyError } from '../../lib/errors.ts';
import { listenControl } from '../../server/agent/control.ts';
import type { PairingNews } from '../../server/agent/pairing.ts';
import { register } from '../../server/cli/pair.ts';
import { clock, dial, random, startHouse, type House } from '../support/house.ts';
import { until } from '../support/until.ts';

// `latchkey pair` at home, beside the running home agent: when it goes on, and when it ends.

let house: House;
let folder: string;
let control: Server;
let written: string[];

beforeEach(async () => {
  house = await startHouse();
  await house.reached();
  folder = mkdtempSync(join(tmpdir(), 'lk-pair-'));
  mkdirSync(join(folder, 'agent'));
  control = await listenControl(join(folder, 'agent', 'control.sock'), house.agent, () => Promise.resolve());
  vi.stubEnv('LATCHKEY_DIR', folder);
  written = [];
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    written.push(String(text));
    return true;
  });
});
afterEach(async () => {
  control.close();
  await house.stop();
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true, force: true });
});

/** The command, begun; `over` holds how it ended. */
function begin(): { over: string | undefined } {
  const state: { over: string | undefined } = { over: undefined };
  const program = new Command('latchkey').exitOverride();
  register(program);
  program.parseAsync(['node', 'latchkey', 'pair']).then(
    () => (state.over = 'done'),
    (error: LatchkeyError) => (state.over = error.code),
  );
  return state;
}

const printed = (): boolean => written.some((text) => text.includes('Scan it'));
const settle = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 50));

function claim(link: string, waiting: () => void = () => undefined): ReturnType<typeof pair> {
  const keys = keysFrom(newSecretKeys(random));
  return pair({ link: checkLink(link), name: 'phone', keys, dial, random, clock, waiting });
}

/** A device that has the link and waits for an answer at home. */
async function waitingDevice(link: string): Promise<{ outcome: Promise<string> }> {
  let waits = false;
  const outcome = claim(link, () => (waits = true)).done.then(
    () => 'paired',
    (error: LatchkeyError) => error.code,
  );
  await until(() => waits);
  return { outcome };
}

test('a second one goes on when a device waited on the offer before, whose end is not its own', async () => {
  const news: PairingNews[] = [];
  house.agent.pairing.onNews((one) => news.push(one));
  const before = await house.agent.pairing.make(true, 5);
  const { outcome } = await waitingDevice(before.links[0] ?? '');
  const second = begin();
  await until(printed);
  expect(await outcome).toBe('pairing-expired');
  await settle();
  expect(second.over).toBe(undefined);
  expect(news.map(({ event, offer }) => [event, offer])).toEqual([
    ['claimed', before.offer],
    ['ended', before.offer],
  ]);
  // its own end is
  await house.agent.pairing.end('pairing-unanswered');
  await until(() => second.over !== undefined);
  expect(second.over).toBe('pairing-expired');
  expect(news.at(-1)).toMatchObject({ event: 'ended', offer: before.offer + 1 });
});

test('ends when its time is over and nobody came, and says what to do', async () => {
  const waiting = begin();
  await until(printed);
  // what the offer's own timer does
  await house.agent.pairing.end('pairing-unanswered');
  await until(() => waiting.over !== undefined);
  expect(waiting.over).toBe('pairing-expired');
  expect(written.at(-1)).toBe(`\n${sentenceOf('pairing-expired')} ${remedyOf('pairing-expired')}\n`);
});

test('ends with the home agent, and says that it does not run, not that the code is too old', async () => {
  const waiting = begin();
  await until(printed);
  await house.agent.stop();
  await until(() => waiting.over !== undefined);
  expect(waiting.over).toBe('config-not-running');
});

test('ends when another one takes its place, and that one goes on', async () => {
  const first = begin();
  await until(printed);
  written.length = 0;
  const second = begin();
  await until(printed);
  await until(() => first.over !== undefined);
  await settle();
  expect([first.over, second.over]).toEqual(['pairing-expired', undefined]);
});

test('says that a second device came, and that the time is over, while the question stands', async () => {
  const waiting = begin();
  await until(printed);
  const link = /^http\S+$/m.exec(written.join(''))?.[0] ?? '';
  await waitingDevice(link);
  await until(() => written.join('').includes('"phone" wants in'));
  await expect(claim(link).done).rejects.toMatchObject({ code: 'pairing-used' });
  await until(() => written.join('').includes('A second device tried the same link'));
  expect(waiting.over).toBe(undefined);
  await house.agent.pairing.end('pairing-unanswered');
  await until(() => waiting.over !== undefined);
  expect(waiting.over).toBe('pairing-unanswered');
});

test('an offer that asks nobody ends without a word to those who wait for others', async () => {
  const news: PairingNews[] = [];
  house.agent.pairing.onNews((one) => news.push(one));
  await house.agent.pairing.make(false, 2);
  await house.agent.pairing.end('pairing-unanswered');
  expect(news).toEqual([]);
});
