import { createHash } from 'node:crypto';

/**
 * A configuration profile for Apple devices that holds one root certificate. Unsigned: iOS says so, and the person
 * compares the fingerprint. Identifiers come from the certificate, so that the same one replaces itself.
 */
export function appleProfile(der: Buffer): string {
  const hash = createHash('sha256').update(der).digest('hex');
  const id = hash.slice(0, 16);
  return `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0">
<dict>
  <key>PayloadContent</key>
  <array>
    <dict>
      <key>PayloadCertificateFileName</key><string>latchkey.crt</string>
      <key>PayloadContent</key><data>${der.toString('base64')}</data>
      <key>PayloadDescription</key><string>Lets this device trust one home's Latchkey, and nothing else.</string>
      <key>PayloadDisplayName</key><string>Latchkey local authority</string>
      <key>PayloadIdentifier</key><string>latchkey.${id}.authority</string>
      <key>PayloadType</key><string>com.apple.security.root</string>
      <key>PayloadUUID</key><string>${uuid(hash.slice(0, 32))}</string>
      <key>PayloadVersion</key><integer>1</integer>
    </dict>
  </array>
  <key>PayloadDescription</key><string>SHA-256 ${hash}</string>
  <key>PayloadDisplayName</key><string>Latchkey</string>
  <key>PayloadIdentifier</key><string>latchkey.${id}</string>
  <key>PayloadRemovalDisallowed</key><false/>
  <key>PayloadType</key><string>Configuration</string>
  <key>PayloadUUID</key><string>${uuid(hash.slice(32))}</string>
  <key>PayloadVersion</key><integer>1</integer>
</dict>
</plist>
`;
}

/** Version 8 of RFC 9562: bits of our own choosing. */
function uuid(hex: string): string {
  const text = `${hex.slice(0, 12)}8${hex.slice(13, 16)}8${hex.slice(17)}`;
  return text.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5').toUpperCase();
}
