import { LatchkeyError } from '../../lib/errors.ts';
import { toBase64 } from '../../lib/protocol/bytes.ts';
import type { Subjects } from './authority.ts';
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
  /** Its names of one family alone, as `url`. */
  readonly v4?: string;
  readonly v6?: string;
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
  const ofFamily = [file.v4, file.v6].filter((name) => name !== undefined);
  const subjects = subjectsOf(host, ofFamily);
  const observer = loadObserver(settings.directory);
  const certificate = await certificateFor(file, settings, subjects);
  const port = settings.port ?? file.port ?? 7443;
  const relay = await startRelay({
    port,
    plainPort: settings.plainPort ?? file.plain_port ?? (port === 0 ? 0 : port + 1),
    names: [
      ...new Set([
        host,
        ...subjects.names.filter((name) => name !== 'localhost'),
        ...ofFamily,
        ...file.names,
      ]),
    ],
    homes: settings.homes ?? file.homes,
    certificate,
    observer,
    pages: settings.pages,
    asks: [...ofFamily.map((name) => urlOf(name, port)), ...file.witnesses],
    limits: file.limits as Record<string, number>,
  });
  const { authority } = certificate;
  const facts: RelayFacts = {
    url: urlOf(host, relay.port),
    port: relay.port,
    plainPort: relay.plainPort,
    host,
    observer: toBase64(observer.key),
    ...(file.v4 === undefined ? {} : { v4: urlOf(file.v4, relay.port) }),
    ...(file.v6 === undefined ? {} : { v6: urlOf(file.v6, relay.port) }),
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

/** What a home lists of this relay as [[observer]]: one key by each of its names. */
export function observersOf(
  facts: RelayFacts,
): { readonly key: string; readonly url: string; readonly family: 'any' | 'v4' | 'v6' }[] {
  const { observer: key, v4, v6 } = facts;
  return [
    { key, url: '', family: 'any' },
    ...(v4 === undefined ? [] : [{ key, url: v4, family: 'v4' } as const]),
    ...(v6 === undefined ? [] : [{ key, url: v6, family: 'v6' } as const]),
  ];
}

function certificateFor(
  file: RelayFile,
  settings: RelaySettings,
  subjects: Subjects,
): Certificate | Promise<Certificate> {
  if (file.certificate !== undefined && file.key !== undefined) {
    if (settings.newCertificate === true)
      throw new LatchkeyError('config-usage', '--new-certificate: relay.toml names certificate files');
    return givenCertificate(file.certificate, file.key);
  }
  return localCertificate(settings.directory, subjects, { renew: settings.newCertificate === true });
}

/** `https://HOST[:PORT]` of a name, whose own port wins over the one listened on. */
export function urlOf(given: string, listening: number): string {
  const { host, port = listening } = splitHost(given);
  return port === 443 ? `https://${host}` : `https://${host}:${port}`;
}
