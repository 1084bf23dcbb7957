import { createHash, createHmac, timingSafeEqual } from 'node:crypto';

/** A request as it came, for the check of its signature. */
export interface Signed {
  readonly method: string;
  /** Path and query as they stood in the request line. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string | undefined>>;
}

export interface Credential {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
  /** IAM actions such as `glacier:ListVaults`; absent: all. */
  readonly allow?: readonly string[];
}

export type Fault = 'missing' | 'malformed' | 'unknown-key' | 'wrong-token' | 'skewed' | 'wrong-signature';

export interface Checked {
  readonly credential: Credential;
  readonly region: string;
  readonly service: string;
}

const fifteenMinutes = 15 * 60_000;

/** What the request says of itself; nothing is checked yet. */
export function scopeOf(headers: Signed['headers']): { service: string; region: string } | undefined {
  const scope = /Credential=[^/]+\/\d{8}\/([^/]+)\/([^/]+)\/aws4_request/.exec(
    headers['authorization'] ?? '',
  );
  return scope === null ? undefined : { region: scope[1] as string, service: scope[2] as string };
}

/**
 * Signature Version 4 in the Authorization header, as AWS checks it: key, session token, time within 15 minutes of
 * `now` (Unix ms), and the signature computed again from the request. `payloadHash`: SHA-256 of the body in hex.
 */
export function checkSignature(
  request: Signed,
  payloadHash: string,
  credentials: readonly Credential[],
  regions: readonly string[],
  now: number,
): Checked | Fault {
  const { headers } = request;
  const authorization = headers['authorization'];
  if (authorization === undefined) return 'missing';
  const parts =
    /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/([^/]+)\/([^/]+)\/aws4_request, ?SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})$/.exec(
      authorization,
    );
  const stamp = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(headers['x-amz-date'] ?? '');
  if (parts === null || stamp === null) return 'malformed';
  const [key, date, region, service, signedHeaders, signature] = parts.slice(1) as [
    string,
    string,
    string,
    string,
    string,
    string,
  ];
  const names = signedHeaders.split(';');
  // host and all of x-amz-* must be signed, or they could be changed on the way
  const must = ['host', ...Object.keys(headers).filter((name) => name.startsWith('x-amz-'))];
  if (!must.every((name) => names.includes(name))) return 'malformed';
  const credential = credentials.find((one) => one.accessKeyId === key);
  if (credential === undefined || !regions.includes(region)) return 'unknown-key';
  if (credential.sessionToken !== headers['x-amz-security-token']) return 'wrong-token';
  const [year, month, dayOfMonth, hours, minutes, seconds] = stamp.slice(1).map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const at = Date.UTC(year, month - 1, dayOfMonth, hours, minutes, seconds);
  if (Math.abs(now - at) > fifteenMinutes) return 'skewed';
  if (date !== headers['x-amz-date']?.slice(0, 8)) return 'malformed';

  const canonical = [
    request.method,
    canonicalPath(request.url, service),
    canonicalQuery(request.url),
    ...names.map((name) => `${name}:${(headers[name] ?? '').trim().replace(/ +/g, ' ')}`),
    '',
    signedHeaders,
    payloadHash,
  ].join('\n');
  const toSign = [
    'AWS4-HMAC-SHA256',
    headers['x-amz-date'],
    `${date}/${region}/${service}/aws4_request`,
    createHash('sha256').update(canonical).digest('hex'),
  ].join('\n');
  const signing = [date, region, service, 'aws4_request'].reduce<Buffer>(
    (with_, part) => createHmac('sha256', with_).update(part).digest(),
    Buffer.from(`AWS4${credential.secretAccessKey}`),
  );
  const expected = createHmac('sha256', signing).update(toSign).digest();
  if (!timingSafeEqual(expected, Buffer.from(signature, 'hex'))) return 'wrong-signature';
  return { credential, region, service };
}

function encode(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/** S3 signs the path as sent; every other service signs it encoded once more. */
function canonicalPath(url: string, service: string): string {
  const path = url.split('?')[0] as string;
  return service === 's3' ? path : path.split('/').map(encode).join('/');
}

function canonicalQuery(url: string): string {
  const query = url.split('?')[1] ?? '';
  return query
    .split('&')
    .filter((pair) => pair !== '')
    .map((pair) => {
      const at = pair.indexOf('=');
      const [name, value] = at < 0 ? [pair, ''] : [pair.slice(0, at), pair.slice(at + 1)];
      return `${encode(decodeURIComponent(name))}=${encode(decodeURIComponent(value))}`;
    })
    .sort()
    .join('&');
}
