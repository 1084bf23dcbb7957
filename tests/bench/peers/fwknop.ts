import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Lab } from '../../lab/net.ts';
import type { Probe } from '../../lab/probe.ts';
import { unpack } from '../../lab/unpack.ts';
import type { Peer } from './peer.ts';

/** fwknopd in pcap mode and its own client, one authenticated packet (SPA) with HMAC. */
export async function fwknopPeer(lab: Lab, phone: Probe): Promise<Peer> {
  const server = await unpack('fwknop-server');
  const client = await unpack('fwknop-client');
  const directory = await mkdtemp(join(lab.directory, 'fwknop-'));
  const run = join(directory, 'run');
  await mkdir(run, { mode: 0o700 });
  const key = randomBytes(32).toString('base64');
  const hmac = randomBytes(64).toString('base64');
  const access = [
    'SOURCE ANY',
    `KEY_BASE64 ${key}`,
    `HMAC_KEY_BASE64 ${hmac}`,
    // Later than any run: rules are taken away below, between the rounds.
    'FW_ACCESS_TIMEOUT 300',
    '',
  ].join('\n');
  const settings = ['PCAP_INTF eth0;', `FWKNOP_RUN_DIR ${run};`, 'FIREWALL_EXE /sbin/iptables;', ''].join(
    '\n',
  );
  const [accessFile, configFile] = [join(directory, 'access.conf'), join(directory, 'fwknopd.conf')];
  await writeFile(accessFile, access, { mode: 0o600 });
  await writeFile(configFile, settings, { mode: 0o600 });
  const daemon = lab.home.spawn(
    server.path('usr/sbin/fwknopd'),
    ['-f', '-c', configFile, '-a', accessFile, '-p', join(run, 'pid'), '-d', join(run, 'digest.cache')],
    { env: server.env },
  );
  let said = '';
  for (const output of [daemon.stdout, daemon.stderr])
    output.on('data', (bytes: Buffer) => (said += bytes.toString()));
  for (let tries = 0; !/Starting fwknopd main event loop/.test(said); tries++) {
    if (tries > 200 || daemon.exitCode !== null) throw new Error(`fwknopd does not listen:\n${said}`);
    await sleep(25);
  }
  const args = ['-A', 'tcp/22', '-a', lab.phone.address4, '-D', lab.home.address4];
  const secrets = ['--key-base64-rijndael', key, '--key-base64-hmac', hmac, '--use-hmac'];
  const fired = {
    command: client.path('usr/bin/fwknop'),
    args: [...args, ...secrets, '--no-save-args', '--no-rc-file'],
    env: { ...client.env, HOME: directory },
  };
  return {
    async once() {
      const took = await phone.fire(fired, lab.home.address4, 22).catch((error: unknown) => {
        throw new Error(`${(error as Error).message}\n${said.slice(-1500)}`);
      });
      await lab.home.run('iptables', ['-F', 'FWKNOP_INPUT']);
      return took;
    },
  };
}
