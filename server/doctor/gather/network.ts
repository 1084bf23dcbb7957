import { readFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { isCanonical, kindOf, ofSocket, type Family } from '../../../lib/address.ts';
import { codeOf } from '../../../lib/errors.ts';
import { run } from '../../run.ts';
import { known, unknown, type Fact, type Listener, type Network } from '../facts.ts';

export function gatherNetwork(): Network {
  const all = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  const addresses = all
    .flatMap(({ address }) => ofSocket(address) ?? [])
    .filter((address) => kindOf(address) === 'ordinary' || kindOf(address) === 'private');
  const four = defaultRoute4(textOf('/proc/net/route'));
  const six = defaultRoute6(textOf('/proc/net/ipv6_route'));
  return {
    addresses,
    outside: { ...(four === undefined ? {} : { 4: four }), ...(six === undefined ? {} : { 6: six }) },
  };
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}

/** proc(5): interface, destination, gateway, flags, …, mask as the eighth; the first of the least metric. */
export function defaultRoute4(text: string): string | undefined {
  const rows = text.split('\n').map((line) => line.trim().split(/\s+/));
  const found = rows.filter((row) => row[1] === '00000000' && row[7] === '00000000');
  return found.sort((a, b) => Number(a[6]) - Number(b[6]))[0]?.[0];
}

/** Destination and its length first, flags ninth, interface last. Routes that refuse (RTF_REJECT) are on lo. */
export function defaultRoute6(text: string): string | undefined {
  const rows = text.split('\n').map((line) => line.trim().split(/\s+/));
  const found = rows.filter((row) => /^0{32}$/.test(row[0] ?? '') && row[1] === '00' && row[9] !== 'lo');
  return found.sort((a, b) => parseInt(a[5] ?? '', 16) - parseInt(b[5] ?? '', 16))[0]?.[9];
}

/** Who listens on TCP and UDP. Programs' names only as root. */
export async function gatherListeners(): Promise<Fact<readonly Listener[]>> {
  try {
    const { stdout } = await run('ss', ['-H', '-l', '-t', '-u', '-n', '-p']);
    return known(readListeners(stdout));
  } catch (error) {
    return unknown(codeOf(error, 'tool-failed'));
  }
}

/** Lines of `ss -Hltunp` (ss(8)); `*:7443` answers both families, `[::]:22` IPv6 alone. */
export function readListeners(
  text: string,
  commandOf: (pid: string) => string = (pid) => textOf(`/proc/${pid}/cmdline`),
): Listener[] {
  return text.split('\n').flatMap((line) => {
    const [protocol, state, , , local = '', , users = ''] = line.trim().split(/\s+/);
    if (protocol !== 'tcp' && protocol !== 'udp') return [];
    if (state !== 'LISTEN' && state !== 'UNCONN') return [];
    const [, host = '', port] = /^(.*):(\d+)$/.exec(local) ?? [];
    if (port === undefined) return [];
    const bare = host.replace(/%.*$/, '').replace(/^\[|\]$/g, '');
    const everywhere = bare === '*' || bare === '0.0.0.0' || bare === '::';
    const address = everywhere ? '*' : ofSocket(bare);
    if (address === undefined) return [];
    const family = isCanonical(bare === '0.0.0.0' || bare === '::' ? bare : address);
    const families: Family[] = bare === '*' ? [4, 6] : family === undefined ? [] : [family];
    const [, program, pid] = /^users:\(\("([^"]{1,32})",pid=(\d+)/.exec(users) ?? [];
    return [
      {
        protocol,
        families,
        address,
        port: Number(port),
        ...(program === undefined ? {} : { program }),
        isRelay: pid !== undefined && isRelay(commandOf(pid)),
      },
    ];
  });
}

/** `node …/cli.js relay …`: as the unit and `latchkey up` start it. */
function isRelay(command: string): boolean {
  return /(?:^|\/)cli\.(?:js|ts)\0relay(?:\0|$)/.test(command);
}
