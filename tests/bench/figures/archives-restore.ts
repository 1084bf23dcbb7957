import { spawn } from 'node:child_process';
import { randomFillSync } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { treeHashOf } from '../../../server/archives/tree-hash.ts';
import { treeHashKey } from '../../../server/archives/upload-bucket.ts';
import { bundle } from '../../../server/build/bundle.js';
import { day, hour } from '../../double/clock.ts';
import { startDouble } from '../../double/double.ts';
import { built } from '../../support/built.ts';
import type { Figure } from '../figure.ts';
import { awsCli } from '../peers/aws-cli.ts';

const bytes = 256 * 1024 * 1024;

/**
 * One object of 256 MiB, class GLACIER, that S3 has ready, until it lies in its folder: what of the home agent gets archives
 * back, which runs already, as it does at home, writes down how far it is, reads all of it once more and compares it with
 * the tree hash that `latchkey archives upload` sent with it; beside `aws s3 cp` from its start, with its own ranges
 * abreast, which compares nothing and leaves the writing to the disk's own time.
 */
export const figure: Figure = {
  name: 'archives.restore',
  unit: 'MB/s',
  better: 'more',
  rounds: 5,
  warmUp: 1,
  async prepare() {
    await bundle(() => undefined);
    const script = built(new URL('../archives/restore-process.ts', import.meta.url));
    const folder = mkdtempSync(path.join(tmpdir(), 'latchkey-bench-'));
    const double = await startDouble();
    const content = randomFillSync(Buffer.alloc(bytes));
    const sent = { [treeHashKey]: treeHashOf(content) };
    double.bucket('attic', 'eu-west-1').put('there', content, 'GLACIER', sent);
    const own = { AWS_REGION: 'eu-west-1', AWS_DEFAULT_REGION: 'eu-west-1' };
    let round = 0;
    const rateOf = async (file: string, get: () => Promise<unknown>): Promise<number> => {
      const began = performance.now();
      await get();
      const ms = performance.now() - began;
      if (statSync(file).size !== bytes) throw new Error('it did not come back');
      rmSync(file);
      return bytes / 1e3 / ms;
    };
    return {
      async ours() {
        const home = path.join(folder, `home-${++round}`);
        mkdirSync(home);
        const child = spawn(process.execPath, [script, home, String(double.clock.now())], {
          env: {
            ...{ PATH: '/usr/bin:/bin', HOME: home },
            ...{ ...own, ...double.environment() },
          } as unknown as NodeJS.ProcessEnv,
          stdio: ['pipe', 'pipe', 'ignore'],
        });
        const ended = new Promise((resolve) => child.once('close', resolve));
        const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
        if ((await lines.next()).value !== 'begun') throw new Error('it was not begun');
        // ready after it, and not yet gone for the CLI
        double.clock.advance(12 * hour);
        const rate = await rateOf(path.join(home, 'back/there'), async () => {
          child.stdin.write(`${double.clock.now()}\n`);
          if ((await lines.next()).value !== 'done') throw new Error('it did not come back');
        });
        child.stdin.end();
        await ended;
        return rate;
      },
      peers: {
        async awscli() {
          const aws = await awsCli(double.endpoint, { ...own, ...double.environment() });
          const file = path.join(folder, 'there');
          const rate = await rateOf(file, () =>
            aws.run('s3', 'cp', 's3://attic/there', file, '--no-progress'),
          );
          // the next round asks anew
          double.clock.advance(10 * day);
          return rate;
        },
      },
      async done() {
        await double.close();
        rmSync(folder, { recursive: true });
      },
    };
  },
};
