import { createCipheriv, createHash } from 'node:crypto';
import type { Fill } from '../../lib/generator/random.ts';

/** Bytes that look random and are the same for the same seed, on every machine: the key stream of AES-256-CTR. */
export function seededBytes(seed: string): Fill {
  const key = createHash('sha256').update(seed).digest();
  const stream = createCipheriv('aes-256-ctr', key, Buffer.alloc(16));
  return (bytes) => bytes.set(stream.update(new Uint8Array(bytes.length)));
}
