import { concat, uint, utf8 } from './bytes.ts';
import { protocolVersion } from './version.ts';

/**
 * What an admission key (device, offer) or a home's key signs to be let in by a relay; it signs nothing else.
 * The host keeps a relay from passing another relay's challenge on; the role keeps a home's proof from
 * admitting a device.
 */
export interface Admission {
  readonly role: 'device' | 'home';
  /** Host and port as dialled, lower case, as in the Host header (RFC 9110 section 7.2). */
  readonly host: string;
  readonly mailbox: Uint8Array;
  readonly relayNonce: Uint8Array;
  readonly ownNonce: Uint8Array;
}

export function admissionBytes(admission: Admission): Uint8Array {
  const host = utf8(admission.host.toLowerCase());
  return concat(
    utf8('latchkey 1 admission'),
    uint(protocolVersion, 1),
    uint(admission.role === 'device' ? 1 : 2, 1),
    uint(host.length, 2),
    host,
    admission.mailbox,
    admission.relayNonce,
    admission.ownNonce,
  );
}
