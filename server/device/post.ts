import { Agent as PlainAgent, request as requestPlain, type RequestOptions } from 'node:http';
import { Agent as TlsAgent, request as requestTls } from 'node:https';
import type { PollAnswer, Post } from '../../lib/client/transport.ts';
import { LatchkeyError } from '../../lib/errors.ts';
import { checkAddress, connectFailure, connectTo } from './tls.ts';

/** The most that a relay keeps for a device, and one frame (bytes). */
const longest = 512 * 1024;

/** Long polling's requests, over few connections that stay; each of them holds the relay's key, as for WebSockets. */
export function postWith(spki: Uint8Array | undefined): Post {
  const kept = { keepAlive: true, maxSockets: 4 };
  const agents = { 'https:': new TlsAgent(kept), 'http:': new PlainAgent(kept) };
  return (address, token, body, limit) => {
    const { protocol } = new URL(address);
    const isTls = protocol === 'https:';
    const agent = agents[isTls ? 'https:' : 'http:'];
    agent.createConnection = () => connectTo(address, spki);
    let cancel = (): void => undefined;
    const answer = new Promise<PollAnswer>((resolve, reject) => {
      const fail = (error: unknown): void =>
        reject(new LatchkeyError(connectFailure(error), address, { cause: error }));
      try {
        checkAddress(address);
        const options: RequestOptions = {
          agent,
          method: 'POST',
          headers: {
            'content-type': 'application/octet-stream',
            'content-length': body.length,
            ...(token === undefined ? {} : { 'latchkey-poll': token }),
          },
        };
        const request = (isTls ? requestTls : requestPlain)(address, options, (response) => {
          const parts: Buffer[] = [];
          let length = 0;
          response.on('data', (part: Buffer) => {
            parts.push(part);
            length += part.length;
            if (length > longest) request.destroy(new LatchkeyError('protocol-oversized', address));
          });
          response.on('end', () => {
            clearTimeout(timer);
            const given = response.headers['latchkey-poll'];
            resolve({
              status: response.statusCode ?? 0,
              token: typeof given === 'string' ? given : undefined,
              body: new Uint8Array(Buffer.concat(parts)),
            });
          });
          response.on('error', fail);
        });
        const timer = setTimeout(() => request.destroy(new Error(`no answer in ${limit} ms`)), limit);
        cancel = () => request.destroy();
        request.on('error', fail);
        request.on('close', () => {
          clearTimeout(timer);
          fail(new Error('cut off'));
        });
        request.end(body);
      } catch (error) {
        fail(error);
      }
    });
    return { answer, cancel: () => cancel() };
  };
}
