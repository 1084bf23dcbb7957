import type { Lab } from '../../lab/net.ts';
import type { Probe } from '../../lab/probe.ts';
import type { Peer } from './peer.ts';

/** A bare TCP connect to a port that nothing guards: nobody can be faster. */
export async function connectPeer(lab: Lab, phone: Probe, server: Probe, port = 2200): Promise<Peer> {
  await server.listen(port);
  for (const tool of ['iptables', 'ip6tables'])
    await lab.home.run(tool, ['-I', 'INPUT', '-p', 'tcp', '--dport', String(port), '-j', 'ACCEPT']);
  return {
    async once() {
      const { outcome, tookMs } = await phone.connect(lab.home.address4, port, { timeoutMs: 2000 });
      if (outcome !== 'connected' || tookMs === undefined) throw new Error(`connect: ${outcome}`);
      return tookMs;
    },
  };
}
