import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { run } from './space.ts';

const cache = fileURLToPath(new URL('../../.cache/debian', import.meta.url));

const triplets: Partial<Record<NodeJS.Architecture, string>> = {
  x64: 'x86_64-linux-gnu',
  arm64: 'aarch64-linux-gnu',
};
const triplet = triplets[process.arch] ?? '';

/** A Debian package and the libraries it lacks here, unpacked and not installed: no daemon starts. */
export interface Unpacked {
  /** The folder that stands for /. */
  readonly root: string;
  /** For the tool's process: where its libraries are. */
  readonly env: { readonly LD_LIBRARY_PATH: string };
  /** Absolute path of a file of the package, e.g. path('usr/sbin/sshd'). */
  path(file: string): string;
}

const libraries = /^lib/;

/**
 * Fetches with apt-get download and unpacks with dpkg -x into .cache/debian/NAME, once for each checkout.
 * Safe when several test processes ask at once: each unpacks beside, the first rename wins.
 * `needs`: which of the packages that it depends on come along, where they are not installed.
 */
export async function unpack(name: string, needs: RegExp = libraries): Promise<Unpacked> {
  const root = join(cache, name);
  if (!existsSync(root)) {
    await mkdir(cache, { recursive: true });
    const work = await mkdtemp(join(cache, `.${name}-`));
    try {
      const made = join(work, 'root');
      await mkdir(made);
      await unpackInto(made, work, name, needs, new Set());
      await rename(made, root).catch((error: NodeJS.ErrnoException) => {
        if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error;
      });
    } finally {
      await rm(work, { recursive: true, force: true });
    }
  }
  const folders = ['usr/lib', 'lib'].flatMap((lib) => [join(root, lib, triplet), join(root, lib)]);
  return { root, env: { LD_LIBRARY_PATH: folders.join(':') }, path: (file) => join(root, file) };
}

async function unpackInto(
  root: string,
  work: string,
  name: string,
  needs: RegExp,
  done: Set<string>,
): Promise<void> {
  done.add(name);
  const before = new Set(await readdir(work));
  await download(work, name);
  for (const file of await readdir(work))
    if (file.endsWith('.deb') && !before.has(file)) await run('dpkg', ['-x', join(work, file), root]);
  const { stdout } = await run('apt-cache', ['depends', '--no-pre-depends', '--important', name]);
  const all = [...stdout.matchAll(/^ *\|?Depends: ([^\s:<>]+)/gm)].map((found) => found[1]!);
  for (const needed of all.filter((each) => needs.test(each)))
    if (!done.has(needed) && !(await isInstalled(needed))) await unpackInto(root, work, needed, needs, done);
}

async function download(work: string, name: string): Promise<void> {
  // Owned by root, so apt cannot drop to its own user here: without this option it warns each time.
  const get = () =>
    run('apt-get', ['-qq', '-o', 'APT::Sandbox::User=root', 'download', name], {
      cwd: work,
      timeoutMs: 120_000,
    });
  try {
    await get();
  } catch {
    await run('apt-get', ['-qq', 'update'], { timeoutMs: 240_000 });
    await get();
  }
}

async function isInstalled(name: string): Promise<boolean> {
  const { stdout } = await run('dpkg-query', ['-W', '-f', '${Status}', name], { anyStatus: true });
  return stdout.includes('install ok installed');
}
