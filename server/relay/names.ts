import { kindOf, ofSocket } from '../../lib/address.ts';

/** What the relay must know of a socket to tell whether the peer dialled it by a name of its own. */
export interface Dialled {
  readonly localAddress?: string | undefined;
  readonly localPort?: number | undefined;
  readonly encrypted: boolean;
}

/**
 * The names that a relay answers to. This is the guard against DNS rebinding (a stranger's name that resolves to
 * this machine), and keeps one relay's challenge from being passed on by another. `name` stands for the port that
 * is listened on, `name:443` for a port that something forwards.
 */
export class Names {
  private readonly bare = new Set<string>();
  private readonly exact = new Set<string>();

  constructor(names: readonly string[]) {
    for (const name of names) {
      const { host, port } = splitHost(name.toLowerCase());
      if (port === undefined) this.bare.add(host);
      else this.exact.add(`${host}:${port}`);
    }
  }

  /** The Host header as it is signed (lower case), or undefined where it names another. */
  accept(header: string | undefined, socket: Dialled): string | undefined {
    const text = header?.toLowerCase();
    if (text === undefined || !/^(?:[a-z0-9._-]{1,253}|\[[0-9a-f:.]{2,45}\])(?::\d{1,5})?$/.test(text))
      return undefined;
    const { host, port = socket.encrypted ? 443 : 80 } = splitHost(text);
    if (this.exact.has(`${host}:${port}`)) return text;
    if (port !== socket.localPort) return undefined;
    return this.bare.has(host) || isSocketsOwn(host, socket) ? text : undefined;
  }
}

/** Only browsers send an Origin: a page of another one has no business at the relay's mailboxes. */
export function isOwnOrigin(origin: string | undefined, host: string, encrypted: boolean): boolean {
  return origin === undefined || origin === `${encrypted ? 'https' : 'http'}://${host}`;
}

/** An address literal needs no list: the socket itself shows that it is ours, and no DNS is in it. */
function isSocketsOwn(host: string, socket: Dialled): boolean {
  const local = ofSocket(socket.localAddress);
  if (local === undefined) return false;
  if (host === 'localhost') return kindOf(local) === 'loopback';
  return host === (local.includes(':') ? `[${local}]` : local);
}

/** A name or address (IPv6 in brackets, with or without them given) and the port behind it, if any. */
export function splitHost(text: string): { readonly host: string; readonly port: number | undefined } {
  const parts = /^(.*?)(?::(\d{1,5}))?$/.exec(
    text.includes(':') && !text.includes('[') && text.split(':').length > 2 ? `[${text}]` : text,
  );
  const port = parts?.[2];
  return { host: parts?.[1] ?? text, port: port === undefined ? undefined : Number(port) };
}
