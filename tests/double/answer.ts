import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { slices, type Blob } from './body.ts';

/** What a route answers; written by `write`, so that faults can cut any of them. */
export interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer | { readonly blob: Blob; readonly start: number; readonly length: number };
}

export class Refusal extends Error {
  readonly status: number;
  readonly code: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Of S3's XML, beside Code and Message. */
  readonly elements: Readonly<Record<string, string>>;

  constructor(
    status: number,
    code: string,
    message: string,
    headers: Readonly<Record<string, string>> = {},
    elements: Readonly<Record<string, string>> = {},
  ) {
    super(message);
    this.elements = elements;
    this.status = status;
    this.code = code;
    this.headers = headers;
  }
}

/** One range of RFC 9110's `Range`; undefined for none. Throws for one that the size does not have. */
export function rangeOf(
  header: string | undefined,
  size: number,
): { start: number; end: number } | undefined {
  if (header === undefined) return undefined;
  const parts = /^bytes=(\d*)-(\d*)$/.exec(header);
  if (parts === null || (parts[1] === '' && parts[2] === '')) return undefined;
  const start = parts[1] === '' ? Math.max(0, size - Number(parts[2])) : Number(parts[1]);
  const end = parts[1] === '' || parts[2] === '' ? size - 1 : Math.min(Number(parts[2]), size - 1);
  if (start > end || start >= size)
    throw new Refusal(416, 'InvalidRange', 'The requested range is not satisfiable');
  return { start, end };
}

/** How an answer may come wrong. */
export interface Harm {
  /** The socket is destroyed after this many bytes of body. */
  readonly dropAfter?: number;
  /** The body ends after this many bytes, and its length says so: a cut that only the caller can find. */
  readonly truncateTo?: number;
  /** This byte of the body is another. */
  readonly flipAt?: number;
}

/** Writes it; resolves with the bytes of body that left. */
export async function write(response: ServerResponse, answer: Answer, harm: Harm = {}): Promise<number> {
  const { body } = answer;
  const whole = body === undefined ? 0 : lengthOf(body);
  const length = Math.min(whole, harm.truncateTo ?? whole);
  response.writeHead(answer.status, {
    ...(body === undefined && answer.headers?.['content-length'] !== undefined
      ? {}
      : { 'content-length': String(length) }),
    ...answer.headers,
  });
  let sent = 0;
  for (const bytes of body === undefined ? [] : piecesOf(body)) {
    const stop = Math.min(length, harm.dropAfter ?? length);
    const piece = bytes.subarray(0, Math.max(0, stop - sent));
    const flip = (harm.flipAt ?? -1) - sent;
    if (flip >= 0 && flip < piece.length) piece.writeUInt8(piece.readUInt8(flip) ^ 1, flip);
    sent += piece.length;
    if (!response.write(piece) && !response.destroyed) await room(response);
    if (response.destroyed || sent >= stop) break;
  }
  if (harm.dropAfter !== undefined) {
    response.flushHeaders();
    // what was written reaches the other side before the end does
    setTimeout(() => response.destroy(), 20);
  } else response.end();
  return sent;
}

/** Until there is room for more, or nobody listens any more. */
async function room(response: ServerResponse): Promise<void> {
  const met = new AbortController();
  const { signal } = met;
  const either = ['drain', 'close'].map((event) => once(response, event, { signal }));
  await Promise.race(either);
  for (const each of either) each.catch(() => undefined);
  met.abort();
}

function lengthOf(body: NonNullable<Answer['body']>): number {
  if (typeof body === 'string') return Buffer.byteLength(body);
  return Buffer.isBuffer(body) ? body.length : body.length;
}

function* piecesOf(body: NonNullable<Answer['body']>): Generator<Buffer> {
  if (typeof body === 'string') yield Buffer.from(body);
  else if (Buffer.isBuffer(body)) yield Buffer.from(body);
  else yield* slices(body.blob, body.start, body.length);
}
