import { execFileSync, spawnSync } from 'node:child_process';
import { generateKeyPairSync, X509Certificate } from 'node:crypto';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import forge from 'node-forge';
import { beforeAll, describe, expect, test } from 'vitest';
import { issue } from '../../server/relay/authority.ts';
import { givenCertificate, localCertificate, subjectsOf, type Certificate } from '../../server/relay/tls.ts';
import { scratchFolder } from './scratch.ts';

const subjects = {
  names: ['localhost', 'box.local', 'box'],
  addresses: ['127.0.0.1', '::1', '192.168.1.5', '2001:db8::5'],
};

let folder: string;
let certificate: Certificate;

beforeAll(async () => {
  folder = scratchFolder();
  certificate = await localCertificate(folder, subjects);
});

function openssl(...args: string[]): { ok: boolean; said: string } {
  const result = spawnSync('openssl', args, { encoding: 'utf8' });
  return { ok: result.status === 0, said: result.stdout + result.stderr };
}

function verifies(...args: string[]): { ok: boolean; said: string } {
  const file = (name: string): string => path.join(folder, name);
  return openssl(
    'verify',
    '-x509_strict',
    '-purpose',
    'sslserver',
    '-CAfile',
    file('ca.crt'),
    ...args,
    file('relay.crt'),
  );
}

describe('the local authority', () => {
  test('openssl verifies the leaf for each of its names and addresses', () => {
    expect(verifies()).toEqual({ ok: true, said: expect.stringContaining('OK') });
    for (const name of subjects.names) expect(verifies('-verify_hostname', name).ok).toBe(true);
    for (const address of subjects.addresses) expect(verifies('-verify_ip', address).ok).toBe(true);
  });

  test('and for no other', () => {
    expect(verifies('-verify_hostname', 'example.com').ok).toBe(false);
    expect(verifies('-verify_ip', '192.168.1.6').ok).toBe(false);
    expect(verifies('-verify_ip', '2001:db8::6').ok).toBe(false);
  });

  test('a leaf for another name fails under its constraints, even signed by the same key', async () => {
    // The key is never written, so this test makes an authority of the same shape and keeps its key.
    const own = generateKeyPairSync('rsa', {
      modulusLength: 2048,
      publicKeyEncoding: { type: 'spki', format: 'pem' },
      privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    });
    const shape = forge.pki.certificateFromPem(readFileSync(path.join(folder, 'ca.crt'), 'utf8'));
    shape.publicKey = forge.pki.publicKeyFromPem(own.publicKey);
    const key = forge.pki.privateKeyFromPem(own.privateKey);
    // in place, so that the extensions stay byte for byte
    for (const extension of shape.extensions as { name?: string; value?: unknown }[])
      if (extension.name === 'subjectKeyIdentifier')
        extension.value = forge.asn1
          .toDer(
            forge.asn1.create(
              forge.asn1.Class.UNIVERSAL,
              forge.asn1.Type.OCTETSTRING,
              false,
              shape.generateSubjectKeyIdentifier().getBytes(),
            ),
          )
          .getBytes();
    shape.sign(key, forge.md.sha256.create());
    const sign = (altNames: object[]): string => {
      const leaf = forge.pki.createCertificate();
      leaf.publicKey = shape.publicKey;
      leaf.serialNumber = '02';
      leaf.validity = shape.validity;
      leaf.setSubject([{ name: 'commonName', value: 'Latchkey relay' }]);
      leaf.setIssuer(shape.subject.attributes);
      leaf.setExtensions([{ name: 'subjectAltName', altNames }]);
      leaf.sign(key, forge.md.sha256.create());
      return forge.pki.certificateToPem(leaf);
    };
    const trial = scratchFolder();
    const ca = path.join(trial, 'ca.pem');
    writeFileSync(ca, forge.pki.certificateToPem(shape));
    const result = (altNames: object[]): { ok: boolean; said: string } => {
      const file = path.join(trial, 'leaf.pem');
      writeFileSync(file, sign(altNames));
      return openssl('verify', '-CAfile', ca, file);
    };
    expect(result([{ type: 2, value: 'box.local' }])).toEqual({ ok: true, said: expect.anything() });
    expect(result([{ type: 7, ip: '192.168.1.5' }]).ok).toBe(true);
    for (const foreign of [
      { type: 2, value: 'example.com' },
      { type: 7, ip: '192.168.1.6' },
      { type: 7, ip: '2001:db8::6' },
    ])
      expect(result([foreign]).said).toContain('permitted subtree violation');
  });

  test('says critical constraints, no path, and 397 days', () => {
    const text = execFileSync('openssl', ['x509', '-noout', '-text', '-in', path.join(folder, 'ca.crt')], {
      encoding: 'utf8',
    });
    expect(text).toMatch(/Name Constraints: critical\s+Permitted:\s+DNS:localhost/);
    expect(text).toContain('IP:192.168.1.5/255.255.255.255');
    expect(text).toMatch(/Basic Constraints: critical\s+CA:TRUE, pathlen:0/);
    const leaf = new X509Certificate(certificate.certificate);
    const days = (Date.parse(leaf.validTo) - Date.parse(leaf.validFrom)) / 86400_000;
    expect(days).toBeLessThan(398);
    expect(days).toBeGreaterThanOrEqual(397);
    const shown = execFileSync('openssl', ['x509', '-noout', '-text'], {
      encoding: 'utf8',
      input: certificate.certificate,
    });
    const keyId = (about: string, heading: string): string =>
      new RegExp(`${heading}:\\s*\\n\\s*([0-9A-F:]+)`).exec(about)?.[1] ?? heading;
    expect(keyId(shown, 'Authority Key Identifier')).toBe(keyId(text, 'Subject Key Identifier'));
    expect(keyId(shown, 'Authority Key Identifier')).not.toBe(keyId(shown, 'Subject Key Identifier'));
  });

  test('leaves three private files and no key of its own', () => {
    expect(readdirSync(folder).sort()).toEqual(['ca.crt', 'relay.crt', 'relay.key']);
    for (const name of readdirSync(folder))
      expect(statSync(path.join(folder, name)).mode & 0o777).toBe(0o600);
    const authority = new X509Certificate(readFileSync(path.join(folder, 'ca.crt')));
    expect(authority.publicKey.equals(new X509Certificate(certificate.certificate).publicKey)).toBe(false);
  });

  test('gives the fingerprints and the pin as openssl computes them', () => {
    const said = execFileSync(
      'openssl',
      ['x509', '-noout', '-fingerprint', '-sha256', '-in', path.join(folder, 'relay.crt')],
      {
        encoding: 'utf8',
      },
    );
    expect(said.trim().split('=')[1]).toBe(certificate.fingerprint);
    const spki = execFileSync('sh', [
      '-c',
      `openssl x509 -noout -pubkey -in "$0" | openssl pkey -pubin -outform der | openssl dgst -sha256 -binary`,
      path.join(folder, 'relay.crt'),
    ]);
    expect(Buffer.from(certificate.spki)).toEqual(spki);
  });

  test('the Apple profile holds exactly the authority', () => {
    const profile = certificate.authority?.appleProfile ?? '';
    const data = /<data>([^<]+)<\/data>/.exec(profile)?.[1] ?? '';
    expect(new X509Certificate(Buffer.from(data, 'base64')).fingerprint256).toBe(
      certificate.authority?.fingerprint,
    );
    const ids = [...profile.matchAll(/PayloadUUID<\/key><string>([^<]+)</g)].map((match) => match[1]);
    expect(new Set(ids).size).toBe(2);
    for (const id of ids)
      expect(id).toMatch(/^[0-9A-F]{8}-[0-9A-F]{4}-8[0-9A-F]{3}-8[0-9A-F]{3}-[0-9A-F]{12}$/);
  });
});

