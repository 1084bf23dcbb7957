import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { localCertificate, subjectsOf, type Certificate } from '../../server/relay/tls.ts';

let made: Promise<Certificate> | undefined;

/** One local authority for all relays of a test file: making RSA keys is slow. */
export function certificateForTests(): Promise<Certificate> {
  made ??= localCertificate(mkdtempSync(path.join(tmpdir(), 'latchkey-relay-')), subjectsOf('testhost'));
  return made;
}
