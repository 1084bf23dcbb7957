import nacl from 'tweetnacl';
import {
  hello,
  initiate,
  readInitiate,
  readWelcome,
  welcome,
  type DeviceKeys,
  type HalfOpen,
  type Hello,
  type Initiated,
  type Welcomed,
} from '../../../lib/protocol/handshake.ts';
import { boxKeyPair, dhWith, type BoxKeyPair, type Random } from '../../../lib/protocol/keys.ts';
import { Session, type SessionKeys } from '../../../lib/protocol/session.ts';

export const random: Random = (length) => nacl.randomBytes(length);

export interface Handshake {
  readonly homeKeys: BoxKeyPair;
  readonly deviceSecret: Uint8Array;
  readonly device: DeviceKeys;
  readonly sent: Hello;
  readonly half: HalfOpen;
  readonly welcomed: Welcomed;
  readonly initiate: Uint8Array;
  readonly deviceKeys: SessionKeys;
  readonly initiated: Initiated;
}

export function deviceOf(secret: Uint8Array): DeviceKeys {
  return { publicKey: boxKeyPair(secret).publicKey, dh: dhWith(secret) };
}

/** A whole handshake between an honest device and an honest home. */
export async function handshake(claim = '', greeting = '{}'): Promise<Handshake> {
  const homeKeys = boxKeyPair(random(32));
  const deviceSecret = random(32);
  const device = deviceOf(deviceSecret);
  const sent = await hello(homeKeys.publicKey, random);
  const half = welcome(sent.bytes, homeKeys, greeting, random);
  const welcomed = readWelcome(half.bytes, sent);
  const answer = await initiate(sent, welcomed, device, claim, random);
  const initiated = readInitiate(answer.bytes, half, homeKeys);
  return {
    homeKeys,
    deviceSecret,
    device,
    sent,
    half,
    welcomed,
    initiate: answer.bytes,
    deviceKeys: answer.keys,
    initiated,
  };
}

export async function sessions(): Promise<{ device: Session; home: Session; keys: SessionKeys }> {
  const { deviceKeys, initiated } = await handshake();
  return {
    device: new Session(deviceKeys, 'device'),
    home: new Session(initiated.keys, 'home'),
    keys: deviceKeys,
  };
}
