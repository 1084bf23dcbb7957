import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { markRules } from '../../../server/doors/nftables.ts';
import { startHousehold } from '../../lab/household.ts';
import { createLab } from '../../lab/net.ts';
import { startProbe } from '../../lab/probe.ts';
import type { Figure } from '../figure.ts';
import { connectPeer } from '../peers/connect.ts';
import { fwknopPeer } from '../peers/fwknop.ts';
import { knockPeer } from '../peers/knock.ts';

const device = fileURLToPath(new URL('../warm-device.ts', import.meta.url));

/**
 * From the end of the hold to a TCP connection: `release()`, the sealed answer that the rule is in place and read
 * back, and one connect through it. Relay, home agent, helper and device are processes of their own, TLS between
 * them, no latency in the lab. The peers poll with a new connect every 2 ms; ours needs one connect.
 */
export const figure: Figure = {
  name: 'open.warm',
  unit: 'ms',
  better: 'less',
  rounds: 40,
  warmUp: 5,
  async prepare() {
    const lab = await createLab({ firewall: 'iptables' });
    for (const tool of ['iptables', 'ip6tables']) await lab.home.run(tool, markRules.iptables);
    const house = await startHousehold(lab, {
      doors: { cellar: 'driver = "nftables"\nport = 22\nmode = "mark"\nper_minute = 10000\n' },
    });
    const home = startProbe(lab.home);
    const phone = startProbe(lab.phone);
    await home.listen(22);
    const child = lab.phone.spawn(process.execPath, [
      '--import',
      import.meta.resolve('tsx'),
      device,
      await house.link(4),
      'cellar',
      lab.home.address4,
      '22',
    ]);
    let answer: (line: string) => void = () => undefined;
    const lines = createInterface({ input: child.stdout });
    let complaint = '';
    child.stderr.on('data', (bytes: Buffer) => (complaint += bytes.toString()));
    await new Promise<void>((resolve, reject) => {
      lines.once('line', () => resolve());
      child.once('close', () => reject(new Error(`the device ended: ${complaint}`)));
    });
    lines.on('line', (line) => answer(line));
    const [connect, knock, fwknop] = [
      await connectPeer(lab, phone, home),
      await knockPeer(lab, phone),
      await fwknopPeer(lab, phone),
    ];
    return {
      async ours() {
        const line = await new Promise<string>((resolve) => {
          answer = resolve;
          child.stdin.write('go\n');
        });
        const said = JSON.parse(line) as { took?: number; error?: string };
        if (said.took === undefined) throw new Error(said.error);
        return said.took;
      },
      peers: { fwknop: () => fwknop.once(), knock: () => knock.once(), connect: () => connect.once() },
      async done() {
        await house.helper?.client.stop();
        await lab.destroy();
      },
    };
  },
};
