import { inflateRawSync, inflateSync, constants } from 'node:zlib';
import { readOpening } from '../../lib/archive/openpgp.ts';
import { sniff, type Format } from '../../lib/archive/sniff.ts';
import { start } from '../run.ts';

/** What can be seen of an encrypted piece by whoever has its key. */
export interface Inside {
  /** As gpg wrote it; '' where it was given a stream. Text of others. */
  readonly name: string;
  /** Of the first bytes of what was encrypted. */
  readonly format: Format;
}

/** More of a message's begin says nothing new. */
const enough = 64 * 1024;

/**
 * Lets gpg take the encryption off the first bytes of a piece and reads the literal packet. Undefined where gpg has no
 * key for it, or says no. gpg itself asks for a passphrase if the key has one and `ask` is set.
 * Throws `tool-missing`.
 */
export async function lookInside(
  file: AsyncIterable<Buffer>,
  options: { readonly env: Readonly<Record<string, string>>; readonly ask: boolean },
): Promise<Inside | undefined> {
  const args = [...(options.ask ? [] : ['--batch', '--pinentry-mode', 'error']), '--quiet', '--unwrap'];
  const gpg = await start('gpg', args, { env: options.env });
  gpg.stderr?.resume();
  void (async () => {
    for await (const bytes of file) if (gpg.stdin.destroyed || !(await written(gpg.stdin, bytes))) return;
    gpg.stdin.end();
  })().catch(() => gpg.kill('SIGKILL'));
  let seen: Buffer = Buffer.alloc(0);
  try {
    for await (const bytes of gpg.stdout as AsyncIterable<Buffer>) {
      seen = Buffer.concat([seen, bytes]);
      const found = literalOf(seen);
      if (found !== undefined && found.body.length >= 512) return insideOf(found);
      if (seen.length >= enough) break;
    }
    const found = literalOf(seen);
    return found && insideOf(found);
  } finally {
    gpg.stdin.destroy();
    gpg.kill('SIGKILL');
    await gpg.ended;
  }
}

function written(stream: NodeJS.WritableStream, bytes: Buffer): Promise<boolean> {
  return new Promise((resolve) => stream.write(bytes, (error) => resolve(!error)));
}

function insideOf({ name, body }: { name: Uint8Array; body: Buffer }): Inside {
  return { name: Buffer.from(name).toString('utf8'), format: sniff(body) };
}

function literalOf(bytes: Buffer): { name: Uint8Array; body: Buffer } | undefined {
  const opening = readOpening(bytes);
  if (opening.kind === 'literal') return { name: opening.name, body: bytes.subarray(opening.body) };
  if (opening.kind !== 'compressed') return undefined;
  const inner = begun(bytes.subarray(opening.body), opening.algorithm);
  const literal = inner && readOpening(inner);
  return literal?.kind === 'literal' && inner !== undefined
    ? { name: literal.name, body: inner.subarray(literal.body) }
    : undefined;
}

/** What a cut compressed text begins with; bzip2 (3), which gpg only writes when told to, is not looked into. */
function begun(bytes: Buffer, algorithm: number): Buffer | undefined {
  // a long run of zeros grows a thousandfold
  const options = { finishFlush: constants.Z_SYNC_FLUSH, maxOutputLength: 1100 * enough };
  // the second try: where the packet comes in parts, the first part (512 bytes at least) ends before the whole
  for (const part of [bytes, bytes.subarray(0, 480)])
    try {
      if (algorithm === 1) return inflateRawSync(part, options);
      if (algorithm === 2) return inflateSync(part, options);
    } catch {
      // damaged, or in parts
    }
  return undefined;
}
