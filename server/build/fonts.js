import { copyFile, mkdir } from 'node:fs/promises';
import path from 'node:path';

/** Subsets of the pinned font packages that the pages use: Latin, and what names of people and places need. */
export const fonts = [
  {
    name: 'besley-latin.woff2',
    from: '@fontsource-variable/besley/files/besley-latin-wght-normal.woff2',
  },
  {
    name: 'besley-latin-ext.woff2',
    from: '@fontsource-variable/besley/files/besley-latin-ext-wght-normal.woff2',
  },
  {
    name: 'libre-franklin-latin.woff2',
    from: '@fontsource-variable/libre-franklin/files/libre-franklin-latin-wght-normal.woff2',
  },
  {
    name: 'libre-franklin-latin-ext.woff2',
    from: '@fontsource-variable/libre-franklin/files/libre-franklin-latin-ext-wght-normal.woff2',
  },
  {
    name: 'ibm-plex-mono-latin-400.woff2',
    from: '@fontsource/ibm-plex-mono/files/ibm-plex-mono-latin-400-normal.woff2',
  },
  {
    name: 'ibm-plex-mono-latin-600.woff2',
    from: '@fontsource/ibm-plex-mono/files/ibm-plex-mono-latin-600-normal.woff2',
  },
];

/** Puts them where the export takes them from. */
export async function copyFonts(root) {
  const target = path.join(root, 'public/fonts');
  await mkdir(target, { recursive: true });
  await Promise.all(
    fonts.map(({ name, from }) => copyFile(path.join(root, 'node_modules', from), path.join(target, name))),
  );
}