describe('at a later start', () => {
  test('the same certificate is loaded, and a changed address is told, not mended', async () => {
    const changed = {
      names: [...subjects.names, 'box.lan'],
      addresses: [...subjects.addresses, '192.168.1.77'],
    };
    const again = await localCertificate(folder, changed);
    expect(again.fingerprint).toBe(certificate.fingerprint);
    expect(again.uncovered).toEqual(['box.lan', '192.168.1.77']);
    expect(certificate.uncovered).toEqual([]);
  });

  test('--new-certificate replaces authority and leaf', async () => {
    const own = scratchFolder();
    const first = await localCertificate(own, subjects);
    const second = await localCertificate(own, subjects, { renew: true });
    expect(second.fingerprint).not.toBe(first.fingerprint);
    expect(second.authority?.fingerprint).not.toBe(first.authority?.fingerprint);
    expect((await localCertificate(own, subjects)).fingerprint).toBe(second.fingerprint);
  });

  test('an ended certificate and a mixed folder are refused, with the remedy', async () => {
    const later = new Date(Date.now() + 398 * 86400_000);
    await expect(localCertificate(folder, subjects, { now: later })).rejects.toThrow(/--new-certificate/);
    const mixed = scratchFolder();
    const other = await issue(subjects, new Date());
    await localCertificate(mixed, subjects);
    writeFileSync(path.join(mixed, 'ca.crt'), other.authority);
    await expect(localCertificate(mixed, subjects)).rejects.toThrow(/not signed by ca.crt/);
    writeFileSync(path.join(mixed, 'relay.key'), other.key);
    await expect(localCertificate(mixed, subjects)).rejects.toThrow(/another certificate/);
    writeFileSync(path.join(mixed, 'relay.key'), 'no key');
    await expect(localCertificate(mixed, subjects)).rejects.toMatchObject({ code: 'config-invalid' });
  });

  test('given files have no authority to hand out', () => {
    const given = givenCertificate(path.join(folder, 'relay.crt'), path.join(folder, 'relay.key'));
    expect(given.authority).toBeUndefined();
    expect(() => givenCertificate('/nonexistent', '/nonexistent')).toThrow(/config-unreadable/);
  });
});

test('the names of a machine: localhost, host, .local, and its addresses once each', () => {
  const named = subjectsOf('Box.example.org');
  expect(named.names).toEqual(['localhost', 'box.local', 'box.example.org']);
  expect(named.addresses.slice(0, 2)).toEqual(['127.0.0.1', '::1']);
  expect(subjectsOf('192.168.7.7')).toMatchObject({
    names: ['localhost'],
    addresses: expect.arrayContaining(['192.168.7.7']) as string[],
  });
  expect(subjectsOf('box.local').names).toEqual(['localhost', 'box.local']);
  expect(subjectsOf('bad_name!').names).toEqual(['localhost']);
});
