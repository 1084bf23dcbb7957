import { generateKeyPair, randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import ipaddr from 'ipaddr.js';
import forge from 'node-forge';

/** What a certificate is good for. */
export interface Subjects {
  /** DNS names, lower case. */
  readonly names: readonly string[];
  /** Canonical addresses. */
  readonly addresses: readonly string[];
}

/** All PEM. */
export interface Issued {
  readonly authority: string;
  readonly certificate: string;
  readonly key: string;
}

// Days. Browsers stop at 398 for public authorities; the authority ends with its only leaf.
const life = 397;

/**
 * A local authority and its one leaf. The authority's key lives in this call's memory and is never written: nobody can
 * issue a second leaf, and the critical name constraints keep this one to its own names wherever it is trusted.
 * RSA because node-forge has no EC certificates; the keys are made on libuv's threads, not on the event loop.
 */
export async function issue(subjects: Subjects, now: Date): Promise<Issued> {
  const [authorityKeys, leafKeys] = await Promise.all([rsaPair(), rsaPair()]);
  const notBefore = new Date(now.getTime() - 3600_000); // a phone's clock may be a little behind
  const notAfter = new Date(now.getTime() + life * 86400_000);
  const name = [{ name: 'commonName', value: `Latchkey local authority, ${subjects.names.at(-1) ?? ''}` }];
  const signingKey = forge.pki.privateKeyFromPem(authorityKeys.privateKey);

  const authority = blank(authorityKeys.publicKey, notBefore, notAfter);
  authority.setSubject(name);
  authority.setIssuer(name);
  authority.setExtensions([
    { name: 'basicConstraints', cA: true, pathLenConstraint: 0, critical: true },
    { name: 'keyUsage', keyCertSign: true, cRLSign: true, critical: true },
    { id: '2.5.29.30', critical: true, value: nameConstraints(subjects) },
    { name: 'subjectKeyIdentifier' },
  ]);
  authority.sign(signingKey, forge.md.sha256.create());

  const leaf = blank(leafKeys.publicKey, notBefore, notAfter);
  leaf.setSubject([{ name: 'commonName', value: 'Latchkey relay' }]);
  leaf.setIssuer(name);
  leaf.setExtensions([
    { name: 'basicConstraints', cA: false, critical: true },
    { name: 'keyUsage', digitalSignature: true, keyEncipherment: true, critical: true },
    { name: 'extKeyUsage', serverAuth: true },
    {
      name: 'subjectAltName',
      altNames: [
        ...subjects.names.map((value) => ({ type: 2, value })),
        ...subjects.addresses.map((ip) => ({ type: 7, ip })),
      ],
    },
    { name: 'subjectKeyIdentifier' },
    // `keyIdentifier: true` would write the leaf's own id, and openssl verify then finds no issuer
    { name: 'authorityKeyIdentifier', keyIdentifier: authority.generateSubjectKeyIdentifier().getBytes() },
  ]);
  leaf.sign(signingKey, forge.md.sha256.create());
  return {
    authority: forge.pki.certificateToPem(authority).replaceAll('\r', ''),
    certificate: forge.pki.certificateToPem(leaf).replaceAll('\r', ''),
    key: leafKeys.privateKey,
  };
}

function rsaPair(): Promise<{ publicKey: string; privateKey: string }> {
  return promisify(generateKeyPair)('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
}

function blank(publicKey: string, notBefore: Date, notAfter: Date): forge.pki.Certificate {
  const certificate = forge.pki.createCertificate();
  certificate.publicKey = forge.pki.publicKeyFromPem(publicKey);
  // positive and random (RFC 5280 section 4.1.2.2)
  certificate.serialNumber = `01${randomBytes(15).toString('hex')}`;
  certificate.validity.notBefore = notBefore;
  certificate.validity.notAfter = notAfter;
  return certificate;
}

const { asn1 } = forge;

/** NameConstraints (RFC 5280 section 4.2.1.10): only these names and single addresses; forge knows no such extension. */
function nameConstraints(subjects: Subjects): string {
  const tagged = (tag: number, bytes: string): forge.asn1.Asn1 =>
    asn1.create(asn1.Class.CONTEXT_SPECIFIC, tag, false, bytes);
  const trees = [
    ...subjects.names.map((name) => tagged(2, name)),
    ...subjects.addresses.map((address) => tagged(7, addressAndMask(address))),
  ].map((base) => asn1.create(asn1.Class.UNIVERSAL, asn1.Type.SEQUENCE, true, [base]));
  const permitted = asn1.create(asn1.Class.CONTEXT_SPECIFIC, 0, true, trees);
  return asn1.toDer(asn1.create(asn1.Class.UNIVERSAL, asn1.Type.SEQUENCE, true, [permitted])).getBytes();
}

function addressAndMask(address: string): string {
  const bytes = ipaddr.parse(address).toByteArray();
  return String.fromCharCode(...bytes, ...bytes.map(() => 255));
}
