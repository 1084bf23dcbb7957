import ipaddr from 'ipaddr.js';
import { isCanonical } from '../../lib/address.ts';
import { networkOf, parseNetwork } from '../../lib/network.ts';

/** hosts.deny as libwrap reads it (hosts_access(5), hosts_access.c), for clients that are addresses or networks. */

export interface DenyEntry {
  /** A canonical address or network. */
  readonly value: string;
  /** As DenyHosts noted it above the line. */
  readonly since?: number;
  /** The line has no other client and is one line: it can be taken out without a word of anybody else's. */
  readonly alone: boolean;
  /** Where the line, with DenyHosts' note, begins and ends in the text. */
  readonly from: number;
  readonly to: number;
}

const note = /^# DenyHosts: (.{24}) \| (.*)$/;

/** Every client that is an address or a network, in order. `text`: one character a byte. Never throws. */
export function readDeny(text: string): DenyEntry[] {
  const entries: DenyEntry[] = [];
  let noted:
    { readonly about: string; readonly since: number | undefined; readonly from: number } | undefined;
  for (const { line, from, to, joined } of lines(text)) {
    const above = noted;
    noted = undefined;
    if (line.startsWith('#')) {
      const [, date = '', about = ''] = note.exec(line) ?? [];
      if (about !== '' && !joined) noted = { about, since: localTime(date), from };
      continue;
    }
    const clients = clientsOf(line);
    // Whom such a line turns away is not told by its words one by one; no tool writes it.
    if (clients.includes('EXCEPT')) continue;
    for (const client of clients) {
      const value = valueOf(client);
      if (value === undefined) continue;
      const own = above?.about.trim() === line.trim() ? above : undefined;
      entries.push({
        value,
        ...(own?.since === undefined ? {} : { since: own.since }),
        alone: clients.length === 1 && !joined,
        from: own?.from ?? from,
        to,
      });
    }
  }
  return entries;
}

/** The text without these entries' lines, and those lines. */
export function without(
  text: string,
  entries: readonly DenyEntry[],
): { readonly text: string; readonly taken: string } {
  let rest = '';
  let taken = '';
  let at = 0;
  for (const { from, to } of entries) {
    rest += text.slice(at, from);
    taken += text.slice(from, to);
    at = to;
  }
  return { text: rest + text.slice(at), taken: taken === '' || taken.endsWith('\n') ? taken : `${taken}\n` };
}

/** Lines as libwrap puts them together: a backslash before the newline joins the next, in comments too. */
function* lines(text: string): Generator<{ line: string; from: number; to: number; joined: boolean }> {
  let from = 0;
  let line = '';
  let joined = false;
  for (let at = 0; at < text.length;) {
    const end = text.indexOf('\n', at);
    const to = end === -1 ? text.length : end + 1;
    line += text.slice(at, end === -1 ? text.length : end);
    at = to;
    if (end !== -1 && line.endsWith('\\')) {
      line = line.slice(0, -1);
      joined = true;
      continue;
    }
    // What has no newline at its end is not read at all ("missing newline or line too long").
    if (end !== -1) yield { line, from, to, joined };
    from = to;
    line = '';
    joined = false;
  }
}

/** The second field's words. Fields are parted by colons outside of brackets. */
function clientsOf(line: string): string[] {
  const found = /^[^:[\]]+:((?:\[[^\]]*\]|[^:[\]])*)(?::|$)/.exec(line);
  return (found?.[1] ?? '').split(/[ ,\t\r]+/).filter(Boolean);
}

/** What libwrap would compare addresses with; undefined for names, wildcards and whatever it would never match. */
function valueOf(client: string): string | undefined {
  const six = /^\[([0-9a-fA-F:.]+)\](?:\/(\d{1,3}))?$|^\[([0-9a-fA-F:.]+)\/(\d{1,3})\]$/.exec(client);
  if (six !== null) return canonical(six[1] ?? six[3] ?? '', six[2] ?? six[4]);
  const prefix = /^(\d{1,3}\.){1,3}$/.test(client) ? client.split('.').filter(Boolean) : undefined;
  if (prefix !== undefined) {
    const zeros = [...prefix, ...Array<string>(4 - prefix.length).fill('0')].join('.');
    return canonical(zeros, String(prefix.length * 8));
  }
  const four = /^(\d{1,3}(?:\.\d{1,3}){3})(?:\/(\d{1,2}|\d{1,3}(?:\.\d{1,3}){3}))?$/.exec(client);
  return four === null ? undefined : canonical(four[1]!, four[2]);
}

function canonical(base: string, length: string | undefined): string | undefined {
  if (length === undefined && isCanonical(base) !== undefined) return base;
  if (!ipaddr.isValid(base)) return undefined;
  const parsed = ipaddr.parse(base);
  const address = parsed instanceof ipaddr.IPv6 ? parsed.toRFC5952String() : parsed.toString();
  const family = isCanonical(address);
  // 010.1.1.1 is another address to some than to others.
  if (family === undefined || (family === 4 && address !== base)) return undefined;
  if (length === undefined) return address;
  const bits = length.includes('.') ? maskBits(length) : Number(length);
  if (bits === undefined || bits > (family === 4 ? 32 : 128)) return undefined;
  if (bits === (family === 4 ? 32 : 128)) return address;
  const network = `${address}/${bits}`;
  // libwrap compares (client AND mask) with the base: with host bits in it nobody ever matches.
  return networkOf(address, bits) === network && parseNetwork(network) !== undefined ? network : undefined;
}

function maskBits(mask: string): number | undefined {
  if (!ipaddr.IPv4.isValidFourPartDecimal(mask)) return undefined;
  return ipaddr.IPv4.parse(mask).prefixLengthFromSubnetMask() ?? undefined;
}

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** Python's time.asctime: `Sun Nov 22 06:00:00 2026`, this machine's local time. */
function localTime(text: string): number | undefined {
  const found = /^[A-Z][a-z]{2} ([A-Z][a-z]{2}) ([ \d]\d) (\d\d):(\d\d):(\d\d) (\d{4})$/.exec(text);
  const month = months.indexOf(found?.[1] ?? '');
  if (found === null || month === -1) return undefined;
  const [day, hour, minute, second, year] = found.slice(2).map(Number) as [
    number,
    number,
    number,
    number,
    number,
  ];
  const at = new Date(year, month, day, hour, minute, second).getTime();
  return Number.isNaN(at) ? undefined : at;
}
