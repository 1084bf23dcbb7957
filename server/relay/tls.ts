import { createHash, createPrivateKey, X509Certificate } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, networkInterfaces } from 'node:os';
import path from 'node:path';
import { isCanonical, kindOf, ofSocket } from '../../lib/address.ts';
import { LatchkeyError } from '../../lib/errors.ts';
import { appleProfile } from './apple-profile.ts';
import { issue, type Subjects } from './authority.ts';
import { splitHost } from './names.ts';

/** What the relay serves with. PEM. */
export interface Certificate {
  readonly key: string;
  /** The leaf, and with given files its chain. */
  readonly certificate: string;
  /** SHA-256 of the leaf's SubjectPublicKeyInfo: what terminal devices pin. */
  readonly spki: Uint8Array;
  /** SHA-256 of the leaf, as `AB:CD:…`. */
  readonly fingerprint: string;
  readonly expires: Date;
  /** Where a local authority issued it. */
  readonly authority?: {
    readonly certificate: string;
    readonly fingerprint: string;
    readonly appleProfile: string;
  };
  /** Names and addresses of this machine that it does not cover. Never mended silently: devices trust this one. */
  readonly uncovered: readonly string[];
}

/**
 * localhost, the host and its .local name, its loopback and outer addresses, and further names. `host` and those: name
 * or address, `:port` or none.
 */
export function subjectsOf(host: string, further: readonly string[] = []): Subjects {
  const name = bare(host);
  const others = further.map(bare);
  const short = name.split('.')[0] ?? name;
  const isAddress = isCanonical(name) !== undefined;
  const names = ['localhost', ...(isAddress ? [] : [`${short}.local`, name]), ...others].filter(isDnsName);
  const addresses = ['127.0.0.1', '::1', ...ownAddresses(), name, ...others];
  const canonical = addresses.filter((address) => isCanonical(address) !== undefined);
  return {
    names: [...new Set(names.filter((each) => isCanonical(each) === undefined))],
    addresses: [...new Set(canonical)],
  };
}

function bare(host: string): string {
  return splitHost(host.toLowerCase()).host.replace(/^\[(.*)\]$/, '$1');
}

export function ownHost(): string {
  return hostname().toLowerCase();
}

/** This machine's canonical addresses that another machine could dial. */
export function ownAddresses(): string[] {
  return Object.values(networkInterfaces())
    .flatMap((list) => list ?? [])
    .map((entry) => ofSocket(entry.address))
    .filter((address) => address !== undefined)
    .filter((address) => ['ordinary', 'private'].includes(kindOf(address)));
}

function isDnsName(name: string): boolean {
  return (
    name.length <= 253 && name.split('.').every((label) => /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(label))
  );
}

/**
 * The local authority's certificate in the folder, issued at the first start. `renew` replaces authority and leaf
 * both, so that every device has to trust the new one. Throws `config-unreadable` or `config-invalid`.
 */
export async function localCertificate(
  folder: string,
  subjects: Subjects,
  options: { readonly renew?: boolean; readonly now?: Date } = {},
): Promise<Certificate> {
  const now = options.now ?? new Date();
  const file = (name: string): string => path.join(folder, name);
  // ca.crt is written last and removed first: where it is, all three are.
  if (options.renew === true || !existsSync(file('ca.crt'))) {
    const issued = await issue(subjects, now);
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    rmSync(file('ca.crt'), { force: true });
    write(file('relay.key'), issued.key);
    write(file('relay.crt'), issued.certificate);
    write(file('ca.crt'), issued.authority);
  }
  const authority = read(file('ca.crt'));
  const certificate = certificateOf(read(file('relay.crt')), read(file('relay.key')), folder, now);
  const root = new X509Certificate(authority);
  const leaf = new X509Certificate(certificate.certificate);
  if (!leaf.verify(root.publicKey))
    throw new LatchkeyError(
      'config-invalid',
      `${folder}: relay.crt is not signed by ca.crt; use --new-certificate`,
    );
  const all = [...subjects.names, ...subjects.addresses];
  return {
    ...certificate,
    authority: {
      certificate: authority,
      fingerprint: root.fingerprint256,
      appleProfile: appleProfile(root.raw),
    },
    uncovered: all.filter(
      (name) => (isCanonical(name) === undefined ? leaf.checkHost(name) : leaf.checkIP(name)) === undefined,
    ),
  };
}

/** Given files: browsers trust them by themselves. The leaf comes first. Throws `config-unreadable`, `config-invalid`. */
export function givenCertificate(certificateFile: string, keyFile: string, now = new Date()): Certificate {
  return certificateOf(read(certificateFile), read(keyFile), certificateFile, now);
}

function certificateOf(certificate: string, key: string, where: string, now: Date): Certificate {
  let leaf: X509Certificate;
  let fits: boolean;
  try {
    leaf = new X509Certificate(certificate);
    fits = leaf.checkPrivateKey(createPrivateKey(key));
  } catch (cause) {
    throw new LatchkeyError('config-invalid', `${where}: not a certificate and its key`, { cause });
  }
  if (!fits) throw new LatchkeyError('config-invalid', `${where}: the key is another certificate's`);
  const expires = new Date(leaf.validTo);
  if (expires <= now)
    throw new LatchkeyError(
      'config-invalid',
      `${where}: ended on ${leaf.validTo}; a local one: --new-certificate`,
    );
  const spki = createHash('sha256')
    .update(leaf.publicKey.export({ type: 'spki', format: 'der' }))
    .digest();
  return {
    key,
    certificate,
    spki: new Uint8Array(spki),
    fingerprint: leaf.fingerprint256,
    expires,
    uncovered: [],
  };
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw new LatchkeyError('config-unreadable', file, { cause });
  }
}

/** Whole or not at all. */
function write(file: string, text: string): void {
  const part = `${file}.part`;
  try {
    rmSync(part, { force: true });
    writeFileSync(part, text, { mode: 0o600, flag: 'wx' });
    renameSync(part, file);
  } catch (cause) {
    throw new LatchkeyError('config-unreadable', file, { cause });
  }
}
