import type { Application } from '../door.ts';
import { jumpArgument, type Endpoint } from './endpoint.ts';

/** How one goes through an open door. */
export interface WayIn {
  /** A command for a terminal, or an address for a browser. */
  readonly text: string;
  /** The same as a link; absent where none can say it. */
  readonly href?: string;
  /** Where one goes once the command runs: an address, or host and port. */
  readonly then?: string;
}

export interface WayInFacts {
  readonly serves: Application;
  readonly at: Endpoint;
  /** The endpoint is UDP. */
  readonly udp?: boolean;
  /** The account that last logged in. */
  readonly user?: string | undefined;
  /** The home as ssh's jump host, where the door is open for the home's own address. */
  readonly jump?: Endpoint | undefined;
}

/** What a client is to be given, by what is spoken behind the door. */
export function wayIn(facts: WayInFacts): WayIn {
  const { serves, at, udp, user, jump } = facts;
  if (serves === 'ssh') return ssh(at, user, jump);
  if (jump !== undefined) return forwarded(serves, at, jump);
  if (serves === 'other') return { text: `nc ${udp === true ? '-u ' : ''}${at.host} ${at.port}` };
  const url = `${serves}://${hostAndPort(at, serves === 'https' ? 443 : 80)}`;
  return { text: url, href: url };
}

function ssh(at: Endpoint, user: string | undefined, jump: Endpoint | undefined): WayIn {
  const { host, port } = at;
  const account = user === undefined ? '' : `${user}@`;
  const text = `ssh ${jump === undefined ? '' : `-J ${jumpArgument(jump)} `}${port === 22 ? '' : `-p ${port} `}${account}${host}`;
  // No ssh:// link names a jump host.
  if (jump !== undefined) return { text };
  const encoded = user === undefined ? '' : `${encodeURIComponent(user)}@`;
  return { text, href: `ssh://${encoded}${hostAndPort(at, 22)}` };
}

/** ssh(1) forwards a port of this machine through the home; one that needs no root here. */
function forwarded(serves: Application, at: Endpoint, jump: Endpoint): WayIn {
  const here = at.port < 1024 ? at.port + 8000 : at.port;
  const far = `${bracketed(at.host)}:${at.port}`;
  return {
    text: `ssh -N -L ${here}:${far} ${jump.port === 22 ? '' : `-p ${jump.port} `}${jump.host}`,
    then: serves === 'other' ? `localhost:${here}` : `${serves}://localhost:${here}`,
  };
}

function hostAndPort({ host, port }: Endpoint, usual: number): string {
  return `${bracketed(host)}${port === usual ? '' : `:${port}`}`;
}

/** In a URL an IPv6 address stands in brackets (RFC 3986 section 3.2.2). */
function bracketed(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}
