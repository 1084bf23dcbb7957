import type { StorageClass, Vault } from '../../lib/archive.ts';
import { LatchkeyError } from '../../lib/errors.ts';

/** A vault, or a bucket; see upload-vault.ts and upload-bucket.ts. Methods throw `archives-*`. */
export interface UploadTarget {
  /** Says which it is, in the journal. */
  readonly key: string;
  readonly kind: Vault['kind'];
  /** As AWS names it. */
  readonly name: string;
  readonly storageClass: StorageClass;
  /** As AWS has it; undefined where this key may not ask. Throws `archives-missing` where there is none. */
  vault(): Promise<Vault | undefined>;
  /** What is finished though the journal does not say so; undefined where it is not, or nobody can tell. */
  find(piece: PieceToUpload, begun: string | undefined): Promise<Arrived | undefined>;
  /** Takes up what was begun, or begins. */
  begin(piece: PieceToUpload, partBytes: number, begun: string | undefined): Promise<Begun>;
  put(piece: PieceToUpload, uploadId: string, part: Part): Promise<void>;
  finish(piece: PieceToUpload, uploadId: string): Promise<Arrived>;
  stop(): void;
}

export interface PieceToUpload {
  /** Unique for ever: the run and the piece's name. */
  readonly name: string;
  readonly size: number;
  readonly treeHash: string;
}

export interface Part {
  readonly index: number;
  readonly from: number;
  readonly bytes: Buffer;
  /** Tree hash, hexadecimal. */
  readonly treeHash: string;
}

export interface Begun {
  readonly uploadId: string;
  /** Whether the target has this part already, as it should be. */
  has(part: Part): boolean;
}

/**
 * Begins something of which a second one would stay behind, paid for: where nobody heard the answer, it is looked for
 * before it is asked again. `create` must not repeat by itself what may have been done.
 */
export async function beginOnce(
  create: () => Promise<string | undefined>,
  find: () => Promise<string | undefined>,
  pause: (ms: number) => Promise<void>,
): Promise<string> {
  for (let attempt = 1; ; attempt++) {
    try {
      const made = await create();
      if (made !== undefined) return made;
      throw new LatchkeyError('archives-unreachable', 'no upload id');
    } catch (thrown) {
      if (!(thrown instanceof LatchkeyError) || thrown.code !== 'archives-unreachable' || attempt === 5)
        throw thrown;
      await pause(500 * 2 ** attempt);
      const found = await find();
      if (found !== undefined) return found;
    }
  }
}

export interface Arrived {
  /** ARN of the vault or bucket. */
  readonly vault: string;
  /** The archive's id, or the object's key. */
  readonly archive: string;
}
