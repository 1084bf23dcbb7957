import { mkdtemp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Lab } from '../../lab/net.ts';
import type { Probe } from '../../lab/probe.ts';
import { unpack } from '../../lab/unpack.ts';
import type { Peer } from './peer.ts';

const rule = (verb: string, address: string) => `${verb} -s ${address} -p tcp --dport 22 -j ACCEPT`;

/** knockd and its own client `knock`, three ports without delay. */
export async function knockPeer(lab: Lab, phone: Probe): Promise<Peer> {
  const tools = await unpack('knockd');
  const directory = await mkdtemp(join(lab.directory, 'knock-'));
  const config = join(directory, 'knockd.conf');
  await writeFile(
    config,
    [
      '[front]',
      ' sequence = 7000,8000,9000',
      ' seq_timeout = 5',
      ' tcpflags = syn',
      ` command = /sbin/iptables ${rule('-I INPUT 1', '%IP%')}`,
      // Later than any run: its timer would take away the rule of a later round.
      ' cmd_timeout = 3600',
      ` stop_command = /sbin/iptables ${rule('-D INPUT', '%IP%')}`,
      '',
    ].join('\n'),
  );
  const daemon = lab.home.spawn(tools.path('usr/sbin/knockd'), ['-i', 'eth0', '-c', config, '-D', '-v'], {
    env: tools.env,
  });
  await new Promise<void>((resolve, reject) => {
    createInterface({ input: daemon.stdout }).on('line', (line) => /listening/.test(line) && resolve());
    daemon.once('close', () => reject(new Error('knockd ended')));
  });
  const client = {
    command: tools.path('usr/bin/knock'),
    args: [lab.home.address4, '7000', '8000', '9000'],
    env: tools.env,
  };
  return {
    async once() {
      const took = await phone.fire(client, lab.home.address4, 22);
      await lab.home.run('iptables', rule('-D INPUT', lab.phone.address4).split(' '));
      return took;
    },
  };
}
