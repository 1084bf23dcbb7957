import type { Space } from './space.ts';

const server = `
const [port] = process.argv.slice(1);
for (const type of ['udp4', 'udp6']) {
  const socket = require('node:dgram').createSocket({ type, ipv6Only: type === 'udp6' });
  socket.on('message', (bytes, from) => socket.send(bytes, from.port, from.address));
  socket.bind(Number(port), () => console.log(type));
}`;
const client = `
const [host, port, wait] = process.argv.slice(1);
const socket = require('node:dgram').createSocket(host.includes(':') ? 'udp6' : 'udp4');
const end = (answered) => { console.log(answered); process.exit(); };
socket.on('message', () => end('answered'));
socket.on('error', () => end('refused'));
socket.send('x', Number(port), host);
setTimeout(() => end('nothing'), Number(wait));`;

/** A UDP echo on both families at a host of the lab, until the lab ends. */
export async function echoDatagrams(at: Space, port: number): Promise<void> {
  const { stdout } = at.spawn(process.execPath, ['-e', server, String(port)]);
  await new Promise<void>((resolve) => {
    let said = '';
    stdout.on('data', (bytes: Buffer) => {
      said += bytes.toString();
      if (said.split('\n').length > 2) resolve();
    });
  });
}

/** One datagram from a port of its own: was it answered within `waitMs`? */
export async function isAnswered(from: Space, host: string, port: number, waitMs = 300): Promise<boolean> {
  const ran = await from.run(process.execPath, ['-e', client, host, String(port), String(waitMs)]);
  return ran.stdout.trim() === 'answered';
}
