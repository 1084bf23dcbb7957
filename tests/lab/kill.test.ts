import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { connect, createServer, type Server } from 'node:net';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { Client } from '../../lib/client/client.ts';
import { keysFrom, newSecretKeys } from '../../lib/client/keys.ts';
import { checkLink, pair } from '../../lib/client/pair.ts';
import type { StepName } from '../../server/agent/openings.ts';
import { loadHomeKeys } from '../../server/agent/keys.ts';
import { ControlClient } from '../../server/control-client.ts';
import { toBase64 } from '../../lib/protocol/bytes.ts';
import { clock, dial, observe, random } from '../support/house.ts';
import { until } from '../support/until.ts';
import { startHostileRelay, type HostileRelay } from '../support/hostile-relay.ts';
import { startLabHelper, type LabHelper } from './helper.ts';
import { createLab, type Lab } from './net.ts';
import { built } from '../support/built.ts';

// kill -9 of the home agent at six points of an opening: real processes, real helper, real nftables.

const script = built(new URL('agent-process.ts', import.meta.url));

let lab: Lab;
let helper: LabHelper;
let relay: HostileRelay;
const running: { stop(): Promise<void> }[] = [];

beforeAll(async () => {
  lab = await createLab({ firewall: 'none' });
  helper = await startLabHelper(lab, { cellar: 'driver = "nftables"\nport = 22\nmode = "gate"\n' });
  relay = await startHostileRelay();
});
afterEach(async () => {
  // newest first: what was started on top of something ends before it
  for (const one of running.splice(0).reverse()) await one.stop();
});
afterAll(async () => {
  await helper?.client.stop();
  await relay?.close();
  await lab?.destroy();
});

interface Verbs {
  readonly socket: string;
  /** The `open` verbs that reached the helper. */
  readonly opens: () => number;
}

/** Between home agent and helper: passes every byte, counts the verbs that open. */
async function countVerbs(folder: string): Promise<Verbs> {
  let opens = 0;
  const socket = join(folder, 'counted.sock');
  const server: Server = createServer((near) => {
    const far = connect(helper.socket);
    near.on('data', (bytes) => (opens += bytes.toString().split('"verb":"open"').length - 1));
    near.on('error', () => far.destroy()).on('close', () => far.destroy());
    far.on('error', () => near.destroy()).on('close', () => near.destroy());
    near.pipe(far).pipe(near);
  });
  server.listen(socket);
  await once(server, 'listening');
  running.push({ stop: () => new Promise((resolve) => void server.close(() => resolve())) });
  return { socket, opens: () => opens };
}

interface Process {
  readonly child: ChildProcess;
  readonly gone: Promise<unknown>;
}

async function startAgent(directory: string, dieAt?: StepName): Promise<Process> {
  const child = spawn(process.execPath, [script, directory, ...(dieAt ? [dieAt] : [])], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const gone = once(child, 'exit');
  let text = '';
  child.stdout.on('data', (bytes: Buffer) => (text += bytes.toString()));
  await until(() => text.includes('reached'), 20_000);
  running.push({
    async stop() {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
      await gone;
    },
  });
  return { child, gone };
}

interface RequestRow {
  readonly id: string;
  readonly kind: string;
  readonly outcome: string | null;
}

function requests(directory: string): RequestRow[] {
  const database = new Database(join(directory, 'agent.db'), { readonly: true });
  const rows = database.prepare('select id, kind, outcome from request').all() as RequestRow[];
  database.close();
  return rows;
}

/** The kernel's own word: address → seconds left. */
async function elements(): Promise<Map<string, number>> {
  const { stdout } = await lab.home.run('nft', ['-j', 'list', 'table', 'inet', 'latchkey']);
  const found = new Map<string, number>();
  // but for the sets that note who came
  for (const [, address, left] of stdout
    .replace(/"name": "s[46]_.*?\]\}\}/gs, '')
    .matchAll(/"val": "([0-9a-f.:]+)", "timeout": \d+, "expires": (\d+)/g)) {
    found.set(address as string, Number(left));
  }
  return found;
}

const steps: [StepName, boolean][] = [
  ['received', false],
  ['intent', false],
  ['verb', true],
  ['rule', true],
  ['outcome', true],
  ['reply', true],
];

describe('kill -9 of the home agent', () => {
  test.each(steps)(
    'at "%s": after a restart nothing is unsettled and nothing acts twice',
    async (step, opens) => {
      const directory = mkdtempSync(join(lab.directory, 'agent-'));
      const verbs = await countVerbs(directory);
      const homeKeys = loadHomeKeys(join(directory, 'home-keys.json'));
      writeFileSync(
        join(directory, 'agent.toml'),
        `name = "attic"
helper = "${verbs.socket}"
[[relay]]
url = "${relay.url}"
own = true
[[observer]]
key = "${relay.observerKey}"
`,
      );
      const first = await startAgent(directory, step);
      const control = await ControlClient.connect(join(directory, 'control.sock'));
      const offer = await control.ask({
        verb: 'offer',
        confirm: false,
        minutes: 5,
      });
      control.close();
      const keys = keysFrom(newSecretKeys(random));
      const link = checkLink((offer['links'] as string[])[0] ?? '');
      const record = await pair({ link, name: 'phone', keys, dial, random, clock, waiting: () => undefined })
        .done;
      const client = new Client({ record, keys, dial, observe, random, clock });
      running.push({
        stop: () => {
          client.disconnect();
          return Promise.resolve();
        },
      });
      expect(toBase64(homeKeys.mailbox)).toBe(record.mailbox);
      await client.connect();
      const address = `203.0.113.${10 + steps.findIndex(([name]) => name === step)}`;
      relay.observe = (nonce) => relay.statement(nonce, address);
      const answer = client.release(await client.arm('cellar'), { seconds: 60 }).then(
        ({ value }) => value.address,
        (error: { code: string }) => error.code,
      );
      await first.gone;
      await until(async () => (await elements()).has(address) === opens);
      const before = (await elements()).get(address);
      expect(verbs.opens()).toBe(opens ? 1 : 0);

      await startAgent(directory);
      // The device's own retry reaches the new process in a new session: it is answered from the record.
      const told = await answer;
      await until(() => requests(directory).every((row) => row.outcome !== null));
      const rows = requests(directory).filter((row) => row.kind === 'open');
      expect(rows).toHaveLength(step === 'received' ? 0 : 1);
      expect(verbs.opens()).toBe(opens ? 1 : 0);
      const after = (await elements()).get(address);
      if (opens) {
        expect(JSON.parse(rows[0]?.outcome ?? '{}')).toMatchObject({ ok: true, address });
        expect(after).toBeLessThanOrEqual(before ?? 0);
        expect(told).toBe(address);
        expect((await client.doors()).value[0]?.state).toBe('open');
        await client.close('cellar');
      } else {
        expect(after).toBeUndefined();
        expect(told).toBe(step === 'received' ? 'refused-challenge' : 'tool-not-open');
        expect((await client.doors()).value[0]?.state).toBe('closed');
      }
      expect((await elements()).has(address)).toBe(false);
    },
  );
});
