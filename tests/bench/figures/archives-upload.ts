import { execFile } from 'node:child_process';
import { randomFillSync } from 'node:crypto';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { bundle, bundleFolder } from '../../../server/build/bundle.js';
import { startDouble, type Double } from '../../double/double.ts';
import { runName, stagedRun } from '../../support/staged-run.ts';
import type { Figure } from '../figure.ts';
import { awsCli } from '../peers/aws-cli.ts';

const bytes = 256 * 1024 * 1024;

/**
 * One file of 256 MiB into DEEP_ARCHIVE at the same double, from the start of the program to its end: `latchkey archives
 * upload`, which compares each MiB with the journal, writes down what it did and tells the home's list, beside `aws s3
 * cp` with its own parts abreast. Ours is the bundle, as it is shipped. S3 and not a vault, since there the CLI must be started for each part (`aws glacier
 * upload-multipart-part`), and its start alone would be most of the time.
 */
export const figure: Figure = {
  name: 'archives.upload',
  unit: 'MB/s',
  better: 'more',
  rounds: 5,
  warmUp: 1,
  async prepare() {
    await bundle(() => undefined);
    const folder = mkdtempSync(path.join(tmpdir(), 'latchkey-bench-'));
    const staging = path.join(folder, 'staging');
    const [staged] = stagedRun({
      complete: path.join(staging, 'complete'),
      journals: path.join(folder, 'journal'),
      contents: [randomFillSync(Buffer.alloc(bytes))],
    });
    const [name] = staged!;
    const file = path.join(staging, 'complete', runName, name);
    let round = 0;
    /** MB a second. A double for each, so that the disk holds one file at a time; it has to have all of it, once. */
    const rateOf = async (
      send: (double: Double, environment: Readonly<Record<string, string>>) => Promise<unknown>,
    ): Promise<number> => {
      const double = await startDouble();
      try {
        const bucket = double.bucket('attic', 'eu-west-1');
        const own = { AWS_REGION: 'eu-west-1', AWS_DEFAULT_REGION: 'eu-west-1' };
        const began = performance.now();
        await send(double, { ...double.environment(), ...own });
        const ms = performance.now() - began;
        const [object] = bucket.objects.values();
        if (bucket.objects.size !== 1 || object?.blob.size !== bytes) throw new Error('it did not arrive');
        return bytes / 1e3 / ms;
      } finally {
        await double.close();
      }
    };
    return {
      ours() {
        // a home that has sent nothing yet
        const home = path.join(folder, `home-${++round}`);
        mkdirSync(home);
        cpSync(path.join(folder, 'journal'), path.join(home, 'journal'), { recursive: true });
        writeFileSync(path.join(home, 'stage.toml'), `staging = "${staging}"\ndirectories = ["/etc"]\n`);
        const own = { PATH: '/usr/bin:/bin', HOME: home, LATCHKEY_DIR: home };
        const words = [path.join(bundleFolder, 'cli.js'), 'archives', 'upload', '--bucket', 'attic'];
        return rateOf((_double, environment) =>
          promisify(execFile)(process.execPath, words, {
            env: { ...own, ...environment } as unknown as NodeJS.ProcessEnv,
          }),
        );
      },
      peers: {
        awscli: () =>
          rateOf(async ({ endpoint }, environment) => {
            const aws = await awsCli(endpoint, environment);
            const kind = ['--storage-class', 'DEEP_ARCHIVE', '--no-progress'];
            await aws.run('s3', 'cp', file, 's3://attic/there', ...kind);
          }),
      },
      done() {
        rmSync(folder, { recursive: true });
        return Promise.resolve();
      },
    };
  },
};
