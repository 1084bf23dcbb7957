import { setTimeout as sleep } from 'node:timers/promises';
import { createLab } from '../../lab/net.ts';
import { startLabHelper } from '../../lab/helper.ts';
import { startProbe } from '../../lab/probe.ts';
import type { Figure } from '../figure.ts';

/** One opening by the helper, asked over its socket and read back, beside the tools that scripts call for it. */
export const figure: Figure = {
  name: 'helper.open',
  unit: 'ms',
  better: 'less',
  rounds: 50,
  warmUp: 5,
  async prepare() {
    const lab = await createLab({ firewall: 'iptables' });
    const { client } = await startLabHelper(lab, {
      ssh: 'driver = "nftables"\nport = 22\nmode = "mark"\nper_minute = 10000\n',
    });
    const home = startProbe(lab.home);
    const table = ['inet', 'peer'];
    await lab.home.run('nft', ['add', 'table', ...table]);
    await lab.home.run('nft', ['add', 'set', ...table, 'open', '{ type ipv4_addr; flags timeout; }']);
    const address = lab.phone.address4;
    const rule = ['INPUT', '-s', address, '-p', 'tcp', '--dport', '22', '-j', 'ACCEPT'];
    const set = [...table, 'open'];
    // A transaction that deletes leaves work behind, and the next one within some 30 ms waits for it (an RCU grace
    // period). Openings of a home are seconds apart, so nobody is measured in another's wake.
    const settled = () => sleep(60);
    return {
      async ours() {
        await settled();
        const began = performance.now();
        await client.open('ssh', address, 300, () => undefined);
        const took = performance.now() - began;
        await client.close('ssh', address);
        return took;
      },
      peers: {
        'nft add, nft get': async () => {
          await settled();
          const took = await home.time([
            ['nft', 'add', 'element', ...set, `{ ${address} timeout 300s }`],
            ['nft', 'get', 'element', ...set, `{ ${address} }`],
          ]);
          await home.time([['nft', 'delete', 'element', ...set, `{ ${address} }`]]);
          return took;
        },
        'iptables -I, iptables -C': async () => {
          await settled();
          const took = await home.time([
            ['iptables', '-I', ...rule],
            ['iptables', '-C', ...rule],
          ]);
          await home.time([['iptables', '-D', ...rule]]);
          return took;
        },
      },
      async done() {
        await client.stop();
        await lab.destroy();
      },
    };
  },
};
