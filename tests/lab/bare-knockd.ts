import { createInterface } from 'node:readline';
import type { Lab } from './net.ts';
import type { Space } from './space.ts';
import { childrenOf } from '../../server/process-facts.ts';
import { unpack } from './unpack.ts';

/** knockd as people run it: on the wire, with its own client. Nothing of Latchkey. */
export interface BareKnockd {
  readonly pid: number;
  /** Its sleeping children, one for each opening. */
  timers(): number[];
  /** The client's whole sequence, or only some of its ports. */
  knock(from: Space, ports?: readonly number[]): Promise<void>;
  /** Starts it again after its end. */
  start(): Promise<void>;
}

export async function startBareKnockd(
  lab: Lab,
  conf: string,
  sequence: readonly number[],
): Promise<BareKnockd> {
  const tools = await unpack('knockd');
  let pid = 0;
  async function start(): Promise<void> {
    const child = lab.home.spawn(tools.path('usr/sbin/knockd'), ['-i', 'eth0', '-c', conf, '-D', '-v'], {
      env: tools.env,
    });
    pid = child.pid ?? 0; // `ip netns exec` becomes what it starts
    await new Promise<void>((resolve, reject) => {
      createInterface({ input: child.stdout }).on('line', (line) => /^listening/.test(line) && resolve());
      child.once('close', () => reject(new Error('knockd ended')));
    });
  }
  await start();
  return {
    get pid() {
      return pid;
    },
    timers: () => childrenOf(pid),
    async knock(from, ports = sequence) {
      const list = [lab.home.address4, ...ports.map(String)];
      await from.run(tools.path('usr/bin/knock'), list, { env: tools.env });
    },
    start,
  };
}
