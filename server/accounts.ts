import type { Identity } from './drop.ts';
import { run } from './run.ts';

/** What an account may be called: passed to a tool as an argument, so never an option. */
export const accountName = /^[A-Za-z_][A-Za-z0-9_.-]{0,31}$/;

/** User and group of an account, from whatever the system asks (passwd(5), LDAP); undefined where there is none. */
export async function findAccount(name: string): Promise<Identity | undefined> {
  const { code, stdout } = await run('getent', ['passwd', name], { codes: [0, 2] });
  const [, , uid, gid] = stdout.trim().split(':');
  if (code !== 0 || uid === undefined || gid === undefined) return undefined;
  return { uid: Number(uid), gid: Number(gid) };
}
