import { readFileSync } from 'node:fs';
import { startInspectingProxy } from './inspecting-proxy.ts';

/** The proxy as a process of a lab's gateway: PORT, files of its key, certificate, and whom it believes. */
const [port = '', key = '', cert = '', ca = ''] = process.argv.slice(2);
await startInspectingProxy({
  port: Number(port),
  tls: { key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8') },
  ca: readFileSync(ca, 'utf8'),
  target: (host) => new URL(`https://${host}`),
});
process.stdout.write('ready\n');
