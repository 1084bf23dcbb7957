import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'smol-toml';
import * as v from 'valibot';
import { LatchkeyError } from '../../lib/errors.ts';
import { readRootOwned } from '../root-owned.ts';

const file = v.strictObject({
  /** Where sshd logs: `journal`, `off`, or the absolute path of its syslog file. */
  ssh_log: v.optional(
    v.pipe(v.string(), v.regex(/^(?:journal|off|\/.+)$/, 'must be "journal", "off" or a path')),
  ),
  /** Ports that sshd listens on: a session is told only of doors to one of them. */
  ssh_ports: v.optional(
    v.pipe(v.array(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(65535))), v.maxLength(8)),
    [22],
  ),
  /** Logs that tell of attacks: `journal`, or absolute paths. Absent: where sshd logs. */
  attack_logs: v.optional(
    v.pipe(
      v.array(v.pipe(v.string(), v.regex(/^(?:journal|\/.+)$/, 'must be "journal" or a path'))),
      v.maxLength(16),
    ),
  ),
});

export interface HelperSettings {
  readonly sshLog: 'journal' | 'off' | { readonly file: string };
  readonly sshPorts: readonly number[];
  /** Each `journal` or an absolute path. */
  readonly attackLogs: readonly string[];
}

/**
 * DIR/helper.toml, root's alone like the door files; absent: the journal where there is one, else Debian's or
 * Red Hat's file, else nothing. Throws `config-unsafe`, `config-unreadable`, or `config-invalid` naming the key.
 */
export function readHelperSettings(directory: string): HelperSettings {
  const path = join(directory, 'helper.toml');
  const table = existsSync(path) ? readTable(path) : {};
  const checked = v.safeParse(file, table);
  if (!checked.success) {
    const issue = checked.issues[0];
    throw new LatchkeyError('config-invalid', `${path}: ${v.getDotPath(issue) ?? 'file'}: ${issue.message}`);
  }
  const { ssh_log: log = usualLog(), ssh_ports: sshPorts, attack_logs: attackLogs } = checked.output;
  return {
    sshLog: log === 'journal' || log === 'off' ? log : { file: log },
    sshPorts,
    attackLogs: [...new Set(attackLogs ?? (log === 'off' ? [] : [log]))],
  };
}

function readTable(path: string): unknown {
  const text = Buffer.from(readRootOwned(path, 64 * 1024), 'latin1').toString('utf8');
  try {
    return parse(text);
  } catch (cause) {
    throw new LatchkeyError('config-invalid', `${path}: ${(cause as Error).message.split('\n')[0] ?? ''}`, {
      cause,
    });
  }
}

function usualLog(): string {
  if (existsSync('/run/systemd/journal/socket')) return 'journal';
  return ['/var/log/auth.log', '/var/log/secure'].find((path) => existsSync(path)) ?? 'off';
}
