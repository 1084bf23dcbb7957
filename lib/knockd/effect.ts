import type { Family } from '../address.ts';

/** One change to who may come in, as far as a command's words tell. */
export interface Effect {
  readonly tool: string;
  /** `opens`: lets in, or takes away what keeps out. */
  readonly direction: 'opens' | 'closes';
  readonly verb: 'add' | 'delete';
  /** What is added or deleted, in one spelling: a delete undoes the add of the same thing. */
  readonly thing: string;
  /** Names of services in it, as written (`ssh`); `thing` has their numbers. */
  readonly services: readonly string[];
  /** The only family that it can be for. */
  readonly family?: Family;
  /** Deletes whatever stands at a place of the list. */
  readonly byNumber?: boolean;
  /**
   * Whom it concerns. `knocker` and `network`: the address reaches the rule. `nobody`: a `%ip%` in small letters
   * does, which knockd leaves as it is and the tool refuses.
   */
  readonly whom: 'knocker' | 'network' | 'everyone' | 'nobody';
  /** It survives a reboot. firewalld keeps two rules: the one on disk, and the one in force (false). */
  readonly persistent?: boolean;
  /** An entry of a set that rules name, which may have a time of its own. */
  readonly element?: boolean;
  /** The system itself ends it: an element or rule with a timeout. */
  readonly ends?: boolean;
  /** Why the tool refuses it. */
  readonly refused?: string;
}

/**
 * One program's words: what they change, or that they write the firewall's state to disk, or put what is on disk
 * in force, or change nothing. Undefined: nobody here can tell.
 */
export type EffectReader = (
  words: readonly string[],
  program: string,
) => Effect | 'saves' | 'reloads' | 'nothing' | undefined;

/** For commands whose words alone tell: %IP% in them, or not, or with a length that makes a network of it. */
export function whomOf(text: string, family?: Family): Effect['whom'] {
  if (!text.includes('%IP%')) return /%ip%/i.test(text) ? 'nobody' : 'everyone';
  const short = family === 6 ? /%IP%\/(?!128\b)\d/ : /%IP%\/(?!32\b|128\b|255\.255\.255\.255)\d/;
  return short.test(text) ? 'network' : 'knocker';
}

/** Ports that names stand for, as in /etc/services: those that people open. */
const ports: Readonly<Record<string, string>> = {
  ...{ ssh: '22', http: '80', https: '443', ftp: '21', telnet: '23', smtp: '25', domain: '53' },
  ...{ pop3: '110', imap: '143', imap2: '143', imaps: '993', pop3s: '995', submission: '587', rsync: '873' },
  ...{ mysql: '3306', postgresql: '5432', 'ms-wbt-server': '3389', openvpn: '1194', 'http-alt': '8080' },
};

/** A port as a number where its name is known, and that name. */
export function portOf(word: string): [number: string, names: string[]] {
  const number = Object.hasOwn(ports, word) ? ports[word] : undefined;
  return number === undefined ? [word, []] : [number, [word]];
}
