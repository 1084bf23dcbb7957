import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { unpack } from '../../lab/unpack.ts';

/** Debian's AWS CLI, unpacked and not installed, led to a double. */
export interface AwsCli {
  /** Rejects with what it said where it fails. */
  run(...words: string[]): Promise<string>;
}

export async function awsCli(
  endpoint: string,
  credentials: Readonly<Record<string, string>>,
): Promise<AwsCli> {
  const cli = await unpack('awscli', /^(?:lib|python3-)/);
  const env = {
    ...credentials,
    ...cli.env,
    PATH: '/usr/bin:/bin',
    // nothing of whoever runs this
    HOME: cli.root,
    PYTHONPATH: cli.path('usr/lib/python3/dist-packages'),
    AWS_PAGER: '',
  } as unknown as NodeJS.ProcessEnv;
  return {
    async run(...words) {
      const { stdout } = await promisify(execFile)(
        '/usr/bin/python3',
        [cli.path('usr/bin/aws'), '--endpoint-url', endpoint, ...words],
        { env, maxBuffer: 16 * 1024 * 1024 },
      );
      return stdout;
    },
  };
}
