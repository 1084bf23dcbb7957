import { request as requestPlain, type IncomingMessage, type RequestOptions } from 'node:http';
import { request as requestTls } from 'node:https';
import { observeEndpoint, type Observe } from '../../lib/client/transport.ts';
import { LatchkeyError } from '../../lib/errors.ts';
import { checkAddress, connectFailure, connectTo } from './tls.ts';

const longest = 4096;

/**
 * Asks observers over connections checked like the relay's own: `relays` must hold the pinned key, an observer
 * elsewhere may also be vouched for by the system's authorities.
 */
export function observeWith(spki: Uint8Array | undefined, relays: readonly string[]): Observe {
  return (base, nonce) =>
    new Promise((resolve, reject) => {
      const fail = (error: unknown): void =>
        reject(new LatchkeyError(connectFailure(error), base, { cause: error }));
      try {
        const address = observeEndpoint(base, nonce);
        checkAddress(address);
        const options: RequestOptions = {
          timeout: 5000,
          headers: { accept: 'application/json' },
          createConnection: () => connectTo(address, spki, relays.includes(base) ? 'pinned' : 'either'),
        };
        const request = (base.startsWith('https:') ? requestTls : requestPlain)(
          address,
          options,
          (response) => {
            read(response).then(resolve, fail);
          },
        );
        request.on('timeout', () => request.destroy(new Error('no answer in 5 s')));
        request.on('error', fail);
        request.end();
      } catch (error) {
        fail(error);
      }
    });
}

async function read(response: IncomingMessage): Promise<unknown> {
  const status = response.statusCode ?? 0;
  if (status !== 200) {
    response.resume();
    throw new LatchkeyError(status === 429 ? 'relay-rate' : 'relay-unreachable', `status ${status}`);
  }
  let text = '';
  response.setEncoding('utf8');
  for await (const part of response as AsyncIterable<string>) {
    text += part;
    if (text.length > longest) {
      response.destroy();
      throw new LatchkeyError('protocol-oversized', 'observer statement');
    }
  }
  try {
    return JSON.parse(text) as unknown;
  } catch (cause) {
    throw new LatchkeyError('protocol-malformed', 'observer statement', { cause });
  }
}
