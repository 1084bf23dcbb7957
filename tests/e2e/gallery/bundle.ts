import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import tailwind from '@tailwindcss/postcss';
import { build } from 'esbuild';
import postcss from 'postcss';
import type { BrowserContext } from 'playwright';

const root = fileURLToPath(new URL('../../..', import.meta.url));

/** Where the gallery seems to be; every request to it is answered from memory. */
export const galleryOrigin = 'http://gallery.test';

// The product's own policy, so that a style attribute or an inline script shows here first.
const policy =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; " +
  "connect-src 'self'; base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'; trusted-types";

/** As app/fonts.ts has them, which only Next can read. */
const fonts = [
  {
    name: 'display',
    weight: '400 900',
    file: '@fontsource-variable/besley/files/besley-latin-wght-normal.woff2',
  },
  {
    name: 'text',
    weight: '100 900',
    file: '@fontsource-variable/libre-franklin/files/libre-franklin-latin-wght-normal.woff2',
  },
  {
    name: 'mono',
    weight: '400',
    file: '@fontsource/ibm-plex-mono/files/ibm-plex-mono-latin-400-normal.woff2',
  },
  {
    name: 'mono',
    weight: '600',
    file: '@fontsource/ibm-plex-mono/files/ibm-plex-mono-latin-600-normal.woff2',
  },
];
const faces = fonts
  .map(
    ({ name, weight, file }) => `@font-face{font-family:g-${name};font-weight:${weight};src:url(/${file})}`,
  )
  .join('');
const families = ':root{--font-display-latin:g-display;--font-text-latin:g-text;--font-mono-latin:g-mono}';

async function script(): Promise<Buffer> {
  const { outputFiles } = await build({
    entryPoints: [path.join(root, 'tests/e2e/gallery/main.tsx')],
    bundle: true,
    write: false,
    format: 'iife',
    jsx: 'automatic',
    define: { 'process.env.NODE_ENV': '"production"' },
    alias: { react: 'preact/compat', 'react/jsx-runtime': 'preact/jsx-runtime' },
    logLevel: 'error',
  });
  return Buffer.from(outputFiles[0]?.contents ?? []);
}

async function styles(): Promise<Buffer> {
  const from = path.join(root, 'app/globals.css');
  const { css } = await postcss([tailwind({ base: root })]).process(await readFile(from, 'utf8'), { from });
  return Buffer.from(faces + families + css);
}

/** Pieces and screens with given facts, in the product's styles; nothing of this is in the product. */
export async function serveGallery(): Promise<(context: BrowserContext) => Promise<void>> {
  const [js, css] = await Promise.all([script(), styles()]);
  const page =
    '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Latchkey</title>' +
    '<meta name="viewport" content="width=device-width,initial-scale=1,viewport-fit=cover">' +
    '<link rel="stylesheet" href="/styles.css"></head><body><div id="root"></div>' +
    '<script src="/main.js"></script></body></html>';
  return async (context) => {
    await context.route(`${galleryOrigin}/**`, async (route) => {
      const { pathname } = new URL(route.request().url());
      const font = fonts.find((each) => pathname === `/${each.file}`);
      if (font !== undefined) return route.fulfill({ path: path.join(root, 'node_modules', font.file) });
      if (pathname === '/main.js') return route.fulfill({ body: js, contentType: 'text/javascript' });
      if (pathname === '/styles.css') return route.fulfill({ body: css, contentType: 'text/css' });
      if (pathname === '/') {
        return route.fulfill({
          body: page,
          contentType: 'text/html',
          headers: { 'content-security-policy': policy },
        });
      }
      return route.fulfill({ status: 404, body: '' });
    });
  };
}
