import { foreign, longNames } from './iptables-rule.ts';

/** One spelling of each option of a rule: iptables(8) and iptables-extensions(8). */
export const optionNames: Readonly<Record<string, string>> = {
  ...longNames,
  '-f': '--fragment',
  '--fragments': '--fragment',
  '--destination-ports': '--dports',
  '--source-ports': '--sports',
};

const own = [
  ...['protocol', 'source', 'src', 'destination', 'dst', 'in-interface', 'out-interface'],
  ...['jump', 'goto', 'match', 'fragments'],
];
const ports = ['source-port', 'sport', 'destination-port', 'dport'];
/** By the name after `-p`, `-m` or `-j`. Of other modules no abbreviation is known here. */
const ofModule: Readonly<Record<string, readonly string[]>> = {
  tcp: [...ports, 'syn', 'tcp-flags', 'tcp-option'],
  udp: ports,
  icmp: ['icmp-type'],
  icmpv6: ['icmpv6-type'],
  multiport: ['source-ports', 'sports', 'destination-ports', 'dports', 'ports'],
  state: ['state'],
  comment: ['comment'],
  DNAT: ['to-destination', 'random', 'persistent'],
  SNAT: ['to-source', 'random', 'random-fully', 'persistent'],
  REDIRECT: ['to-ports', 'random'],
  MASQUERADE: ['to-ports', 'random', 'random-fully'],
  REJECT: ['reject-with'],
};

/**
 * A long option of which only the beginning is written (`--to` for DNAT’s `--to-destination`), in its one
 * spelling: iptables reads with getopt_long(3), which takes a beginning that fits one option alone. Any other
 * word as it is.
 */
export function wholeOption(word: string, modules: readonly string[]): string {
  const begin = word.slice(2);
  const known = [
    ...own,
    ...modules.flatMap((name) => (Object.hasOwn(ofModule, name) ? (ofModule[name] ?? []) : [])),
  ];
  if (!word.startsWith('--') || begin === '' || known.includes(begin)) return word;
  const spell = (option: string) => optionNames[`--${option}`] ?? `--${option}`;
  const fitting = [...known, ...foreign].filter((option) => option.startsWith(begin));
  const [only, another] = new Set(fitting.map(spell));
  return only === undefined || another !== undefined || !known.some((option) => spell(option) === only)
    ? word
    : only;
}
