/** Words that the whole house shares about doors. Pure. */

/** Door and set names end up in nft commands: nothing else may stand there. */
export const doorName = /^[a-z][a-z0-9_]{0,30}$/;

export const doorStates = [
  'closed',
  'opening',
  'open',
  'unverified',
  'connected',
  'closing',
  'unconfirmed',
  'stale',
  'unknown',
] as const;
export type DoorState = (typeof doorStates)[number];

/** What clients speak through a door, where more than its port is known; `other`: anything else. */
export const applications = ['ssh', 'http', 'https', 'other'] as const;
export type Application = (typeof applications)[number];

/** What is usually spoken at a port, where nobody says: SSH, but for the web's ports (IANA) and UDP. */
export function usualApplication(port: number, protocol: 'tcp' | 'udp' = 'tcp'): Application {
  if (protocol === 'udp') return 'other';
  if (port === 80) return 'http';
  return port === 443 || port === 8443 ? 'https' : 'ssh';
}

/** A real step on the way, as it happens: knock n of n, rule, checked. */
export interface Stage {
  /** `asked` (driver told), `knock` (n of n heard by knockd, or sent to a far one), `sesame`, `rule` (in place), `checked` (read back). */
  readonly stage: 'asked' | 'knock' | 'sesame' | 'rule' | 'checked';
  readonly n?: number;
  readonly of?: number;
}

/** A live session behind a door, as sshd's log says. `at` is Unix time in ms on the home's clock. */
export interface SessionFact {
  readonly user: string;
  readonly address: string;
  readonly port: number;
  readonly at: number;
  readonly pid: number;
}

/**
 * What is known of the service that a door leads to, without touching it:
 * - `listens`: a program waits for connections of the opening's family.
 * - `silent`: nothing is bound to the port.
 * - `loopback`: something listens, but for this machine alone.
 * - `family`: something listens, but not for addresses of the opening's family.
 * - `unknown`: it is elsewhere, cannot be read, or is UDP, where being bound promises no answer.
 */
export const serviceStates = ['listens', 'silent', 'loopback', 'family', 'unknown'] as const;
export type ServiceState = (typeof serviceStates)[number];
