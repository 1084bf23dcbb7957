import { sendKnocks } from '../../server/doors/raw-knock.ts';

/** Knocks while the garbage is collected at the worst moment; started with --expose-gc. */
const { gc } = globalThis as unknown as { gc: () => void };
for (let i = 0; i < 100; i += 1) {
  const sent = sendKnocks('203.0.113.7', [{ port: 7324, protocol: 'udp' }], new Map());
  gc();
  await sent;
}
process.stdout.write('sent\n');
