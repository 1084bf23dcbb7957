// A device with the app open, in the phone's namespace: `go` on stdin is one opening, timed from the end of the hold.
import { connect } from 'node:net';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from '../../lib/client/client.ts';
import { keysFrom, newSecretKeys } from '../../lib/client/keys.ts';
import { checkLink, pair } from '../../lib/client/pair.ts';
import { clock, random } from '../../server/device/clock.ts';
import { dialWith } from '../../server/device/dial.ts';
import { observeWith } from '../../server/device/observe.ts';

const [linkText = '', door = '', host = '', port = ''] = process.argv.slice(2);
const link = checkLink(linkText);
const keys = keysFrom(newSecretKeys(random));
const dial = dialWith(link.offer.spki);
const record = await pair({ link, name: 'bench', keys, dial, random, clock, waiting: () => undefined }).done;
const observe = observeWith(link.offer.spki, record.relays);
const client = new Client({ record, keys, dial, observe, random, clock });
await client.connect();

function connected(): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port: Number(port) });
    socket.once('connect', () => {
      socket.destroy();
      resolve();
    });
    socket.once('error', reject);
  });
}

async function once(): Promise<object> {
  const armed = await client.arm(door);
  // The rest of the hold: evidence came during it, and its TLS connections are gone when the thumb goes up.
  await sleep(300);
  const began = performance.now();
  const opened = await client.release(armed, { seconds: 300 });
  const answered = performance.now();
  await connected();
  const took = performance.now() - began;
  if (opened.value.door.state !== 'open') throw new Error(`it says ${opened.value.door.state}`);
  await client.close(door);
  // A transaction that deletes leaves work behind (an RCU grace period): nobody is measured in another's wake.
  await sleep(60);
  return { took, answered: answered - began };
}

createInterface({ input: process.stdin }).on('line', () => {
  once().then(
    (answer) => process.stdout.write(`${JSON.stringify(answer)}\n`),
    (error: unknown) => process.stdout.write(`${JSON.stringify({ error: String(error) })}\n`),
  );
});
process.stdout.write('ready\n');
