import { LatchkeyError } from '../../lib/errors.ts';
import { toBase64 } from '../../lib/protocol/bytes.ts';
import { readRelayFile, type RelayFile } from './config.ts';
import { splitHost } from './names.ts';
import { loadObserver } from './observer.ts';
import type { Pages } from './pages.ts';
import { startRelay, type RunningRelay } from './relay.ts';
import { givenCertificate, localCertificate, ownHost, subjectsOf, type Certificate } from './tls.ts';

export interface RelaySettings {
  /** The relay's own folder, 0700: `relay.toml`, the observer's key, a local authority's certificate. */
  readonly directory: string;
  /** Read before root was given up. */
  readonly pages: Pages;
  /** These win over the file. */
  readonly port?: number;
  readonly plainPort?: number;
  readonly host?: string;
  readonly homes?: readonly string[];
  readonly newCertificate?: boolean;
}

/** What others must know of a running relay; nothing of it is secret. */
export interface RelayFacts {
  /** `https://HOST:PORT` */
  readonly url: string;
  readonly port: number;
  readonly plainPort: number;
  readonly host: string;
  readonly observer: string;
  /** SHA-256 of leaf and local authority, as `AB:CD:…`. */
  readonly fingerprint: string;
  readonly authorityFingerprint?: string;
  /** Leaf and authority as PEM: what a home needs to trust this relay alone. */
  readonly trust?: string;
  readonly expires: string;
  readonly uncovered: readonly string[];
  readonly pages: boolean;
}

/** Reads the folder and listens. Throws `config-*`. */
export async function runRelay(settings: RelaySettings): Promise<{ relay: RunningRelay; facts: RelayFacts }> {
  const file = readRelayFile(settings.directory);
  const host = (settings.host ?? file.host ?? ownHost()).toLowerCase();
  const subjects = subjectsOf(host);
  const observer = loadObserver(settings.directory);
  const certificate = await certificateFor(file, settings, host);
  const port = settings.port ?? file.port ?? 7443;
  const relay = await startRelay({
    port,
    plainPort: settings.plainPort ?? file.plain_port ?? (port === 0 ? 0 : port + 1),
    names: [...new Set([host, ...subjects.names.filter((name) => name !== 'localhost'), ...file.names])],
    homes: settings.homes ?? file.homes,
    certificate,
    observer,
    pages: settings.pages,
    limits: file.limits as Record<string, number>,
  });
  const { authority } = certificate;
  const facts: RelayFacts = {
    url: urlOf(host, relay.port),
    port: relay.port,
    plainPort: relay.plainPort,
    host,
    observer: toBase64(observer.key),
    fingerprint: certificate.fingerprint,
    ...(authority === undefined
      ? {}
      : {
          authorityFingerprint: authority.fingerprint,
          trust: certificate.certificate + authority.certificate,
        }),
    expires: certificate.expires.toISOString(),
    uncovered: certificate.uncovered,
    pages: settings.pages.exported,
  };
  return { relay, facts };
}

function certificateFor(
  file: RelayFile,
  settings: RelaySettings,
  host: string,
): Certificate | Promise<Certificate> {
  if (file.certificate !== undefined && file.key !== undefined) {
    if (settings.newCertificate === true)
      throw new LatchkeyError('config-usage', '--new-certificate: relay.toml names certificate files');
    return givenCertificate(file.certificate, file.key);
  }
  return localCertificate(settings.directory, subjectsOf(host), { renew: settings.newCertificate === true });
}

function urlOf(given: string, listening: number): string {
  const { host, port = listening } = splitHost(given);
  return port === 443 ? `https://${host}` : `https://${host}:${port}`;
}
