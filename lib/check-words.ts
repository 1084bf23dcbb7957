import type { CheckCode, CheckFacts, CheckResult } from './checks.ts';
import { isErrorCode, remedyOf, sentenceOf } from './errors.ts';

export interface CheckWords {
  /** What is so. */
  readonly text: string;
  /** What a finding costs. */
  readonly cost?: string;
  /** What mends it, ending where `command` follows, if it does. */
  readonly remedy?: string;
  /** To be copied as it stands: a command, or a line of a file. */
  readonly command?: string;
}

interface Entry {
  /** What is looked at, as the beginning of "… was not checked". */
  readonly name: string;
  readonly ok: (facts: CheckFacts) => string;
  readonly finding: (facts: CheckFacts) => Required<Omit<CheckWords, 'command'>> & { command?: string };
}

const tool = (facts: CheckFacts): string => (facts['family'] === 6 ? 'ip6tables' : 'iptables');
const over = (facts: CheckFacts): string =>
  facts['family'] === undefined ? 'over IPv4 and IPv6' : `over IPv${facts['family']}`;
const of = (facts: CheckFacts, key: string): string => String(facts[key] ?? '');

const table = {
  'second-way': {
    name: 'A second way in',
    ok: (f) => `You have a second way in: ${of(f, 'said')}`,
    finding: () => ({
      text: 'No second way in is named',
      cost: 'One wrong rule, and nobody gets in to mend it.',
      remedy:
        'Make sure first that there is one (a console, a screen and keys, a provider’s rescue system). Then say which, in the first lines of agent.toml:',
      command: 'second_way_in = "console at …"',
    }),
  },
  config: {
    name: 'The door files',
    ok: () => 'Every door file is read as it stands',
    finding: (f) => ({
      text:
        f['problem'] === 'config-unsafe'
          ? `Others than root can change ${of(f, 'detail')}`
          : `A file has an error: ${of(f, 'detail')}`,
      cost: 'As it stands the file is refused, and what lies behind it was not checked.',
      ...(f['problem'] === 'config-unsafe'
        ? { remedy: 'Make it root’s alone:', command: ownIt(of(f, 'detail')) }
        : { remedy: 'Mend what is named, then run this again.' }),
    }),
  },
  'default-deny': {
    name: 'Default deny',
    ok: (f) =>
      f['guarded'] === 'doors'
        ? 'The doors guard their own ports, and nothing else listens to the outside'
        : 'What the firewall does not name is dropped',
    finding: (f) => ({
      text: `The firewall lets in what it does not name, ${over(f)}`,
      cost:
        f['listening'] === undefined
          ? 'Whatever begins to listen here answers everyone.'
          : `These answer everyone: ${of(f, 'listening')}.`,
      remedy: 'Accept what must come in, and connections that are there. Then drop the rest:',
      command:
        f['family'] === undefined
          ? 'iptables -P INPUT DROP; ip6tables -P INPUT DROP'
          : `${tool(f)} -P INPUT DROP`,
    }),
  },
  'port-open': {
    name: 'Who reaches the doors’ ports',
    ok: (f) => `Port ${of(f, 'port')} drops strangers`,
    finding: (f) => ({
      text: `Port ${of(f, 'port')} answers everyone`,
      cost: 'The door changes nothing while this stands.',
      ...guardIt(f),
    }),
  },
  'family-open': {
    name: 'Whether both address families are guarded',
    ok: (f) => `Port ${of(f, 'port')} is guarded over IPv4 and IPv6`,
    finding: (f) => ({
      text: `Port ${of(f, 'port')} answers everyone ${over(f)}, and is guarded over IPv${f['family'] === 6 ? 4 : 6} only`,
      cost: 'Whoever comes by the other family needs no door.',
      ...guardIt(f),
    }),
  },
  established: {
    name: 'Whether sessions outlive their door',
    ok: () => 'Connections that are there stay when a door closes',
    finding: (f) => ({
      text: `The firewall drops what belongs to a connection that is there, ${over(f)}`,
      cost: 'A session dies when its door closes, yours too.',
      remedy:
        f['late'] === 1
          ? 'The rule stands behind one that drops. Put it first:'
          : 'Accept such packets first:',
      command: `${tool(f)} -I INPUT 1 -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT`,
    }),
  },
  'mark-rule': {
    name: 'The rule that accepts the mark',
    ok: () => 'The firewall accepts what the door marks',
    finding: (f) => ({
      text: `No rule accepts what this door marks, ${over(f)}`,
      cost: 'The door opens, and the firewall drops all the same.',
      remedy: 'Accept the mark, before whatever drops:',
      command: `${tool(f)} -I INPUT 1 -m mark --mark ${of(f, 'mark')} -j ACCEPT`,
    }),
  },
  'rule-order': {
    name: 'The order of the rules',
    ok: () => 'What a door lets in is accepted before it is dropped',
    finding: (f) => ({
      text: `A rule that drops stands before the one that lets this door’s callers in, ${over(f)}`,
      cost: 'The door opens, and nobody gets through.',
      remedy:
        f['what'] === 'mark'
          ? 'Put the rule that accepts the mark first:'
          : 'knockd adds its rule at the end. In its file, insert it first:',
      command:
        f['what'] === 'mark'
          ? `${tool(f)} -I INPUT 1 -m mark --mark ${of(f, 'mark')} -j ACCEPT`
          : of(f, 'better'),
    }),
  },
  'opening-blocked': {
    name: 'Whether an open door lets its caller through',
    ok: () => 'What an opening lets in gets through to the service',
    finding: (f) => ({
      text: `Something drops what this door lets in, ${over(f)}`,
      cost: 'The door opens, and nobody gets through.',
      remedy: 'An accept in one table never overrides a drop in another. See every chain of the input hook:',
      command: 'nft list ruleset',
    }),
  },
  'proxy-blocked': {
    name: 'Whether callers reach the proxy door',
    ok: (f) =>
      `The firewall lets callers reach port ${of(f, 'port')}, where something listens only while the door is open`,
    finding: (f) => ({
      text: `The firewall drops what comes to port ${of(f, 'port')}, ${over(f)}`,
      cost: 'The proxy door opens, and nobody reaches it.',
      remedy: 'Nothing listens there while the door is closed, so it may be accepted:',
      command: `${tool(f)} -I INPUT 1 -p tcp --dport ${of(f, 'port')} -j ACCEPT`,
    }),
  },
  'ssh-root': {
    name: 'Whether root can log in',
    ok: (f) => (f['how'] === 'keys' ? 'root logs in by key only' : 'root cannot log in over SSH'),
    finding: () => ({
      text: 'root can log in over SSH with a password',
      cost: 'A guessed password is the whole machine.',
      remedy: 'In sshd_config, then `systemctl reload ssh`:',
      command: 'PermitRootLogin no',
    }),
  },
  'ssh-password': {
    name: 'Whether sshd takes passwords',
    ok: () => 'sshd takes keys only',
    finding: (f) => ({
      text: 'sshd takes passwords',
      cost: 'While a door is open, whoever shares its address can guess.',
      remedy: 'Once your key works, in sshd_config, then `systemctl reload ssh`:',
      command: f['how'] === 'keyboard' ? 'KbdInteractiveAuthentication no' : 'PasswordAuthentication no',
    }),
  },
  'ssh-port': {
    name: 'Whether the doors lead to a service',
    ok: (f) => `Something listens on port ${of(f, 'port')}`,
    finding: (f) => ({
      text: `Nothing listens on port ${of(f, 'port')}`,
      cost: 'The door opens onto nothing.',
      ...(f['other'] === undefined
        ? { remedy: 'Start what should be there:', command: 'systemctl start ssh' }
        : {
            remedy: `sshd listens on ${of(f, 'other')}. In the door’s file:`,
            command: `port = ${of(f, 'other')}`,
          }),
    }),
  },
  'ssh-listen': {
    name: 'Where else sshd listens',
    ok: () => 'sshd answers strangers nowhere',
    finding: (f) => ({
      text: `sshd also answers everyone on port ${of(f, 'port')}`,
      cost: 'No door guards that port.',
      remedy: 'Take the port out of sshd_config, or guard it:',
      command: `latchkey door add nftables ssh${of(f, 'port')} --port ${of(f, 'port')} --mode gate`,
    }),
  },
  'family-silent': {
    name: 'Whether both address families are served',
    ok: (f) => `What listens on port ${of(f, 'port')} answers each family that this machine has`,
    finding: (f) => ({
      text: `Nothing listens on port ${of(f, 'port')} ${over(f)}`,
      cost: `A phone that comes by IPv${of(f, 'family')} finds the door open and nobody behind it.`,
      remedy: 'In sshd_config, then `systemctl restart ssh`:',
      command: 'AddressFamily any',
    }),
  },
  knockd: {
    name: 'knockd’s file',
    ok: (f) => `${of(f, 'file')}: nothing to complain of`,
    finding: (f) => ({
      text: of(f, 'text'),
      cost: `It stands in ${of(f, 'file')}${f['line'] === undefined ? '' : `, line ${of(f, 'line')}`}.`,
      remedy: of(f, 'remedy'),
      command: `latchkey knockd lint ${of(f, 'file')}`,
    }),
  },
  files: {
    name: 'Who may change what root reads',
    ok: () => 'Only root can change what root reads here',
    finding: (f) => ({
      text: `Others than root can change ${of(f, 'loose')}`,
      cost:
        f['loose'] === f['path']
          ? 'Whoever does is root here.'
          : `Whoever does is root here: ${of(f, 'path')} lies in it.`,
      remedy: 'Make it root’s alone:',
      command: ownIt(of(f, 'loose')),
    }),
  },
  keys: {
    name: 'Who may read the home’s keys',
    ok: () => 'Only the home agent reads its keys',
    finding: (f) => ({
      text: `Others can read ${of(f, 'path')}`,
      cost: 'Whoever has the home’s keys can tell devices what it likes.',
      remedy: 'Make it private, and pair anew if somebody had it:',
      command: `chmod go= ${quoted(of(f, 'path'))}`,
    }),
  },
  'saved-opening': {
    name: 'What is loaded at boot',
    ok: () => 'No saved ruleset holds an opening',
    finding: (f) => ({
      text:
        f['address'] === undefined
          ? `${of(f, 'path')} lets everyone in to port ${of(f, 'port')}`
          : `${of(f, 'path')} holds an opening for ${of(f, 'address')}`,
      cost: 'At the next start of this machine it is open again, and nothing closes it.',
      remedy: 'Take it out of the file. This shows where:',
      command: `grep -n ${quoted(of(f, 'address') || of(f, 'port'))} ${quoted(of(f, 'path'))}`,
    }),
  },
  'stale-opening': {
    name: 'Openings that nothing ends',
    ok: () => 'No opening has outlived its time',
    finding: (f) => ({
      text: `${of(f, 'address')} is let in, and nothing will end it`,
      cost: 'Its timer is gone, or it never had one.',
      remedy: 'Close it by hand:',
      command: of(f, 'close'),
    }),
  },
  clock: {
    name: 'The clock',
    ok: () => 'This clock and the relay’s agree',
    finding: (f) => ({
      text: `This clock is ${of(f, 'off')} ${Number(f['ahead']) > 0 ? 'behind' : 'ahead of'} the relay’s`,
      cost: 'Certificates look expired, and the record of what happened tells wrong times.',
      remedy: 'Let it follow the network’s:',
      command: 'timedatectl set-ntp true',
    }),
  },
  relay: {
    name: 'The relay',
    ok: (f) => `The relay answers: ${of(f, 'url')}`,
    finding: (f) => ({
      text: `The relay ${of(f, 'url')} ${f['problem'] === 'relay-certificate' ? 'shows another certificate' : 'is not reached'}`,
      cost: 'No device reaches this home by it.',
      remedy: 'Is it up, and does its address still lead there?',
      command: `curl -v ${quoted(of(f, 'url'))}/relay/version`,
    }),
  },
  agent: {
    name: 'The home agent',
    ok: () => 'The home agent runs',
    finding: () => ({
      text: 'No home agent runs here',
      cost: 'No door can be opened.',
      remedy: 'Start it, or its unit:',
      command: 'latchkey up',
    }),
  },
  doors: {
    name: 'The doors',
    ok: () => 'Every door is ready',
    finding: (f) => ({
      ...(isErrorCode(f['problem'])
        ? {
            text: `This door cannot be opened. ${sentenceOf(f['problem'])}`,
            cost: 'Holding the button only says so.',
            remedy: remedyOf(f['problem']),
          }
        : {
            text: 'No door is configured',
            cost: 'There is nothing that a device could open.',
            remedy: 'Add one:',
            command: 'latchkey door add --help',
          }),
    }),
  },
  bans: {
    name: 'What bans',
    ok: (f) => `${kindOf(f)} answers`,
    finding: (f) => ({
      text:
        f['problem'] === 'tool-ended'
          ? `${kindOf(f)} does not run`
          : `${kindOf(f)} cannot be read.${isErrorCode(f['problem']) ? ` ${sentenceOf(f['problem'])}` : ''}`,
      cost: 'Nobody is protected by it now, and what it banned is let in.',
      ...(f['kind'] === 'fail2ban'
        ? {
            remedy: 'Start it, or see why it does not:',
            command: 'systemctl start fail2ban; systemctl status fail2ban',
          }
        : { remedy: 'See the helper’s log for what it said.' }),
    }),
  },
  'bans-deaf': {
    name: 'Jails that hear nothing',
    ok: () => 'Every jail counts what the log has',
    finding: (f) => ({
      text: `The jail “${of(f, 'jail')}” counts no failure, and sshd’s log has many`,
      cost: 'Whoever tries passwords is never banned.',
      remedy:
        'Its filter or its log is another one (fail2ban before 1.1.1 does not know sshd-session). This shows what it reads:',
      command: `fail2ban-client status ${quoted(of(f, 'jail'))}`,
    }),
  },
  'bans-rule': {
    name: 'Bans without a rule',
    ok: () => 'Every ban has its rule',
    finding: (f) => ({
      text: `The jail “${of(f, 'jail')}” lists bans that no rule of the firewall enforces`,
      cost: 'Those addresses come in.',
      remedy: 'Something took its rules away since. This makes them anew:',
      command: `fail2ban-client reload --restart ${quoted(of(f, 'jail'))}`,
    }),
  },
  'bans-clock': {
    name: 'Times of bans',
    ok: () => 'The times of bans are those of this clock',
    finding: (f) => ({
      text: `The times of ${kindOf(f)} are ${spanOf(Math.abs(Number(f['off'])))} ${Number(f['off']) > 0 ? 'ahead' : 'behind'}`,
      cost: 'When a ban began and when it ends is told wrongly.',
      remedy: 'The clock was set, or it was started with another time zone. Start it again:',
      command: 'systemctl restart fail2ban',
    }),
  },
} as const satisfies Record<CheckCode, Entry>;

