import { createHash } from 'node:crypto';
import { isIP, connect as connectPlain, type Socket } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { equal } from '../../lib/protocol/bytes.ts';
import { codeOf, LatchkeyError, type ErrorCode } from '../../lib/errors.ts';

/** True for a plain HTTP address that does not leave this machine. */
export function isLoopback(address: string): boolean {
  const { hostname } = new URL(address);
  return hostname === 'localhost' || hostname === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(hostname);
}

/** Throws `relay-certificate` for a plain HTTP address of another machine: there is nothing to check it by. */
export function checkAddress(address: string): void {
  if (/^(?:https|wss):/.test(address) || isLoopback(address)) return;
  throw new LatchkeyError('relay-certificate', `${address} is plain HTTP`);
}

function pinned(socket: TLSSocket, spki: Uint8Array): boolean {
  const certificate = socket.getPeerX509Certificate();
  if (certificate === undefined) return false;
  const key = certificate.publicKey.export({ type: 'spki', format: 'der' });
  return equal(new Uint8Array(createHash('sha256').update(key).digest()), spki);
}

/**
 * Connects to an address that `checkAddress` lets pass. With `spki` the peer must hold exactly that key, whoever
 * signed its certificate and whatever name is in it: that is what was shown at pairing. Without, the system's
 * authorities decide. `either`: both will do (observers that may be the relay's other names, or a stranger).
 *
 * A peer that fails ends in an `error` event with `relay-certificate`, before a byte of it is read.
 */
export function connectTo(
  address: string,
  spki: Uint8Array | undefined,
  mode: 'pinned' | 'either' = 'pinned',
): Socket {
  const { protocol, hostname, port } = new URL(address);
  const host = hostname.replace(/^\[|\]$/g, '');
  if (!/^(?:https|wss):$/.test(protocol)) {
    return connectPlain({ host, port: Number(port || 80) });
  }
  const socket = connectTls({
    host,
    port: Number(port || 443),
    servername: isIP(host) === 0 ? host : '',
    ALPNProtocols: ['http/1.1'],
    rejectUnauthorized: spki === undefined,
  });
  if (spki !== undefined) {
    socket.prependListener('secureConnect', () => {
      if (pinned(socket, spki) || (mode === 'either' && socket.authorized)) return;
      socket.destroy(new LatchkeyError('relay-certificate', host));
    });
  }
  return socket;
}

/** What OpenSSL and Node call a certificate that is not believed; anything else was no TLS question. */
const certificateErrors =
  /^(?:CERT_|ERR_TLS_CERT|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_|HOSTNAME_MISMATCH|INVALID_CA|INVALID_PURPOSE)/;

export function connectFailure(error: unknown): ErrorCode {
  const code = (error as NodeJS.ErrnoException | undefined)?.code;
  if (error instanceof LatchkeyError) return codeOf(error, 'relay-unreachable');
  return typeof code === 'string' && certificateErrors.test(code) ? 'relay-certificate' : 'relay-unreachable';
}
