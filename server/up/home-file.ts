import { connect, createServer } from 'node:net';
import { observersOf, type RelayFacts } from '../relay/main.ts';

/** The part of agent.toml that `latchkey up` keeps right: its own relay's address and observer change with PORT and HOST. */
const begin = '# --- written by `latchkey up` at every start; take these two lines away to keep your own ---';
const end = '# --- end ---';

/** Beside agent.toml: the relay's certificate and the authority that signed it. */
export const trustFile = 'relay.crt';

function relayBlock(relay: RelayFacts): string {
  const local = `http://localhost:${relay.plainPort}`;
  const dialled = `https://localhost:${relay.port}`;
  return [
    begin,
    '[[relay]]',
    `url = ${quote(relay.trust === undefined ? relay.url : dialled)}`,
    ...(relay.trust === undefined ? [] : [`ca = ${quote(trustFile)}`]),
    'own = true',
    `public = [${quote(relay.url)}, ${quote(local)}]`,
    ...observersOf(relay).flatMap(({ key, url, family }) => [
      '',
      '[[observer]]',
      `key = ${quote(key)}`,
      `url = ${quote(url)}`,
      `family = ${quote(family)}`,
    ]),
    end,
  ].join('\n');
}

function quote(text: string): string {
  return JSON.stringify(text);
}

export interface FirstDoor {
  /** TCP port that the proxy door listens on while it is open. */
  readonly listen: number;
  /** `127.0.0.1:22`, or where the greeter of the home agent's process listens. */
  readonly target: string;
  readonly isGreeter: boolean;
}

/** A first agent.toml. allow_private: the first try is on one's own Wi-Fi. */
export function newHomeFile(name: string, helperSocket: string, door: FirstDoor, relay: RelayFacts): string {
  return `# Latchkey's home agent. Restart it, or run \`latchkey door list\`, after changes.
name = ${quote(name.slice(0, 64))}
# May a door open for private addresses? Yes here, for a first try on your own Wi-Fi.
allow_private = true
# What newly paired devices may do beyond doors, looking, and lifting the ban on themselves (\`latchkey allow\`, \`deny\`).
allow = ["unban"]
helper = ${quote(helperSocket)}

[[door]]
name = ${quote(door.isGreeter ? 'hello' : 'ssh')}
driver = "proxy"
listen = ${door.listen}
target = ${quote(door.target)}${door.isGreeter ? ' # built-in\nserves = "other"' : ''}

${relayBlock(relay)}
`;
}

/** The file with its own part renewed; unchanged where somebody took the part over. */
export function renewHomeFile(text: string, relay: RelayFacts): string {
  const from = text.indexOf(begin);
  const to = text.indexOf(end, from);
  if (from < 0 || to < 0) return text;
  return text.slice(0, from) + relayBlock(relay) + text.slice(to + end.length);
}

/** The port of the greeter that a file's door leads to, if one does. */
export function greeterPort(text: string): number | undefined {
  const found = /^\s*target\s*=\s*"127\.0\.0\.1:(\d{1,5})"\s*# built-in\s*$/m.exec(text);
  return found === null ? undefined : Number(found[1]);
}

/** A door to this machine's sshd where one listens, else to a greeter, so that the first try needs nothing. */
export async function firstDoor(port: number): Promise<FirstDoor> {
  const listen = await freePort(2222);
  if (await isSshd(22)) return { listen, target: '127.0.0.1:22', isGreeter: false };
  return { listen, target: `127.0.0.1:${await freePort(port + 2)}`, isGreeter: true };
}

function isSshd(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port });
    const answer = (is: boolean): void => {
      socket.destroy();
      resolve(is);
    };
    // on loopback it answers at once or not at all
    socket.setTimeout(500, () => answer(false));
    socket.on('error', () => answer(false));
    socket.once('data', (data: Buffer) => answer(data.toString('latin1').startsWith('SSH-')));
  });
}

/** The first port from `from` on that nothing listens on. */
async function freePort(from: number): Promise<number> {
  for (let port = from; port < from + 100 && port < 65536; port++) if (await isFree(port)) return port;
  return from;
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, () => server.close(() => resolve(true)));
  });
}
