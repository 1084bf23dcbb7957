import { existsSync, statSync } from 'node:fs';
import * as v from 'valibot';
import { LatchkeyError } from '../../lib/errors.ts';
import { Fail2banSource } from './fail2ban-source.ts';
import type { SourceType } from './source.ts';

export interface Fail2banOptions {
  /** fail2ban's socket, an absolute path. */
  readonly socket: string;
  /** Its database: what it says itself (`auto`), none, or an absolute path. */
  readonly database: 'auto' | 'off' | { readonly file: string };
}

/** fail2ban.conf(5): `socket`. */
const usualSocket = '/var/run/fail2ban/fail2ban.sock';
const absolute = v.pipe(v.string(), v.regex(/^\/[^\0]+$/, 'must be an absolute path'), v.maxLength(100));

const file = v.strictObject({
  socket: v.optional(absolute, usualSocket),
  database: v.optional(
    v.union([v.picklist(['auto', 'off']), absolute], 'must be "auto", "off" or a path'),
    'auto',
  ),
});

export const fail2ban: SourceType<Fail2banOptions> = {
  name: 'fail2ban',
  runsIn: 'helper',
  needsRoot: true,
  read(table) {
    const result = v.safeParse(file, table);
    if (!result.success) {
      const issue = result.issues[0];
      throw new LatchkeyError('config-invalid', `${v.getDotPath(issue) ?? 'fail2ban'}: ${issue.message}`);
    }
    const { socket, database } = result.output;
    return { socket, database: database === 'auto' || database === 'off' ? database : { file: database } };
  },
  isHere: () => Promise.resolve(existsSync('/etc/fail2ban') || isSocket(usualSocket)),
  create: (options, context) => new Fail2banSource(options, context),
};

function isSocket(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isSocket() === true;
}
