import { localCertificate, subjectsOf, type Certificate } from '../../server/relay/tls.ts';
import { scratchFolder } from './scratch.ts';

let made: Promise<Certificate> | undefined;

/** One local authority for all relays of a test file: making RSA keys is slow. */
export function certificateForTests(): Promise<Certificate> {
  made ??= localCertificate(scratchFolder(), subjectsOf('testhost'));
  return made;
}
