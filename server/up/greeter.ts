import { createServer } from 'node:net';

/**
 * What the first door leads to on a machine without sshd: one line, then the end. Loopback only, so that the
 * door is the one way to it.
 */
export function startGreeter(port: number, log: (line: string) => void): () => void {
  const server = createServer((socket) => {
    socket.on('error', () => socket.destroy());
    socket.end(
      'Latchkey: this door is open for you. Point it at a real service: latchkey door add proxy --help\r\n',
    );
  });
  server.on('error', (error) => log(`greeter: ${error.message}`));
  server.listen(port, '127.0.0.1');
  return () => server.close();
}
