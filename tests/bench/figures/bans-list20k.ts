import { connect } from 'node:net';
import { commands } from '../../../server/bans/fail2ban-commands.ts';
import { encodeWords } from '../../../server/bans/pickle.ts';
import { startFail2banLab } from '../fail2ban-lab.ts';
import type { Figure } from '../figure.ts';

const size = 20_000;
const end = Buffer.from('<F2B_END_COMMAND>');

/**
 * A list of 20,000 bans, asked, received, read into what is shown: address, beginning, end. Beside it the bare reply to
 * the same question, whose bytes are thrown away: what fail2ban itself needs.
 */
export const figure: Figure = {
  name: 'bans.list20k',
  unit: 'ms',
  better: 'less',
  rounds: 25,
  warmUp: 3,
  async prepare() {
    const { fail2ban, source, done } = await startFail2banLab(size);
    const socket = connect(fail2ban.socket);
    await new Promise((resolve) => socket.once('connect', resolve));
    const request = Buffer.concat([encodeWords(commands.bans('sshd').words), end]);
    return {
      async ours() {
        const began = performance.now();
        const bans = await source.list('sshd');
        const took = performance.now() - began;
        if (bans.length !== size || bans.some(({ until }) => until === undefined)) throw new Error('not all');
        return took;
      },
      peers: {
        socket: () =>
          new Promise((resolve) => {
            const began = performance.now();
            let tail = Buffer.alloc(0);
            const onData = (chunk: Buffer) => {
              tail = Buffer.concat([tail, chunk]).subarray(-end.length);
              if (!tail.equals(end)) return;
              socket.off('data', onData);
              resolve(performance.now() - began);
            };
            socket.on('data', onData);
            socket.write(request);
          }),
      },
      async done() {
        socket.destroy();
        await done();
      },
    };
  },
};
