import { readRuleWords, type RuleOption, type RuleWords } from './iptables-words.ts';
import { fromPrefix, inNumbers, toPrefix } from './prefix.ts';
import {
  all,
  any,
  not,
  proceed,
  trackedState,
  type Judged,
  type Maybe,
  type Outcome,
  type Packet,
  type Rule,
} from './packet.ts';

/** One rule's words (`-A CHAIN` cut off) as a rule. What is not understood can neither match nor fail for sure. */
export function iptablesRule(words: readonly string[], text: string): Rule {
  const read = readRuleWords(words);
  return {
    text,
    judge(packet) {
      const matches = all(read.options.map((option) => judgeOption(option, packet)));
      if (matches === false) return { outcomes: [proceed] };
      return withTarget(read, packet, matches === true);
    },
  };
}

/** Targets that look or write and let the packet go on (iptables-extensions(8)). */
const passing =
  /^(?:LOG|NFLOG|ULOG|AUDIT|TRACE|SET|TCPMSS|CT|NOTRACK|CONNMARK|CONNSECMARK|SECMARK|DSCP|TOS|HL|TTL|CLASSIFY|CHECKSUM|LED|RATEEST|IDLETIMER)$/;

function withTarget({ target, isGoto, targetOptions }: RuleWords, packet: Packet, sure: boolean): Judged {
  if (target === undefined || passing.test(target)) return { outcomes: [proceed] };
  if (target === 'MARK') {
    return { outcomes: [proceed], marks: { mark: sure ? markedBy(targetOptions, packet) : undefined } };
  }
  const outcomes: Outcome[] = sure ? [] : [proceed];
  if (target === 'ACCEPT') outcomes.push({ to: 'accept' });
  else if (target === 'DROP' || target === 'REJECT') outcomes.push({ to: 'drop' });
  else if (target === 'RETURN') outcomes.push({ to: 'return' });
  else if (/^(?:NFQUEUE|QUEUE|SYNPROXY|TPROXY|TARPIT|DELUDE|DNAT|REDIRECT)$/.test(target))
    return { outcomes: [{ to: 'accept' }, { to: 'drop' }, proceed] };
  else outcomes.push({ to: isGoto ? 'goto' : 'jump', chain: target });
  return { outcomes };
}

/** `--set-xmark V/M`: clears the bits of M and turns those of V; `--set-mark V/M` sets them (iptables-extensions(8)). */
function markedBy(options: readonly RuleOption[], packet: Packet): number | undefined {
  const [option] = options;
  const [value, mask = 0xffffffff] = (option?.values[0] ?? '').split('/').map(Number);
  if (value === undefined || Number.isNaN(value) || Number.isNaN(mask)) return undefined;
  if (mask === 0xffffffff && /^--set-x?mark$/.test(option?.name ?? '')) return value;
  if (packet.mark === undefined) return undefined;
  switch (option?.name) {
    case '--set-xmark':
      return ((packet.mark & ~mask) ^ value) >>> 0;
    case '--set-mark':
      return ((packet.mark & ~mask) | value) >>> 0;
    case '--or-mark':
      return (packet.mark | value) >>> 0;
    case '--and-mark':
      return (packet.mark & value) >>> 0;
    default:
      return undefined;
  }
}

function judgeOption(option: RuleOption, packet: Packet): Maybe {
  const answer = option.match === undefined ? judgeOwn(option, packet) : judgeMatch(option, packet);
  return option.negated ? not(answer) : answer;
}

function judgeOwn({ name, values }: RuleOption, packet: Packet): Maybe {
  const [value = ''] = values;
  switch (name) {
    case '-p':
    case '--protocol':
    case '--proto':
      return isProtocol(value, packet);
    case '-s':
    case '--source':
    case '--src':
      return any(value.split(',').map((prefix) => fromPrefix(packet, prefix)));
    case '-d':
    case '--destination':
    case '--dst':
      return any(value.split(',').map((prefix) => toPrefix(packet, prefix)));
    case '-i':
    case '--in-interface':
      return isInterface(value, packet);
    case '-f':
    case '--fragment':
      return false;
    default:
      return isPort(name, value, packet);
  }
}

