import { WebSocket } from 'ws';
import { dialEither } from '../../lib/client/dial.ts';
import { dialByPolling } from '../../lib/client/poll.ts';
import { deviceEndpoint, type Dial } from '../../lib/client/transport.ts';
import type { ErrorCode } from '../../lib/errors.ts';
import { admissionTime, maxFrame } from '../../lib/protocol/version.ts';
import { clock } from './clock.ts';
import { postWith } from './post.ts';
import { checkAddress, connectFailure, connectTo } from './tls.ts';

/** A relay that answers the upgrade with a page has said something: 503 is the relay's "full". */
function refusalOf(status: number | undefined): ErrorCode {
  if (status === 503) return 'relay-full';
  return status === 429 ? 'relay-rate' : 'relay-unreachable';
}

/** Dials relays whose certificate has the pinned key, or that the system's authorities vouch for. */
export function dialWith(spki: Uint8Array | undefined): Dial {
  return dialEither(dialSocket(spki), dialByPolling(postWith(spki), clock), clock);
}

function dialSocket(spki: Uint8Array | undefined): Dial {
  return (relay, events) => {
    const endpoint = deviceEndpoint(relay);
    try {
      checkAddress(endpoint);
    } catch (error) {
      const timer = setImmediate(() => events.closed(connectFailure(error)));
      return { send: () => undefined, close: () => clearImmediate(timer) };
    }
    const socket = new WebSocket(endpoint, {
      createConnection: () => connectTo(endpoint, spki),
      perMessageDeflate: false,
      followRedirects: false,
      maxPayload: maxFrame,
      handshakeTimeout: admissionTime,
    });
    let over = false;
    const end = (code: ErrorCode): void => {
      if (over) return;
      over = true;
      socket.terminate();
      events.closed(code);
    };
    socket.on('message', (data: Buffer, isBinary) => {
      if (!over && isBinary) events.message(new Uint8Array(data));
    });
    socket.on('unexpected-response', (_request, response) => end(refusalOf(response.statusCode)));
    socket.on('error', (error) => end(connectFailure(error)));
    socket.on('close', () => end('relay-unreachable'));
    return {
      send: (frame) => {
        if (socket.readyState === WebSocket.OPEN) socket.send(frame, { binary: true }, () => undefined);
      },
      close: () => {
        over = true;
        socket.terminate();
      },
    };
  };
}
