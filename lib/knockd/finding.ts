/** What the linter can say. Scripts may rely on the codes. */
export const findingCodes = [
  // why knockd does not start
  'rejected',
  'options-name',
  // [options], and the file as a whole
  'no-door',
  'interface-any',
  'interface-list',
  'interface-missing',
  'interface-repeated',
  'no-log',
  'path-relative',
  'inline-comment',
  'quoted-value',
  'key-repeated',
  'name-repeated',
  'line-too-long',
  // what must be knocked
  'port-zero',
  'port-misread',
  'sequence-one-port',
  'sequence-ascending',
  'sequence-published',
  'sequence-shared',
  'sequence-prefix',
  'open-close-same-sequence',
  'seq-timeout',
  'tcpflags-udp',
  'tcpflags-unsendable',
  'target-unheard',
  'one-time-last',
  'one-time-few',
  'one-time-ipv6',
  'one-time-unreadable-line',
  'one-time-and-sequence',
  // what is then done
  'no-command',
  'command-quoted',
  'command-too-long',
  'token-case',
  'rule-incomplete',
  'opens-for-everyone',
  'opens-for-network',
  'family-tool',
  'ipv6-without-command',
  // and undone
  'never-closes',
  'manual-close',
  'cmd-timeout',
  'stop-unused',
  'stop-opens',
  'delete-mismatch',
  'delete-by-number',
  'service-names-mixed',
  'ipv6-never-closes',
  'persistent-rule',
] as const;

export type FindingCode = (typeof findingCodes)[number];

/**
 * - error: the door does not work, stays open, or opens for others.
 * - warning: it is weaker than it looks.
 * - note: worth knowing, harmless today.
 */
export type Severity = 'error' | 'warning' | 'note';

export interface Finding {
  readonly code: FindingCode;
  readonly severity: Severity;
  /** Name of the section. */
  readonly door?: string;
  /** In the knockd.conf, from 1. */
  readonly line?: number;
  /** What is the case, and what it leads to. One or two sentences. */
  readonly text: string;
  /** What mends it. Where it is a line to write, the line itself stands in backticks. */
  readonly remedy: string;
}
