import { LatchkeyError } from '../lib/errors.ts';

/** A user and group by number; the names need not exist. */
export interface Identity {
  readonly uid: number;
  readonly gid: number;
}

/** `61184:61184` as `up` hands it to a child. Throws `config-usage`. */
export function readIdentity(text: string): Identity {
  const parts = /^(\d{1,10}):(\d{1,10})$/.exec(text);
  const [uid, gid] = [Number(parts?.[1]), Number(parts?.[2])];
  if (parts === null || uid === 0 || gid === 0) throw new LatchkeyError('config-usage', `--as ${text}`);
  return { uid, gid };
}

/**
 * Gives root up for good: no further group, then the group, then the user, in this order because each step needs the
 * right that the last one takes. All capabilities go with the user id (capabilities(7)). Comes before any
 * configuration, key or network byte is read. Throws `config-usage` when not started by root.
 */
export function dropTo({ uid, gid }: Identity): void {
  const { setgroups, setgid, setuid } = process;
  if (setgroups === undefined || setgid === undefined || setuid === undefined || process.getuid?.() !== 0)
    throw new LatchkeyError('config-usage', '--as needs root');
  process.chdir('/');
  setgroups.call(process, []);
  setgid.call(process, gid);
  setuid.call(process, uid);
  process.umask(0o077);
  let regained = true;
  try {
    setuid.call(process, 0);
  } catch {
    regained = false;
  }
  if (regained || process.geteuid?.() !== uid || process.getegid?.() !== gid)
    throw new Error('root could not be given up');
}
