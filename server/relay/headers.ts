import { createHash } from 'node:crypto';
import type { Page } from './pages.ts';

/** What headers depend on beside the page. */
export interface HeaderOptions {
  /** The certificate is one that browsers trust by themselves. */
  readonly strictTransport: boolean;
  /** Origins that pages may ask beside their own. */
  readonly asks: readonly string[];
}

/** On every answer. HSTS is not among them: see `headersFor`. */
const always = {
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy':
    'camera=(self), clipboard-write=(self), publickey-credentials-create=(self), publickey-credentials-get=(self), ' +
    'accelerometer=(), display-capture=(), geolocation=(), gyroscope=(), magnetometer=(), microphone=(), midi=(), ' +
    'payment=(), serial=(), usb=()',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
} as const;

const nothing = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/** What a page of the export may do. `sw-url` is the one Trusted Types policy of ours. */
function pagePolicy(scripts: readonly string[], asks: readonly string[]): string {
  return [
    "default-src 'none'",
    ["script-src 'self'", ...scripts.map((hash) => `'${hash}'`)].join(' '),
    "style-src 'self'",
    "img-src 'self' data: blob:",
    "font-src 'self'",
    ["connect-src 'self'", ...asks].join(' '),
    "manifest-src 'self'",
    "worker-src 'self'",
    "media-src 'self' blob:",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "object-src 'none'",
    "require-trusted-types-for 'script'",
    'trusted-types sw-url',
  ].join('; ');
}

// The service worker runs under its own answer's policy.
const scriptPolicy =
  "default-src 'none'; script-src 'self'; connect-src 'self'; require-trusted-types-for 'script'";

function policyOf(page: Pick<Page, 'type' | 'scripts'> | undefined, asks: readonly string[]): string {
  if (page?.type.startsWith('text/html') === true) return pagePolicy(page.scripts, asks);
  return page?.type.startsWith('text/javascript') === true ? scriptPolicy : nothing;
}

/**
 * Every header but those of the body. HSTS goes only with certificates that browsers trust by themselves: with a local
 * CA it would turn every other plain HTTP service on this host off, and lock people out when they replace the CA.
 */
export function headersFor(
  page: Pick<Page, 'type' | 'scripts'> | undefined,
  { strictTransport, asks }: HeaderOptions,
): Record<string, string> {
  return {
    ...always,
    'content-security-policy': policyOf(page, asks),
    ...(strictTransport ? { 'strict-transport-security': 'max-age=31536000' } : {}),
  };
}

/** Stands for all that headers say and no page's own content does: another one, and a kept page is out of date. */
export function headersMark(options: HeaderOptions): string {
  const headers = headersFor({ type: 'text/html', scripts: [] }, options);
  return createHash('sha256').update(JSON.stringify(headers)).digest('base64url').slice(0, 16);
}
