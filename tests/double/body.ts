import { createHash } from 'node:crypto';
import { appendFileSync, closeSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import path from 'node:path';
import { crc32 } from 'node:zlib';
import { TreeHash } from './tree-hash.ts';

/** Bytes on the disk: bodies that came and archives that lie there, so that gigabytes fit. */
export interface Blob {
  readonly file: string;
  readonly size: number;
}

export class Blobs {
  private readonly folder: string;
  private made = 0;

  constructor(folder: string) {
    this.folder = folder;
  }

  newFile(): string {
    return path.join(this.folder, String(++this.made));
  }

  of(bytes: Uint8Array): Blob {
    const file = this.newFile();
    appendFileSync(file, bytes);
    return { file, size: bytes.length };
  }

  join(parts: readonly Blob[]): Blob {
    const file = this.newFile();
    const out = openSync(file, 'w');
    let size = 0;
    for (const part of parts) {
      for (const bytes of slices(part, 0, part.size)) writeSync(out, bytes);
      size += part.size;
    }
    closeSync(out);
    return { file, size };
  }
}

export function drop(blob: Blob): void {
  rmSync(blob.file, { force: true });
}

/** `length` bytes from `start`, a MiB at a time. */
export function* slices(blob: Blob, start: number, length: number): Generator<Buffer> {
  const fd = openSync(blob.file, 'r');
  try {
    for (let at = start; at < start + length;) {
      const bytes = Buffer.allocUnsafe(Math.min(1024 * 1024, start + length - at));
      const read = readSync(fd, bytes, 0, bytes.length, at);
      if (read === 0) throw new Error('shorter than it was');
      yield bytes.subarray(0, read);
      at += read;
    }
  } finally {
    closeSync(fd);
  }
}

export function treeHashOfBlob(blob: Blob, start: number, length: number): string {
  const hash = new TreeHash();
  for (const bytes of slices(blob, start, length)) hash.update(bytes);
  return hash.digest();
}

/** A request's body, on the disk, with what was counted and hashed on the way. */
export interface Body extends Blob {
  /** Of the bytes as sent. */
  readonly sha256: string;
  readonly treeHash: string;
  readonly md5: Buffer;
  /** base64, of the bytes meant. */
  readonly crc32: string;
  /** What a trailer says that it is. */
  readonly saidCrc32: string | undefined;
  text(): string;
  bytes(): Buffer;
}

export class CutBody extends Error {}

/** Receives to the end; rejects with CutBody where the sender left or `cutAfter` bytes had come. */
export async function receive(request: IncomingMessage, blobs: Blobs, cutAfter?: number): Promise<Body> {
  const sha = createHash('sha256');
  const md5 = createHash('md5');
  const tree = new TreeHash();
  const file = blobs.newFile();
  const fd = openSync(file, 'w');
  const chunked = (request.headers['content-encoding'] ?? '').includes('aws-chunked')
    ? new AwsChunked()
    : undefined;
  let [size, sent, crc] = [0, 0, 0];
  try {
    for await (const chunk of request as AsyncIterable<Buffer>) {
      sent += chunk.length;
      if (cutAfter !== undefined && sent > cutAfter) throw new CutBody();
      sha.update(chunk);
      for (const bytes of chunked?.take(chunk) ?? [chunk]) {
        md5.update(bytes);
        tree.update(bytes);
        crc = crc32(bytes, crc);
        size += bytes.length;
        writeSync(fd, bytes);
      }
    }
  } catch (cause) {
    rmSync(file, { force: true });
    throw cause instanceof CutBody ? cause : new CutBody();
  } finally {
    closeSync(fd);
  }
  if (chunked !== undefined && !chunked.whole) throw new CutBody();
  const checksum = Buffer.alloc(4);
  checksum.writeUInt32BE(crc);
  const bytes = (): Buffer => Buffer.concat([...slices({ file, size }, 0, size)]);
  return {
    file,
    size,
    sha256: sha.digest('hex'),
    treeHash: tree.digest(),
    md5: md5.digest(),
    crc32: checksum.toString('base64'),
    saidCrc32: chunked?.trailer('x-amz-checksum-crc32'),
    text: () => bytes().toString('utf8'),
    bytes,
  };
}

/** `aws-chunked`, unsigned chunks with a trailer: hex length, CRLF, bytes, CRLF, …, 0, trailers. */
class AwsChunked {
  private rest: Buffer = Buffer.alloc(0);
  private left = 0;
  private state: 'length' | 'bytes' | 'after' | 'trailer' = 'length';
  whole = false;
  private trailers = '';

  *take(chunk: Buffer): Generator<Buffer> {
    this.rest = this.rest.length === 0 ? chunk : Buffer.concat([this.rest, chunk]);
    for (;;) {
      if (this.state === 'bytes') {
        const bytes = this.rest.subarray(0, this.left);
        this.rest = this.rest.subarray(bytes.length);
        this.left -= bytes.length;
        if (bytes.length > 0) yield bytes;
        if (this.left > 0) return;
        this.state = 'after';
      } else if (this.state === 'trailer') {
        this.trailers += this.rest.toString('latin1');
        this.rest = Buffer.alloc(0);
        this.whole = this.trailers.endsWith('\r\n');
        return;
      } else {
        const end = this.rest.indexOf('\r\n');
        if (end < 0) return;
        const line = this.rest.subarray(0, end).toString('latin1');
        this.rest = this.rest.subarray(end + 2);
        if (this.state === 'after') this.state = 'length';
        else {
          this.left = parseInt(line.split(';')[0] ?? '', 16);
          if (Number.isNaN(this.left)) throw new CutBody();
          this.state = this.left === 0 ? 'trailer' : 'bytes';
        }
      }
    }
  }

  trailer(name: string): string | undefined {
    const line = this.trailers.split('\r\n').find((one) => one.toLowerCase().startsWith(`${name}:`));
    return line?.slice(name.length + 1).trim();
  }
}
