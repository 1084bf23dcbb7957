import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Client } from '../../lib/client/client.ts';
import { keysFrom, newSecretKeys } from '../../lib/client/keys.ts';
import { checkLink, pair } from '../../lib/client/pair.ts';
import type { StepName } from '../../server/agent/openings.ts';
import { ControlClient } from '../../server/control-client.ts';
import { answer as answerVerb, parseRequest, type HelperHost } from '../../server/helper/verbs.ts';
import { Disk } from '../support/disk.ts';
import { clock, dial, observe, random } from '../support/house.ts';
import { startHostileRelay, type HostileRelay } from '../support/hostile-relay.ts';
import { ban, TestBans } from '../support/test-bans.ts';
import { TestHost } from '../support/test-host.ts';
import { until } from '../support/until.ts';
import { built } from '../support/built.ts';

// kill -9 of the home agent while it lifts a ban: a real process, and the helper's own verbs over its socket.

const script = built(new URL('agent-process.ts', import.meta.url));
const mine = '203.0.113.7';

let directory: string;
let host: TestBans;
let relay: HostileRelay;
let server: Server;
const running: (() => Promise<void> | void)[] = [];

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'lk-bans-kill-'));
  host = new TestBans();
  relay = await startHostileRelay();
  relay.observe = (nonce) => relay.statement(nonce, mine);
  const doors: HelperHost = new TestHost();
  doors.bans = host;
  server = createServer((socket) => {
    socket.on('error', () => socket.destroy());
    const lines = createInterface({ input: socket }).on('error', () => socket.destroy());
    lines.on('line', (line) => {
      const request = parseRequest(line);
      void answerVerb(
        request,
        doors,
        () => undefined,
        () => undefined,
      ).then((result) => {
        if (socket.writable) socket.write(`${JSON.stringify({ id: request.id, ...result })}\n`);
      });
    });
  });
  server.listen(join(directory, 'helper.sock'));
  await once(server, 'listening');
  writeFileSync(
    join(directory, 'agent.toml'),
    `name = "attic"
helper = "helper.sock"
[[relay]]
url = "${relay.url}"
own = true
[[observer]]
key = "${relay.observerKey}"
`,
  );
});
afterEach(async () => {
  for (const end of running.splice(0).reverse()) await end();
  server.close();
  await relay.close();
  rmSync(directory, { recursive: true, force: true });
});

async function startAgent(dieAt?: StepName): Promise<{ readonly gone: Promise<unknown> }> {
  const child: ChildProcess = spawn(process.execPath, [script, directory, ...(dieAt ? [dieAt] : [])], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const gone = once(child, 'exit');
  let text = '';
  child.stdout?.on('data', (bytes: Buffer) => (text += bytes.toString()));
  await until(() => text.includes('reached'));
  running.push(async () => {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
    await gone;
  });
  return { gone };
}

async function phone(): Promise<Client> {
  const control = await ControlClient.connect(join(directory, 'control.sock'));
  const offer = await control.ask({ verb: 'offer', confirm: false, minutes: 5 });
  control.close();
  const keys = keysFrom(newSecretKeys(random));
  const link = checkLink((offer['links'] as string[])[0] ?? '');
  const record = await pair({ link, name: 'phone', keys, dial, random, clock, waiting: () => undefined })
    .done;
  const client = new Client({ record, keys, dial, observe, random, clock });
  running.push(() => client.disconnect());
  await client.connect();
  return client;
}

interface Row {
  readonly kind: string;
  readonly outcome: string | null;
}

const steps: [step: StepName, acts: boolean, told: string][] = [
  ['received', false, 'refused-challenge'],
  ['intent', false, 'tool-still-banned'],
  ['verb', true, 'lifted'],
  ['rule', true, 'lifted'],
  ['outcome', true, 'lifted'],
  ['reply', true, 'lifted'],
];

describe('kill -9 of the home agent', () => {
  test.each(steps)(
    'at "%s" of an unban: after a restart nothing is unsettled and nothing acts twice',
    async (step, acts, told) => {
      const first = await startAgent(step);
      const client = await phone();
      host.put(ban({ value: mine }), ban());
      const answer = client.unban(mine).then(
        ({ value }) => (value.lifted.length === 1 && value.left.length === 0 ? 'lifted' : 'odd'),
        (error: { code: string }) => error.code,
      );
      await first.gone;
      await until(() => (host.verbs.length === 1) === acts);
      await startAgent();
      expect(await answer).toBe(told);
      const disk = new Disk(directory);
      await until(() => disk.rows<Row>('request').every(({ outcome }) => outcome !== null));
      expect(disk.rows<Row>('request')).toHaveLength(step === 'received' ? 0 : 1);
      expect(disk.rows<Row>('event').filter(({ kind }) => kind === 'unbanned')).toHaveLength(acts ? 1 : 0);
      disk.close();
      expect(host.verbs).toEqual(acts ? [`unban ${mine}`] : []);
      expect(host.list.size).toBe(acts ? 1 : 2);
      const own = (await client.bans([mine], 0)).value.own[0];
      expect(own?.hits).toHaveLength(acts ? 0 : 1);
    },
  );
});
