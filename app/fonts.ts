import localFont from 'next/font/local';

/**
 * Self-hosted, from the pinned packages. Display and text are loaded before anything is drawn; mono may swap; the
 * Latin Extended subsets come only with a name that needs them.
 */
const display = localFont({
  src: '../node_modules/@fontsource-variable/besley/files/besley-latin-wght-normal.woff2',
  variable: '--font-display-latin',
  weight: '400 900',
  display: 'swap',
  adjustFontFallback: 'Times New Roman',
});
const displayExt = localFont({
  src: '../node_modules/@fontsource-variable/besley/files/besley-latin-ext-wght-normal.woff2',
  variable: '--font-display-ext',
  weight: '400 900',
  display: 'swap',
  preload: false,
  adjustFontFallback: false,
  declarations: [
    {
      prop: 'unicode-range',
      value:
        'U+0100-02BA, U+02BD-02C5, U+02C7-02CC, U+02CE-02D7, U+02DD-02FF, U+0304, U+0308, U+0329, U+1D00-1DBF, U+1E00-1E9F, U+1EF2-1EFF, U+2020, U+20A0-20AB, U+20AD-20C0, U+2113, U+2C60-2C7F, U+A720-A7FF',
    },
  ],
});
const text = localFont({
  src: '../node_modules/@fontsource-variable/libre-franklin/files/libre-franklin-latin-wght-normal.woff2',
  variable: '--font-text-latin',
  weight: '100 900',
  display: 'swap',
  adjustFontFallback: 'Arial',
});
const textExt = localFont({
  src: '../node_modules/@fontsource-variable/libre-franklin/files/libre-franklin-latin-ext-wght-normal.woff2',
  variable: '--font-text-ext',
  weight: '100 900',
  display: 'swap',
  preload: false,
  adjustFontFallback: false,
  declarations: [
    {
      prop: 'unicode-range',
      value:
        'U+0100-02BA, U+02BD-02C5, U+02C7-02CC, U+02CE-02D7, U+02DD-02FF, U+0304, U+0308, U+0329, U+1D00-1DBF, U+1E00-1E9F, U+1EF2-1EFF, U+2020, U+20A0-20AB, U+20AD-20C0, U+2113, U+2C60-2C7F, U+A720-A7FF',
    },
  ],
});
const mono = localFont({
  src: [
    {
      path: '../node_modules/@fontsource/ibm-plex-mono/files/ibm-plex-mono-latin-400-normal.woff2',
      weight: '400',
    },
    {
      path: '../node_modules/@fontsource/ibm-plex-mono/files/ibm-plex-mono-latin-600-normal.woff2',
      weight: '600',
    },
  ],
  variable: '--font-mono-latin',
  display: 'swap',
  preload: false,
  adjustFontFallback: false,
});

/** For the html element: each family as a custom property, which tokens.css reads. */
export const fontClasses = [display, displayExt, text, textExt, mono].map((font) => font.variable).join(' ');
