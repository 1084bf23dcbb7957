import { copyFile, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { requireRootOwnedWay } from '../../server/root-owned.ts';

const page = new URL('../../server/doors/COMMANDS.md', import.meta.url);

/** The door file under a heading of the docs page, as it stands there, with these texts in place of others. */
export async function pageEntry(
  heading: string,
  replace: Readonly<Record<string, string>> = {},
): Promise<string> {
  const text = await readFile(page, 'utf8');
  const part = text.split(/^## /m).find((one) => one.startsWith(`${heading}\n`));
  const block = /^```toml\n([^]*?)^```$/m.exec(part ?? '')?.[1];
  if (block === undefined) throw new Error(`COMMANDS.md has no entry under "${heading}"`);
  return Object.entries(replace).reduce((done, [from, to]) => {
    if (!done.includes(from)) throw new Error(`"${heading}" says nothing of ${from}`);
    return done.replaceAll(from, to);
  }, block);
}

/** A Node that root may run by its path: a version manager's belongs to a user. */
export async function rootsNode(folder: string): Promise<string> {
  try {
    requireRootOwnedWay(process.execPath);
    return process.execPath;
  } catch {
    const own = join(folder, 'node');
    await copyFile(process.execPath, own);
    return own;
  }
}
