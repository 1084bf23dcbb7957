import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { TLSSocket } from 'node:tls';
import { ofSocket } from '../../lib/address.ts';
import { sentenceOf } from '../../lib/errors.ts';
import { protocolVersion } from '../../lib/protocol/version.ts';
import { headersFor, type HeaderOptions } from './headers.ts';
import { SourceRates, sourceOf, type Limits } from './limits.ts';
import type { Names } from './names.ts';
import { forAnyPage, observe, type Observer } from './observer.ts';
import type { Page, Pages } from './pages.ts';
import type { Certificate } from './tls.ts';

export interface RouteOptions {
  readonly names: Names;
  readonly limits: Limits;
  readonly certificate: Certificate;
  readonly observer: Observer;
  readonly pages: Pages;
  readonly headers: HeaderOptions;
}

/** Everything that the relay answers over plain requests: pages, the local CA, its version, and statements. */
export function routes(app: FastifyInstance, options: RouteOptions): void {
  const { authority } = options.certificate;
  const { headers } = options;
  const rates = new SourceRates(options.limits.observePerSecond, options.limits.observeBurst);

  app.addHook('onRequest', async (request, reply) => {
    reply.headers(headersFor(undefined, headers));
    if (isForUs(request, options.names)) return;
    // DNS rebinding, or a name that nobody listed: the relay has no page for it
    await reply.code(421).send(`This relay does not answer to that name. Add it to names in relay.toml.\n`);
  });

  app.get('/relay/version', async (_request, reply) => {
    reply.header('cache-control', 'no-store');
    return { name: 'latchkey', protocol: protocolVersion, pages: options.pages.exported };
  });

  app.get<{ Params: { nonce: string } }>('/relay/observe/:nonce', async (request, reply) => {
    reply.headers(forAnyPage);
    const address = ofSocket(request.raw.socket.remoteAddress);
    if (address === undefined || !rates.take(sourceOf(address), performance.now()))
      return reply.code(429).send({ code: 'relay-rate', sentence: sentenceOf('relay-rate') });
    const statement = await observe(options.observer, request.params.nonce, address);
    if (statement !== undefined) return statement;
    return reply.code(400).send({ code: 'protocol-malformed', sentence: sentenceOf('protocol-malformed') });
  });

  if (authority !== undefined) {
    app.get('/ca.crt', (_request, reply) =>
      reply
        .type('application/x-x509-ca-cert')
        .header('cache-control', 'no-cache')
        .send(authority.certificate),
    );
    app.get('/ca.mobileconfig', (_request, reply) =>
      reply
        .type('application/x-apple-aspen-config')
        .header('cache-control', 'no-cache')
        .send(authority.appleProfile),
    );
  }

  app.get('/*', (request, reply) => {
    const pathname = pathOf(request.url);
    if (pathname.length > 1 && pathname.endsWith('/')) {
      const target = pathname.slice(0, -1);
      if (options.pages.get(target) !== undefined) return reply.redirect(target, 308);
    }
    const page = options.pages.get(pathname);
    if (page !== undefined) return sendPage(request, reply, page, headers);
    reply.code(404);
    const { notFound } = options.pages;
    if (notFound === undefined) return reply.type('text/plain; charset=utf-8').send('Not found.\n');
    return sendPage(request, reply, notFound, headers);
  });
}

function isForUs(request: FastifyRequest, names: Names): boolean {
  const { socket } = request.raw;
  const dialled = {
    localAddress: socket.localAddress,
    localPort: socket.localPort,
    encrypted: (socket as Partial<TLSSocket>).encrypted === true,
  };
  return names.accept(request.host, dialled) !== undefined;
}

function pathOf(url: string): string {
  const pathname = url.split('?', 1)[0] ?? '/';
  try {
    return decodeURIComponent(pathname);
  } catch {
    return pathname;
  }
}

function sendPage(
  request: FastifyRequest,
  reply: FastifyReply,
  page: Page,
  headers: HeaderOptions,
): FastifyReply {
  const [body, encoding] = encodingFor(request.headers['accept-encoding'] ?? '', page);
  const etag = `"${page.etag}${encoding === undefined ? '' : `-${encoding}`}"`;
  reply.headers({
    ...headersFor(page, headers),
    'cache-control': page.immutable ? 'public, max-age=31536000, immutable' : 'no-cache',
    etag,
    vary: 'accept-encoding',
  });
  if (reply.statusCode === 200 && request.headers['if-none-match']?.includes(etag) === true)
    return reply.code(304).send();
  if (encoding !== undefined) reply.header('content-encoding', encoding);
  return reply.type(page.type).send(body);
}

function encodingFor(accepted: string, page: Page): [Buffer, 'br' | 'gzip' | undefined] {
  const takes = (name: string): boolean =>
    accepted
      .split(',')
      .some((part) => new RegExp(`^\\s*${name}\\s*(?:;\\s*q=(?!0(?:\\.0*)?\\s*$).*)?$`).test(part));
  if (page.brotli !== undefined && takes('br')) return [page.brotli, 'br'];
  if (page.gzip !== undefined && takes('gzip')) return [page.gzip, 'gzip'];
  return [page.body, undefined];
}
