import { createServer } from 'node:https';
import type { ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { ofSocket } from '../../lib/address.ts';
import { LatchkeyError, sentenceOf, type ErrorCode } from '../../lib/errors.ts';
import { defaultLimits, SourceCounts, SourceRates, sourceOf } from '../relay/limits.ts';
import { forAnyPage, observe, type Observer } from '../relay/observer.ts';
import type { Certificate } from '../relay/tls.ts';

export interface WitnessOptions {
  /** HTTPS, on all addresses; 0 takes a free one. */
  readonly port: number;
  readonly certificate: Certificate;
  readonly observer: Observer;
}

export interface RunningWitness {
  readonly port: number;
  close(): Promise<void>;
}

const asked = /^\/relay\/observe\/([A-Za-z0-9_-]{43})$/;

/** Signs the address it is asked from, and does nothing else. Throws `config-port-in-use` naming the port. */
export async function startWitness(options: WitnessOptions): Promise<RunningWitness> {
  const { certificate, observer } = options;
  const { observePerSecond, observeBurst, socketsPerSource } = defaultLimits;
  const rates = new SourceRates(observePerSecond, observeBurst);
  const opened = new SourceCounts();
  const server = createServer(
    // as the relay's: a line and a few headers (ms, bytes)
    {
      headersTimeout: 10_000,
      requestTimeout: 15_000,
      keepAliveTimeout: 60_000,
      maxHeaderSize: 8192,
      handshakeTimeout: 10_000,
      key: certificate.key,
      cert: certificate.certificate,
      minVersion: 'TLSv1.2',
    },
    (request, response) => {
      const nonce = request.method === 'GET' ? asked.exec(request.url ?? '')?.[1] : undefined;
      if (nonce === undefined) return refuse(response, 404, 'protocol-malformed');
      const address = ofSocket(request.socket.remoteAddress);
      if (address === undefined || !rates.take(sourceOf(address), performance.now()))
        return refuse(response, 429, 'relay-rate');
      void observe(observer, nonce, address).then((statement) =>
        statement === undefined
          ? refuse(response, 400, 'protocol-malformed')
          : answer(response, 200, statement),
      );
    },
  );
  server.on('connection', (socket: Socket) => {
    socket.on('error', () => socket.destroy());
    const source = sourceOf(ofSocket(socket.remoteAddress) ?? '');
    if (opened.of(source) >= socketsPerSource) return void socket.destroy();
    opened.add(source);
    socket.on('close', () => opened.remove(source));
  });
  server.on('tlsClientError', (_error, socket: Socket) => socket.destroy());
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause) =>
      reject(new LatchkeyError('config-port-in-use', `port ${options.port}`, { cause })),
    );
    server.listen(options.port, resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function answer(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, {
    ...forAnyPage,
    'content-type': 'application/json; charset=utf-8',
    'x-content-type-options': 'nosniff',
  });
  response.end(JSON.stringify(body));
}

function refuse(response: ServerResponse, status: number, code: ErrorCode): void {
  answer(response, status, { code, sentence: sentenceOf(code) });
}
