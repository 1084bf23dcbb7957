import path from 'node:path';
import type { Format } from '../../lib/archive/sniff.ts';
import type { ArchiveView } from './catalogue.ts';
import type { Damage } from './damage.ts';
import type { Inside } from './inside.ts';
import type { PieceLine, RunRecord } from './journal.ts';

export interface MatchedFile {
  /** Its name in the folder, as bytes that may be no UTF-8. */
  readonly file: Buffer;
  readonly size: number;
  readonly treeHash: string;
  readonly format: Format;
  /** What AWS has with just these bytes; several where it was uploaded again. */
  readonly archives: readonly ArchiveView[];
  /** What was staged with just these bytes. */
  readonly staged: readonly { readonly run: RunRecord; readonly piece: PieceLine }[];
  readonly inside?: Inside;
  /** It is none of them, but nearly one. */
  readonly damage?: Damage;
}

export function pathOf(directory: string, name: Buffer): Buffer {
  return Buffer.concat([Buffer.from(path.join(directory, '/')), name]);
}
