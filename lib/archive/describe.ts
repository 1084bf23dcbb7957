import type { Dialect } from '../archive.ts';
import { base64Bytes, utf8Text } from './base64.ts';
import { fromUtf7 } from './utf7.ts';

/** What a description tells. `name` is text of others, never a path to write to: see safe-name. */
export interface Described {
  readonly name: string;
  readonly dialect: Dialect;
}

/**
 * The name in a description, as the tool that wrote it put it there. What cannot be decoded is shown as it stands, as
 * `plain`: a wrong guess would be worse than base64. Never throws.
 */
export function describe(description: string): Described {
  switch (description.charCodeAt(0)) {
    case 60: // <
    case 34: // "
    case 32:
      return fastGlacier(description) ?? plain(description);
    case 109: // m
      return mtAwsGlacier(description) ?? plain(description);
    case 123: // {
      return cloudBerry(description) ?? plain(description);
    default:
      return plain(description);
  }
}

function plain(description: string): Described {
  return { name: description, dialect: 'plain' };
}

const fastGlacierPath =
  /^<m><v>([234])<\/v>(?:<(?!p>)[a-z]{1,8}>[^<]*<\/[a-z]{1,8}>)*<p>([^<]*)<\/p>.*<\/m>$/s;
/** Of version 1, and the padding and quotes around it that AWS has seen. */
const firstPath = /^<ArchiveMetadata>.*?<Path>([^<]*)<\/Path>/s;
const firstEnd = '</ArchiveMetadata>';

/** https://fastglacier.com/fastglacier-metadata-format.aspx; CrushFTP writes version 4 too. */
function fastGlacier(description: string): Described | undefined {
  const text = description
    .trim()
    .replace(/^"(.*)"$/s, '$1')
    .trim();
  const [, version, path] = fastGlacierPath.exec(text) ?? [];
  const first = text.endsWith(firstEnd) ? firstPath.exec(text)?.[1] : undefined;
  const name = base64Text(path ?? first);
  if (name === undefined) return undefined;
  const dialect =
    first !== undefined && path === undefined ? 'fastglacier-v1' : (`fastglacier-v${version}` as Dialect);
  return { name, dialect };
}

function base64Text(text: string | undefined): string | undefined {
  if (text === undefined || text === '') return undefined;
  const bytes = base64Bytes(text);
  return bytes === undefined ? undefined : utf8Text(bytes);
}

/** mt-aws-glacier's MetaData: `mt2 ` and base64url of JSON; of `mt1` the UTF-8 was encoded twice. */
function mtAwsGlacier(description: string): Described | undefined {
  const [, dialect, code] = /^(mt[12]) ([A-Za-z0-9_=-]+)$/.exec(description) ?? [];
  const json = base64Text(code);
  if (json === undefined) return undefined;
  const { filename } = parseObject(json) ?? {};
  if (typeof filename !== 'string' || filename === '') return undefined;
  if (dialect === 'mt2') return { name: filename, dialect: 'mt2' };
  const once = latin1Bytes(filename);
  const name = once === undefined ? undefined : utf8Text(once);
  return name === undefined ? undefined : { name, dialect: 'mt1' };
}

/** Text whose characters are bytes; undefined where one is larger. */
function latin1Bytes(text: string): Uint8Array | undefined {
  const bytes = new Uint8Array(text.length);
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code > 0xff) return undefined;
    bytes[at] = code;
  }
  return bytes;
}

/** CloudBerry's JSON; its path is UTF-7, and where it is not, what stands there is the name. */
function cloudBerry(description: string): Described | undefined {
  const fields = parseObject(description);
  const path = fields?.['Path'] ?? fields?.['path'];
  if (typeof path !== 'string' || path === '') return undefined;
  return { name: fromUtf7(path) ?? path, dialect: 'cloudberry' };
}

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
