import { shellPath } from './shell.ts';

export type Encryption = 'gpg' | 'age';
export type Compression = 'xz' | 'zstd' | 'gzip' | 'bzip2';

export interface PutBack {
  /** In their order. */
  readonly pieces: readonly (string | Uint8Array)[];
  readonly encryption: Encryption | null;
  /**
   * Each piece was encrypted by itself. Then each must be decrypted by itself: gpg 2.2 reads one message, and of
   * `cat a.gpg b.gpg | gpg` gives only what was in the first.
   */
  readonly each: boolean;
  readonly compression: Compression | null;
  /** A tar, or what a dump wrote. */
  readonly content: 'tar' | 'file';
  /** Of `file`: what it is to be called. */
  readonly name?: string;
}

const decrypt: Record<Encryption, string> = {
  gpg: 'gpg --quiet --decrypt',
  age: 'age --decrypt --identity "$HOME/age.key"',
};

/** As root it gives back owner, mode, times, ACLs and attributes; for an empty folder, or `/` with `-C /`. */
export const untar =
  "tar --extract --preserve-permissions --same-owner --numeric-owner --acls --xattrs --xattrs-include='*' --file=-";

/**
 * One line for sh that puts a tree back together. A piece that cannot be read or decrypted ends it there, and then the
 * last of the row says that its input is cut.
 */
export function putBackLine({ pieces, encryption, each, compression, content, name }: PutBack): string {
  const paths = pieces.map((piece) => shellPath(piece)).join(' ');
  const steps: string[] = [];
  if (encryption !== null && each && pieces.length > 1)
    steps.push(`for piece in ${paths}; do ${decrypt[encryption]} "$piece" || break; done`);
  else if (encryption === null) steps.push(`cat ${paths}`);
  else steps.push(`cat ${paths}`, decrypt[encryption]);
  if (compression !== null) steps.push(`${compression} -dc`);
  if (content === 'tar') return [...steps, untar].join(' | ');
  return `${steps.join(' | ')} > ${shellPath(name ?? 'dump')}`;
}
