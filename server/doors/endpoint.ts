import { isIPv6 } from 'node:net';
import { LatchkeyError } from '../../lib/errors.ts';

export interface Endpoint {
  /** Absent: what the key's own documentation says. */
  readonly host?: string;
  readonly port: number;
}

/**
 * `2222`, `"2222"`, `"192.0.2.1:2222"`, `"[2001:db8::1]:2222"`, `"localhost:22"`. Throws `config-invalid` naming the
 * key.
 */
export function readEndpoint(value: unknown, key: string): Endpoint {
  const text = typeof value === 'number' ? String(value) : value;
  const found = typeof text === 'string' ? /^(?:(?:\[([^\]]+)\]|([^:[\]\s]+)):)?(\d{1,5})$/.exec(text) : null;
  const port = Number(found?.[3]);
  const host = found?.[1] ?? found?.[2];
  const bracketed = found?.[1];
  if (found === null || port < 1 || port > 65535 || (bracketed !== undefined && !isIPv6(bracketed))) {
    throw new LatchkeyError('config-invalid', `${key}: a port from 1 to 65535, or "host:port"`);
  }
  return host === undefined ? { port } : { host, port };
}
