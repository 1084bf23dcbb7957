import { createHash } from 'node:crypto';
import { statSync } from 'node:fs';
import { isAbsolute, normalize } from 'node:path';
import { parse, type TomlError } from 'smol-toml';
import * as v from 'valibot';
import { LatchkeyError } from '../../lib/errors.ts';
import { accountName } from '../accounts.ts';
import { readPlain } from '../files.ts';
import { requireRootOwned, requireRootOwnedWay } from '../root-owned.ts';

/** What is staged, how, and where: `stage.toml`. */
export interface StageConfig {
  readonly staging: string;
  readonly keepDays: number;
  /** Of the tar, before compression. */
  readonly pieceBytes: number;
  readonly compress: 'xz' | 'zstd' | null;
  readonly level: number;
  readonly encrypt: 'gpg' | 'age' | null;
  readonly recipients: readonly string[];
  readonly directories: readonly string[];
  /** As tar reads them: `/var/cache` that path alone, `*.tmp` such a name anywhere. */
  readonly exclude: readonly string[];
  readonly oneFileSystem: boolean;
  readonly dumps: readonly DumpConfig[];
}

/** A program whose output is staged as it comes. */
export interface DumpConfig {
  readonly name: string;
  readonly command: readonly [string, ...string[]];
  /** Account that runs it; absent: who runs us. */
  readonly user?: string;
}

const text = v.pipe(v.string(), v.minLength(1), v.maxLength(4096), v.regex(/^[^\0\n]*$/, 'one line of text'));
const folder = v.pipe(
  text,
  v.check((path) => isAbsolute(path) && normalize(path) === path, 'an absolute path, without ".."'),
);
const dump = v.strictObject({
  name: v.pipe(v.string(), v.regex(/^[a-z][a-z0-9_-]{0,30}$/, 'a-z, digits, _ and -')),
  command: v.pipe(v.array(text, 'must be an array of texts'), v.minLength(1), v.maxLength(64)),
  user: v.optional(v.pipe(v.string(), v.regex(accountName, 'must be the name of an account'))),
});
const schema = v.strictObject({
  staging: folder,
  keep_days: v.optional(v.pipe(v.number(), v.minValue(0), v.maxValue(3650)), 7),
  piece_mb: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(40_000)), 1024),
  compress: v.optional(v.picklist(['xz', 'zstd', 'none']), 'xz'),
  level: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(19))),
  encrypt: v.optional(v.picklist(['gpg', 'age', 'none']), 'none'),
  recipients: v.optional(v.array(v.pipe(text, v.regex(/^[^-]/, 'must not begin with -'))), []),
  directories: v.optional(v.array(folder), []),
  exclude: v.optional(v.array(text), []),
  one_file_system: v.optional(v.boolean(), false),
  dump: v.optional(v.array(dump), []),
});

const invalid = (detail: string) => new LatchkeyError('config-invalid', detail);

/** Throws `config-missing`, `config-unsafe` (root reads only what root alone can change), `config-invalid`. */
export function readStageConfig(file: string): StageConfig {
  const found = readPlain(file);
  if (found === undefined)
    throw new LatchkeyError('config-missing', `${file}; \`latchkey archives stage --sample\` prints one`);
  requireRootOwned(file);
  return parseStageConfig(found);
}

export function parseStageConfig(source: string): StageConfig {
  let table: unknown;
  try {
    table = parse(source);
  } catch (cause) {
    const { line, column } = cause as TomlError;
    throw invalid(`line ${line}, column ${column}: ${(cause as Error).message.split('\n')[0]}`);
  }
  const result = v.safeParse(schema, table);
  if (!result.success) {
    const issue = result.issues[0];
    const key = v.getDotPath(issue) ?? 'stage.toml';
    if (issue.expected === 'never') throw invalid(`${key}: no such key`);
    if (issue.received === 'undefined') throw invalid(`${key}: missing`);
    throw invalid(`${key}: ${issue.message}`);
  }
  const read = result.output;
  const compress = read.compress === 'none' ? null : read.compress;
  const level = read.level ?? (compress === 'zstd' ? 3 : 6);
  if (compress === 'xz' && level > 9) throw invalid('level: at most 9 for xz');
  const encrypt = read.encrypt === 'none' ? null : read.encrypt;
  if ((encrypt === null) !== (read.recipients.length === 0))
    throw invalid('recipients: for whom it is encrypted, and only then');
  if (read.directories.length + read.dump.length === 0) throw invalid('directories: nothing to stage');
  const names = [...read.directories, ...read.dump.map(({ name }) => name)];
  if (new Set(names).size < names.length) throw invalid('directories: one of them is there twice');
  for (const { command } of read.dump) requireProgram(command);
  return {
    staging: read.staging,
    keepDays: read.keep_days,
    pieceBytes: read.piece_mb * 1024 * 1024,
    compress,
    level,
    encrypt,
    recipients: read.recipients,
    directories: read.directories,
    exclude: read.exclude,
    oneFileSystem: read.one_file_system,
    dumps: read.dump.map(({ name, command, user }) => ({
      name,
      command: command as [string, ...string[]],
      ...(user === undefined ? {} : { user }),
    })),
  };
}

/** As the commands of doors: by its absolute path, root's along the whole way, and so are the scripts it is given. */
function requireProgram([program = '', ...rest]: readonly string[]): void {
  if (!isAbsolute(program) || normalize(program) !== program)
    throw invalid('dump.command: the program by its absolute path, without ".."');
  requireRootOwnedWay(program);
  const stat = statSync(program);
  if (!stat.isFile() || (stat.mode & 0o111) === 0) throw invalid(`dump.command: ${program} is not a program`);
  for (const path of rest)
    if (isAbsolute(path) && statSync(path, { throwIfNoEntry: false })?.isFile() === true)
      requireRootOwned(path);
}

/** What must be equal for an interrupted run to go on. */
export function planOf(config: StageConfig): string {
  return createHash('sha256')
    .update(JSON.stringify({ ...config, keepDays: 0 }))
    .digest('hex')
    .slice(0, 32);
}

/** The list of directories is the seed's. */
export const sampleConfig = `# latchkey archives stage: what goes into Glacier, and how. Only root may be able to change this file.

staging = "/var/backups/latchkey"   # a disk with room for a week of it
keep_days = 7                       # finished runs older than that are removed; the newest never is
piece_mb = 1024                     # each piece, in MiB, before compression
compress = "xz"                     # xz, zstd or none; on all cores
level = 6
encrypt = "none"                    # gpg, age or none; after compression
# recipients = ["0123456789ABCDEF0123456789ABCDEF01234567"]   # gpg: fingerprints; age: age1... or ssh keys

directories = [
  "/root", "/sbin", "/usr", "/var", "/opt", "/lib32", "/lib64", "/etc", "/bin", "/boot",
]
exclude = ["/var/cache", "/var/tmp", "*.tmp"]   # the staging folder leaves itself out
one_file_system = false

# A database is dumped, never copied from under itself: what the program prints is staged as it comes.
# [[dump]]
# name = "postgres"
# command = ["/usr/bin/pg_dumpall"]
# user = "postgres"
`;
