import { mkdtemp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Fail2banSource } from '../../server/bans/fail2ban-source.ts';
import { startFail2ban, type Fail2ban } from '../lab/fail2ban.ts';
import { createLab, type Lab } from '../lab/net.ts';

export interface Fail2banLab {
  readonly lab: Lab;
  readonly fail2ban: Fail2ban;
  /** Ours, in this process, connected. */
  readonly source: Fail2banSource;
  done(): Promise<void>;
}

/** A real fail2ban with so many bans in its jail `sshd`, and ours beside it. */
export async function startFail2banLab(bans: number): Promise<Fail2banLab> {
  const lab = await createLab({ firewall: 'none' });
  try {
    const log = join(await mkdtemp(join(lab.directory, 'log-')), 'auth.log');
    await writeFile(log, '');
    const fail2ban = await startFail2ban(lab, {
      action: 'noop',
      defaults: { bantime: 86_400 },
      jails: `[sshd]\nenabled = true\nlogpath = ${log}\n`,
    });
    const source = new Fail2banSource(
      { socket: fail2ban.socket, database: 'off' },
      { source: 'fail2ban', log: () => undefined },
    );
    const addresses = Array.from({ length: bans }, (_, i) => `10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`);
    await fail2ban.ban('sshd', ...addresses);
    while ((await source.list('sshd')).length < bans);
    await source.look();
    return {
      lab,
      fail2ban,
      source,
      async done() {
        await source.stop();
        await lab.destroy();
      },
    };
  } catch (error) {
    await lab.destroy();
    throw error;
  }
}
