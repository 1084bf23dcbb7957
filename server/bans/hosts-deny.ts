import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import * as v from 'valibot';
import { LatchkeyError } from '../../lib/errors.ts';
import { followFile } from '../follow-file.ts';
import { requireRootOwned } from '../root-owned.ts';
import { readDeny, without } from './deny-lines.ts';
import { readWhole, replaceWhole } from './edit-file.ts';
import type { SourceType } from './source.ts';
import { wholeList, type Entry } from './whole-list.ts';

/**
 * hosts.deny, as DenyHosts writes it and sshd reads it (libwrap) at each connection. An unban takes whole lines out
 * and leaves every other byte. DenyHosts keeps lists of its own and would write the line again: where those still
 * have the address, or it runs, the unban says `tool-comes-back` after it was done.
 */
export interface HostsDenyOptions {
  readonly file: string;
  /** DenyHosts' WORK_DIR. */
  readonly work: string;
}

const path = v.pipe(v.string(), v.regex(/^\/[^\0]*[^/\0]$/, 'must be an absolute path'));
const schema = v.strictObject({
  file: v.optional(path, '/etc/hosts.deny'),
  work_dir: v.optional(path, '/var/lib/denyhosts'),
});

function read(table: Readonly<Record<string, unknown>>): HostsDenyOptions {
  const result = v.safeParse(schema, table);
  if (result.success) return { file: result.output.file, work: result.output.work_dir };
  const issue = result.issues[0];
  throw new LatchkeyError('config-invalid', `${v.getDotPath(issue) ?? 'source'}: ${issue.message}`);
}

const jail = 'hosts.deny';
/** Lines added meanwhile by somebody else: so often the file is read again before giving up. */
const tries = 5;

export const hostsDeny: SourceType<HostsDenyOptions> = {
  name: 'hostsdeny',
  runsIn: 'helper',
  needsRoot: true,
  read,
  isHere: () =>
    readFile('/etc/hosts.deny', 'latin1').then(
      (text) => /^# DenyHosts: /m.test(text),
      () => false,
    ),
  create({ file, work }, context) {
    const { log } = context;
    /** Rewrites the file until nobody wrote between reading and replacing. */
    const edit = async (change: (text: string) => string) => {
      const real = requireRootOwned(file);
      for (let n = 0; n < tries; n++) {
        const old = await readWhole(real);
        const next = change(old.text);
        if (next === old.text || (await replaceWhole(real, old, next))) return;
      }
      throw new LatchkeyError('tool-failed', `${file}: somebody else writes it all the time`);
    };
    /** Lines that were taken out, by value, to be put back by `set`. */
    const taken = new Map<string, string>();
    let stopFollowing: (() => Promise<void>) | undefined;

    return wholeList(
      {
        kind: hostsDeny.name,
        canUnban: true,
        async read() {
          const { text } = await readWhole(file);
          const entries = new Map<string, Entry>();
          for (const { value, since } of readDeny(text)) {
            const before = entries.get(value);
            entries.set(value, before ?? { value, ...(since === undefined ? {} : { since }) });
          }
          const list = [...entries.values()];
          return {
            jails: new Map([[jail, list]]),
            tellsTimes: list.some(({ since }) => since !== undefined),
          };
        },
        async lift(value) {
          let count = 0;
          await edit((text) => {
            const found = readDeny(text).filter((entry) => entry.value === value);
            if (found.some(({ alone }) => !alone))
              throw new LatchkeyError('tool-unsupported', `${file}: ${value} shares its line with others`);
            count = found.length;
            const cut = without(text, found);
            if (cut.taken !== '') taken.set(value, cut.taken);
            return cut.text;
          });
          for (const oldest of taken.keys()) {
            if (taken.size <= 64) break;
            taken.delete(oldest);
          }
          const why = count === 0 ? undefined : await remembered(work, value);
          if (why !== undefined) {
            log(`${context.source}: ${value} is out of ${file}, but ${why}`);
            throw new LatchkeyError('tool-comes-back', why);
          }
          return count;
        },
        async set(_jail, value) {
          const lines = taken.get(value);
          if (lines === undefined) throw new LatchkeyError('tool-unsupported', 'not taken out by us');
          await edit((text) => {
            if (readDeny(text).some((entry) => entry.value === value)) return text;
            // At the end, unless that would join or complete a line of somebody else's.
            return /(?:^|[^\\]\n)$/.test(text) ? text + lines : lines + text;
          });
          taken.delete(value);
        },
        onHint(listener) {
          const follower = followFile(file, {
            from: 'end',
            encoding: 'latin1',
            onLine: listener,
          });
          stopFollowing = () => follower.stop();
        },
        stop: async () => stopFollowing?.(),
      },
      context,
    );
  },
};

/** DenyHosts' own lists (its constants.py); each line begins with the address. */
const lists = ['hosts', 'hosts-restricted', 'hosts-root', 'hosts-valid', 'users-hosts'];

/** Why DenyHosts will set this ban again; undefined where it has no reason to. Never throws. */
async function remembered(work: string, value: string): Promise<string | undefined> {
  for (const list of lists) {
    const text = await readFile(join(work, list), 'latin1').catch(() => '');
    // `ADDRESS:COUNT:DATE`; users-hosts: `USER - ADDRESS:COUNT:DATE`. An IPv6 address has colons, too.
    if (text.split('\n').some((line) => line.startsWith(`${value}:`) || line.includes(` - ${value}:`)))
      return `DenyHosts has it in ${join(work, list)}`;
  }
  const pid = await denyHosts();
  return pid === undefined ? undefined : `DenyHosts runs (pid ${pid}) and may have it in memory`;
}

/** A process of root's that Python runs from a file called denyhosts or denyhosts.py. */
async function denyHosts(): Promise<string | undefined> {
  for (const pid of await readdir('/proc').catch(() => [])) {
    if (!/^\d+$/.test(pid)) continue;
    const [program = '', script = ''] = (
      await readFile(`/proc/${pid}/cmdline`, 'latin1').catch(() => '')
    ).split('\0');
    const { uid } = await stat(`/proc/${pid}`).catch(() => ({ uid: -1 }));
    if (uid !== 0) continue;
    const named = (text: string) => /(?:^|\/)denyhosts(?:\.py)?$/i.test(text);
    if (named(program) || (/python/.test(program) && named(script))) return pid;
  }
  return undefined;
}
