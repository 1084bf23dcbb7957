import { open } from 'node:fs/promises';
import { ownAddresses } from '../own-addresses.ts';
import { run } from '../run.ts';
import { readSockets, type Bound, type BoundSocket } from './service.ts';

/** The kernel fills at most this at a time. */
const piece = 64 * 1024;
/** A machine with more sockets than fit in here has those that listen among the first. */
const mostBytes = 1024 * 1024;

/** inode → whether a `::` socket refuses IPv4, asked of `ss` once for each: it is settled before it listens. */
const told = new Map<string, boolean | undefined>();
const mostTold = 256;

/** Who waits at these ports of this machine; undefined where there is no /proc to read. */
export async function boundAt(
  protocol: 'tcp' | 'udp',
  ports: ReadonlySet<number>,
): Promise<Bound | undefined> {
  try {
    const texts = await Promise.all([table(protocol), table(`${protocol}6`)]);
    const sockets = texts.flatMap(readSockets).filter(({ port }) => ports.has(port));
    const fours = new Set(sockets.filter(({ address }) => address === '0.0.0.0').map(({ port }) => port));
    if (told.size > mostTold) told.clear();
    for (const socket of sockets) {
      // Beside one for all of IPv4 it can only be IPv6's own, and a promise about UDP is none anyway.
      const plain = socket.address !== '::' || fours.has(socket.port) || protocol === 'udp';
      if (!plain && !told.has(socket.inode)) told.set(socket.inode, await refusesIpv4(socket));
    }
    return { sockets, onlyIpv6: (inode) => told.get(inode), own: ownAddresses() };
  } catch {
    return undefined;
  }
}

async function table(name: string): Promise<string> {
  const file = await open(`/proc/self/net/${name}`).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' && name.endsWith('6')) return undefined; // a kernel without IPv6
    throw error;
  });
  if (file === undefined) return '';
  try {
    let text = '';
    const buffer = Buffer.alloc(piece);
    while (text.length < mostBytes) {
      const { bytesRead } = await file.read(buffer, 0, piece, null);
      if (bytesRead === 0) break;
      const more = buffer.toString('latin1', 0, bytesRead);
      text += more;
      // TCP sockets that listen come before all others.
      if (name.startsWith('tcp') && /: [0-9A-F]+:[0-9A-F]{4} [0-9A-F]+:[0-9A-F]{4} (?!0A)/.test(more)) break;
    }
    return text;
  } finally {
    await file.close();
  }
}

/** `ss -e` prints what /proc does not. Without ss it stays unknown. */
async function refusesIpv4({ inode, port }: BoundSocket): Promise<boolean | undefined> {
  const args = ['-H', '-l', '-n', '-6', '-e', '-t', `sport = :${port}`];
  const said = await run('ss', args).catch(() => undefined);
  const line = said?.stdout.split('\n').find((each) => each.includes(` ino:${inode} `));
  const found = /\bv6only:([01])/.exec(line ?? '');
  return found === null ? undefined : found[1] === '1';
}
