import { createInterface } from 'node:readline';
import { Client } from '../../lib/client/client.ts';
import { keysFrom, newSecretKeys } from '../../lib/client/keys.ts';
import { checkLink, pair } from '../../lib/client/pair.ts';
import { codeOf } from '../../lib/errors.ts';
import { clock, random } from '../../server/device/clock.ts';
import { dialWith } from '../../server/device/dial.ts';
import { observeWith } from '../../server/device/observe.ts';

/** In a namespace: a paired device whose app is open and follows, asked by lines of JSON. Started by open-page.ts. */

const [linkText = '', name = ''] = process.argv.slice(2);
const link = checkLink(linkText);
const keys = keysFrom(newSecretKeys(random));
const dial = dialWith(link.offer.spki);
const record = await pair({ link, name, keys, dial, random, clock, waiting: () => undefined }).done;
const observe = observeWith(link.offer.spki, record.relays);
const client = new Client({ record, keys, dial, observe, random, clock });
const print = (value: unknown) => process.stdout.write(`${JSON.stringify(value)}\n`);

client.subscribe((event) => {
  if (event.type === 'doors') print({ doors: event.seen.value, at: Date.now() });
  if (event.type === 'event') print({ event: event.event, at: Date.now() });
  if (event.type === 'door') print({ doors: [event.seen.value], at: Date.now() });
});
await client.connect();
await client.follow(true);

interface Request {
  readonly id: number;
  readonly verb: 'open' | 'close' | 'doors';
  readonly door: string;
  readonly seconds?: number;
}

let thumb: Promise<unknown> = Promise.resolve();

async function answer({ verb, door, seconds }: Request): Promise<unknown> {
  if (verb === 'close') return (await client.close(door)).value;
  if (verb === 'doors') return (await client.doors()).value;
  // One thumb: a challenge is good for the hold that asked for it.
  const opened = thumb.then(async () => {
    const armed = await client.arm(door);
    return (await client.release(armed, seconds === undefined ? {} : { seconds })).value;
  });
  thumb = opened.catch(() => undefined);
  return opened;
}

createInterface({ input: process.stdin }).on('line', (line) => {
  const request = JSON.parse(line) as Request;
  answer(request).then(
    (result) => print({ id: request.id, result }),
    (error: unknown) => print({ id: request.id, code: codeOf(error, 'tool-failed') }),
  );
});
print({ ready: true });
