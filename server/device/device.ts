import { Client } from '../../lib/client/client.ts';
import { keysFrom, newSecretKeys } from '../../lib/client/keys.ts';
import { checkLink, pair, type PairingWait } from '../../lib/client/pair.ts';
import type { HomeRecord } from '../../lib/client/home-record.ts';
import { fromBase64 } from '../../lib/protocol/bytes.ts';
import { clock, random } from './clock.ts';
import { dialWith } from './dial.ts';
import { readHome, storeHome, type PairedHome } from './folder.ts';
import { observeWith } from './observe.ts';
import { checkAddress } from './tls.ts';

/** Runs with a client of the stored home; its socket is closed when `act` ends. Throws what `act` throws, and `config-*`. */
export async function withHome<Value>(
  folder: string,
  name: string | undefined,
  act: (client: Client, home: PairedHome) => Promise<Value>,
): Promise<Value> {
  const home = await readHome(folder, name);
  const { record, secrets } = home;
  const spki = record.spki === undefined ? undefined : fromBase64(record.spki);
  const client = new Client({
    record,
    keys: keysFrom(secrets),
    dial: dialWith(spki),
    observe: observeWith(spki, record.relays),
    random,
    clock,
  });
  try {
    return await act(client, home);
  } finally {
    client.disconnect();
  }
}

/**
 * Pairs and stores. `waiting` is called once with the code to compare, where the home asks somebody; what it
 * returns ends the pairing when it rejects. Throws `pairing-*`, `relay-*`, `config-*`; then nothing is stored.
 */
export async function pairDevice(
  folder: string,
  link: string,
  name: string,
  waiting: (wait: PairingWait) => Promise<void>,
): Promise<HomeRecord> {
  const checked = checkLink(link);
  checked.relays.forEach(checkAddress);
  const secrets = newSecretKeys(random);
  let stopped: (error: unknown) => void = () => undefined;
  const refused = new Promise<never>((_resolve, reject) => {
    stopped = reject;
  });
  const pairing = pair({
    link: checked,
    name,
    keys: keysFrom(secrets),
    dial: dialWith(checked.offer.spki),
    random,
    clock,
    waiting: (wait) => void waiting(wait).catch(stopped),
  });
  try {
    const record = await Promise.race([pairing.done, refused]);
    await storeHome(folder, { record, secrets });
    return record;
  } finally {
    pairing.cancel();
  }
}
