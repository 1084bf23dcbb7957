import { startFail2banLab } from '../fail2ban-lab.ts';
import { run } from '../../lab/space.ts';
import type { Figure } from '../figure.ts';

/**
 * What the helper asks fail2ban every second: is it there, its jails, and each jail's counts. Beside it fail2ban's own
 * client, spawned for the same two questions, as scripts and other dashboards do.
 */
export const figure: Figure = {
  name: 'bans.poll',
  unit: 'ms',
  better: 'less',
  rounds: 30,
  warmUp: 5,
  async prepare() {
    const { fail2ban, source, done } = await startFail2banLab(100);
    const [file = '', ...args] = fail2ban.clientCommand;
    const client = (...words: string[]) => run(file, [...args, ...words], { env: fail2ban.clientEnv });
    return {
      async ours() {
        const began = performance.now();
        const { state } = await source.look();
        const took = performance.now() - began;
        if (state.problem !== undefined || state.jails[0]?.banned !== 100) throw new Error('not what is so');
        return took;
      },
      peers: {
        'fail2ban-client': async () => {
          const began = performance.now();
          await client('status');
          const { stdout } = await client('status', 'sshd');
          const took = performance.now() - began;
          if (!stdout.includes('Currently banned:\t100')) throw new Error(stdout);
          return took;
        },
      },
      done,
    };
  },
};
