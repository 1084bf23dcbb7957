import { Client, type ClientOptions } from '../../../lib/client/client.ts';
import type { HomeRecord } from '../../../lib/client/home-record.ts';
import { keysFrom, newSecretKeys, type ClientKeys } from '../../../lib/client/keys.ts';
import { toBase64 } from '../../../lib/protocol/bytes.ts';
import { HandClock } from './clock.ts';
import { MemoryHome } from './home.ts';
import { MemoryRelay, random } from './relay.ts';

export const relayAddress = 'https://relay.example';

export interface World {
  readonly clock: HandClock;
  readonly home: MemoryHome;
  readonly relay: MemoryRelay;
  readonly keys: ClientKeys;
  readonly record: HomeRecord;
  client(changes?: Partial<ClientOptions>): Client;
}

/** A home, a relay and one paired device. */
export function world(relays: readonly string[] = [relayAddress]): World {
  const clock = new HandClock();
  const home = new MemoryHome();
  const relay = new MemoryRelay(home);
  home.observerKey = relay.observerKey;
  home.observers = [{ key: toBase64(relay.observerKey), url: '', family: 'any', nonce: '' }];
  const keys = keysFrom(newSecretKeys(random));
  const device = home.know(keys.publicKey, keys.admissionKey);
  const record: HomeRecord = {
    version: 1,
    name: 'attic',
    home: toBase64(home.keys.publicKey),
    mailbox: toBase64(home.mailbox),
    relays: [...relays],
    ownRelay: true,
    device: device.id,
    deviceName: device.name,
    publicKey: toBase64(keys.publicKey),
    admissionKey: toBase64(keys.admissionKey),
  };
  const client = (changes: Partial<ClientOptions> = {}): Client =>
    new Client({ record, keys, dial: relay.dial, observe: relay.observe, random, clock, ...changes });
  return { clock, home, relay, keys, record, client };
}
