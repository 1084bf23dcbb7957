import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import Database from 'better-sqlite3';
import { bundle, bundleFolder } from '../../../server/build/bundle.js';
import { answer, parseRequest, type HelperHost } from '../../../server/helper/verbs.ts';
import { startHostileRelay } from '../../support/hostile-relay.ts';
import { TestBans } from '../../support/test-bans.ts';
import { TestHost } from '../../support/test-host.ts';
import { until } from '../../support/until.ts';
import type { Figure } from '../figure.ts';

const many = 100_000;

/**
 * What a home agent takes of the memory (RSS, with its two threads) once it knows and has written down 100,000 bans.
 * The floor: the same with none. Measured is what is shipped: the bundle that `npm start` and the units run, in a
 * process of its own, built anew where it is older than the sources. The bans come over the helper's socket.
 */
export const figure: Figure = {
  name: 'bans.memory',
  unit: 'MB',
  better: 'less',
  rounds: 3,
  warmUp: 0,
  async prepare() {
    await bundle(() => undefined);
    const relay = await startHostileRelay();
    const run = async (count: number): Promise<number> => {
      const directory = mkdtempSync(join(tmpdir(), 'lk-memory-'));
      const bans = new TestBans();
      const now = Date.now();
      bans.put(
        ...Array.from({ length: count }, (_, n) => ({
          source: 'fail2ban',
          jail: n % 3 === 0 ? 'recidive' : 'sshd',
          value:
            n % 5 === 0
              ? `2001:db8:${(n % 9999).toString(16)}::${(n >> 8).toString(16)}:${(n & 255).toString(16)}`
              : `${1 + (n >> 16)}.${(n >> 8) & 255}.${n & 255}.${(n * 7) & 255}`,
          since: now - n * 1000,
          until: now + n * 1000,
        })),
      );
      const host: HelperHost = new TestHost();
      host.bans = bans;
      const server = createServer((socket) => {
        const lines = createInterface({ input: socket }).on('error', () => socket.destroy());
        lines.on('line', (line) => {
          const request = parseRequest(line);
          void answer(
            request,
            host,
            () => undefined,
            () => undefined,
          ).then((result) => socket.write(`${JSON.stringify({ id: request.id, ...result })}\n`));
        });
      }).listen(join(directory, 'helper.sock'));
      await once(server, 'listening');
      writeFileSync(
        join(directory, 'agent.toml'),
        `helper = "helper.sock"\n[[relay]]\nurl = "${relay.url}"\n[[observer]]\nkey = "${relay.observerKey}"\n`,
      );
      const child = spawn(process.execPath, [join(bundleFolder, 'cli.js'), 'agent', '--dir', directory], {
        stdio: 'ignore',
      });
      try {
        await until(() => written(join(directory, 'bans.db')) === count, 60_000);
        await sleep(3000);
        const status = readFileSync(`/proc/${child.pid}/status`, 'utf8');
        return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024;
      } finally {
        const gone = once(child, 'exit');
        child.kill('SIGKILL');
        await gone;
        server.close();
        rmSync(directory, { recursive: true, force: true });
      }
    };
    return {
      ours: () => run(many),
      floor: () => run(0),
      peers: {},
      done: () => relay.close(),
    };
  },
};

function written(file: string): number | undefined {
  try {
    const database = new Database(file, { readonly: true });
    try {
      return database.prepare('select count(*) from ban').pluck().get() as number;
    } finally {
      database.close();
    }
  } catch {
    return undefined; // not there yet
  }
}