/** Its own name, where it is not that of its kind. */
function kindOf(f: CheckFacts): string {
  const [kind, source] = [of(f, 'kind'), of(f, 'source')];
  return kind === source || source === '' ? kind || 'A source' : `${kind} “${source}”`;
}

function spanOf(seconds: number): string {
  const minutes = Math.round(seconds / 60);
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** How to guard a port: by our own chain where the door can, else by the host's firewall. */
function guardIt(f: CheckFacts): { remedy: string; command: string } {
  if (f['gate'] === 2)
    return { remedy: 'Its gate is gone. The helper puts it back:', command: 'latchkey up' };
  if (f['gate'] === 1)
    return { remedy: 'Let Latchkey guard the port. In its door, set', command: 'mode = "gate"' };
  return {
    remedy: 'Drop what is not let in:',
    command: `${tool(f)} -A INPUT -p ${of(f, 'protocol')} --dport ${of(f, 'port')} -j DROP`,
  };
}

function ownIt(path: string): string {
  return `chown root ${quoted(path)} && chmod go-w ${quoted(path)}`;
}

/** For a shell, where a path holds anything but letters, digits and the usual marks. */
function quoted(text: string): string {
  return /^[\w@%+=:,./[\]-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

export function wordsOf(result: CheckResult): CheckWords {
  const entry: Entry = table[result.code];
  const { facts = {} } = result;
  if (result.state === 'finding') return entry.finding(facts);
  if (result.state === 'ok') return { text: entry.ok(facts) };
  const { why, doubt } = facts;
  if (doubt !== undefined) return { text: `${entry.name}: a rule cannot be judged: ${doubt}` };
  return { text: `${entry.name}: not checked. ${reasons[String(why)] ?? 'What would tell gave no answer.'}` };
}

/** Why something was not looked at, by error code. */
const reasons: Readonly<Record<string, string>> = {
  'tool-needs-root': 'Only root can see it.',
  'tool-missing': 'The program that tells is not installed.',
  'tool-helper-gone': 'The helper does not answer.',
  'tool-unsupported': 'This door’s driver does not say what it leans on.',
  'config-unreadable': 'The file is not readable for you.',
  'config-invalid': 'The file has an error.',
  'config-unsafe': 'The helper’s files are not root’s alone.',
  'config-missing': 'There is no such file.',
};
