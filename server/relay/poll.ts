import { randomBytes } from 'node:crypto';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { TLSSocket } from 'node:tls';
import { ofSocket } from '../../lib/address.ts';
import { Reader } from '../../lib/protocol/bytes.ts';
import { splitFrames } from '../../lib/protocol/frame.ts';
import type { Entrance } from './entrance.ts';
import { sourceOf, type Limits } from './limits.ts';
import { isOwnOrigin, type Names } from './names.ts';
import { PollLine } from './poll-line.ts';

/** A header, so that it stands in no log of addresses. */
const tokenHeader = 'latchkey-poll';

/**
 * Long polling for devices whose network lets no WebSocket through (PROTOCOL.md, Transport). All by POST: nothing on
 * the way caches it, fetches it ahead or lets another site's page send it with our header.
 */
export class Polls {
  private readonly lines = new Map<string, PollLine>();
  private readonly names: Names;
  private readonly entrance: Entrance;
  private readonly limits: Limits;

  constructor(names: Names, entrance: Entrance, limits: Limits) {
    this.names = names;
    this.entrance = entrance;
    this.limits = limits;
  }

  readonly routes = (app: FastifyInstance): Promise<void> => {
    const options = { bodyLimit: this.limits.pollBody };
    app.removeAllContentTypeParsers();
    app.addContentTypeParser('application/octet-stream', { parseAs: 'buffer' }, (_request, body, done) =>
      done(null, body),
    );
    app.addHook('onRequest', async (_request, reply) => {
      reply.header('cache-control', 'no-store');
    });
    app.post('/relay/poll', options, (request, reply) => this.open(request, reply));
    app.post('/relay/poll/frames', options, (request, reply) => this.frames(request, reply));
    app.post('/relay/poll/send', options, (request, reply) => this.send(request, reply));
    return Promise.resolve();
  };

  close(): void {
    for (const line of [...this.lines.values()]) line.drop();
  }

  private open(request: FastifyRequest, reply: FastifyReply): FastifyReply {
    const { socket } = request.raw;
    const encrypted = (socket as Partial<TLSSocket>).encrypted === true;
    const host = this.names.accept(request.headers.host, {
      localAddress: socket.localAddress,
      localPort: socket.localPort,
      encrypted,
    });
    const address = ofSocket(socket.remoteAddress);
    if (host === undefined || address === undefined) return reply.code(421).send();
    if (!isOwnOrigin(request.headers.origin, host, encrypted)) return reply.code(403).send();
    const source = sourceOf(address);
    if (this.entrance.isFull(source)) return reply.code(503).send();
    const token = randomBytes(32).toString('base64url');
    const line = new PollLine(address, host, this.limits);
    this.lines.set(token, line);
    line.onClose(() => this.lines.delete(token));
    this.entrance.serve(line, 'device', source);
    return sendFrames(reply.header(tokenHeader, token), line.unseen);
  }

  /** Body: how many frames of this line have come, u4. */
  private async frames(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const line = this.lineOf(request);
    const body = read(request, (reader) => [reader.uint(4), reader.end()] as const);
    if (body === undefined) return reply.code(400).send();
    const frames = await line?.poll(body[0], (forget) => reply.raw.once('close', forget));
    return frames === undefined ? reply.code(410).send() : sendFrames(reply, frames);
  }

  /** Body: how many frames this line was sent before, u4, then frames. */
  private send(request: FastifyRequest, reply: FastifyReply): FastifyReply {
    const body = read(request, (reader) => [reader.uint(4), splitFrames(reader.rest())] as const);
    if (body === undefined) return reply.code(400).send();
    const isTaken = this.lineOf(request)?.take(...body) === true;
    return reply.code(isTaken ? 204 : 410).send();
  }

  private lineOf(request: FastifyRequest): PollLine | undefined {
    const token = request.headers[tokenHeader];
    return typeof token === 'string' ? this.lines.get(token) : undefined;
  }
}

function read<Value>(request: FastifyRequest, reading: (reader: Reader) => Value): Value | undefined {
  const { body } = request;
  if (!(body instanceof Uint8Array)) return undefined;
  try {
    return reading(new Reader(new Uint8Array(body)));
  } catch {
    return undefined;
  }
}

function sendFrames(reply: FastifyReply, frames: Uint8Array): FastifyReply {
  return reply.type('application/octet-stream').send(Buffer.from(frames));
}
