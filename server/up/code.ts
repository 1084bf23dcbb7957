import { chmodSync, cpSync, existsSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

/** The checkout: this file is two folders below it, as a source and in the bundle. */
export const checkout = fileURLToPath(new URL('../..', import.meta.url));

/** Where the build exports the web pages to. */
export const pagesFolder = path.join(checkout, 'out');

/** Systemd's units, samples for /opt/latchkey. */
export const unitsFolder = path.join(checkout, 'server/units');

/** What the units run. */
export const bundleFile = path.join(checkout, '.cache/server/cli.js');

/** Folder of the bundled server; built first when this runs from the sources. */
export async function bundledCode(say: (line: string) => void): Promise<string> {
  if (!import.meta.url.endsWith('.ts')) return path.dirname(fileURLToPath(import.meta.url));
  const builder = new URL('../build/bundle.js', import.meta.url).href;
  const { bundle, bundleFolder } = (await import(builder)) as {
    bundle(say: (line: string) => void): Promise<boolean>;
    bundleFolder: string;
  };
  await bundle(say);
  return bundleFolder;
}

/**
 * A copy of the bundle that everybody may read and only root may write. The checkout may lie in a home that
 * is closed to others, and the home agent's worker loads its file after root was given up.
 */
export function readableCode(from: string, to: string): string {
  const stamp = (folder: string): string | undefined => {
    const file = path.join(folder, 'stamp');
    return existsSync(file) ? readFileSync(file, 'utf8') : undefined;
  };
  if (stamp(to) === stamp(from)) return to;
  const part = `${to}.part`;
  rmSync(part, { recursive: true, force: true });
  cpSync(from, part, { recursive: true, dereference: true });
  chmodSync(part, 0o755);
  for (const name of readdirSync(part)) chmodSync(path.join(part, name), 0o644);
  rmSync(to, { recursive: true, force: true });
  renameSync(part, to);
  return to;
}