function isPort(name: string, value: string, packet: Packet): Maybe {
  switch (name) {
    case '--dport':
    case '--destination-port':
    case '--dports':
    case '--destination-ports':
      return inNumbers(packet.port, value);
    default:
      return undefined; // by its own port a caller is whoever it likes to be
  }
}

export function isProtocol(value: string, packet: Packet): Maybe {
  const numbers: Readonly<Record<string, string>> = { tcp: '6', udp: '17' };
  if (/^(?:all|any|0|ip|ipv6)$/.test(value)) return true;
  return value === packet.protocol || value === numbers[packet.protocol];
}

/** `eth+` and `eth*` are beginnings, in iptables and in nft. */
export function isInterface(value: string, packet: Packet): Maybe {
  if (value === '+' || value === '*') return true;
  if (value === 'lo') return false;
  if (packet.interface === undefined) return undefined;
  return /[+*]$/.test(value) ? packet.interface.startsWith(value.slice(0, -1)) : value === packet.interface;
}

/** TCP flags of the packet: the first one of a connection, or one in the middle. */
export function flagsOf(packet: Packet): readonly string[] {
  return packet.state === 'new' ? ['syn'] : ['ack'];
}

function judgeMatch(option: RuleOption, packet: Packet): Maybe {
  const { name, match = '', values } = option;
  const [value = '', second = ''] = values;
  if (name === '-m') return known.test(match) ? true : undefined;
  const list = value.toLowerCase().split(',');
  switch (`${match} ${name}`) {
    case 'tcp --syn':
      return packet.state === 'new';
    case 'tcp --tcp-flags': {
      const looked = list.includes('all') ? undefined : list;
      const set = flagsOf(packet).filter((flag) => looked?.includes(flag) ?? true);
      const wanted = second
        .toLowerCase()
        .split(',')
        .filter((flag) => flag !== 'none');
      return set.length === wanted.length && set.every((flag) => wanted.includes(flag));
    }
    case 'conntrack --ctstate':
    case 'state --state':
      return list.includes(trackedState(packet));
    case 'conntrack --ctstatus':
      return packet.state === 'new' ? list.includes('none') : undefined;
    case 'mark --mark': {
      const [wanted = NaN, mask = 0xffffffff] = value.split('/').map(Number);
      return packet.mark === undefined ? undefined : (packet.mark & mask) >>> 0 === wanted;
    }
    case 'addrtype --dst-type':
      return list.includes('local') ? true : list.includes('unicast') ? undefined : false;
    case 'pkttype --pkt-type':
      return value === 'unicast';
    case 'set --match-set':
      // some set of addresses that somebody keeps: a stranger is in none
      return packet.source === undefined && second.startsWith('src') ? false : undefined;
    case 'recent --rcheck':
    case 'recent --update':
    case 'recent --remove':
      return packet.source === undefined ? false : undefined;
    case 'hashlimit --hashlimit-above':
    case 'connlimit --connlimit-above':
      return false; // one packet alone
    case 'policy --pol':
      return value !== 'ipsec';
    case 'rpfilter --invert':
      return false;
    default:
      if (withoutSay.test(`${match} ${name}`)) return true;
      return isPort(name, value, packet);
  }
}

/** Matches that we know; any other may match or not. */
const known =
  /^(?:tcp|udp|multiport|conntrack|state|mark|addrtype|pkttype|set|recent|hashlimit|connlimit|limit|comment|policy|rpfilter)$/;
/** Options that do not decide about the first packet of somebody new. */
const withoutSay =
  /^(?:limit --|comment --|hashlimit --hashlimit-(?!above)|connlimit --connlimit-(?:mask|saddr|daddr|upto)|recent --(?:set|name|mask|rsource|rdest|seconds|hitcount|reap|rttl)|policy --(?:dir|strict)|rpfilter --(?:loose|validmark|accept-local)|addrtype --limit-iface-in|set --return-nomatch|multiport --m)/;
