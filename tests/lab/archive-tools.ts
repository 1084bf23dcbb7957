import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll } from 'vitest';
import type { ArchiveView, Catalogue } from '../../server/archives/catalogue.ts';

const root = mkdtempSync(path.join(tmpdir(), 'latchkey-pieces-'));
chmodSync(root, 0o711);
const homes: string[] = [];
afterAll(() => {
  for (const home of homes) sh('gpgconf --kill all', root, { GNUPGHOME: home });
  rmSync(root, { recursive: true, force: true });
});

/** A new folder, gone after the test file. */
export function folder(): string {
  return mkdtempSync(path.join(root, 'x-'));
}

/** A real shell with the system's tools, and nothing of ours in its environment. */
export function sh(script: string, cwd: string, env: Readonly<Record<string, string>> = {}): string {
  return execFileSync('/bin/bash', ['--norc', '--noprofile', '-o', 'pipefail', '-c', script], {
    cwd,
    encoding: 'utf8',
    env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', HOME: cwd, ...env } as unknown as NodeJS.ProcessEnv,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

/** A keyring with one key, without a passphrase. */
export function gpgHome(): { env: { GNUPGHOME: string }; recipient: string } {
  // its agent's socket lies in it: a short path
  const home = mkdtempSync(path.join(tmpdir(), 'lk-'));
  homes.push(home);
  afterAll(() => rmSync(home, { recursive: true, force: true }));
  const recipient = 'lab@example.org';
  sh(`gpg --batch --quiet --passphrase '' --quick-gen-key ${recipient} default default never`, root, {
    GNUPGHOME: home,
  });
  return { env: { GNUPGHOME: home }, recipient };
}

/** A tree with what a backup must not lose: owners, modes, times to the nanosecond, links, holes, odd names. */
export function someTree(): string {
  const tree = folder();
  sh(
    `
    mkdir -p home/a etc empty 'odd names'
    seq 1 60000 > home/a/numbers; head -c 1500000 /dev/urandom > home/a/noise; : > home/nothing
    truncate -s 3M home/hole; printf x >> home/hole
    ln -s ../etc/secret home/link; ln home/nothing home/hard; ln -s /nowhere home/dangling
    printf 'key' > etc/secret; chmod 0400 etc/secret; chown 1234:4321 home/a/numbers; chmod 2750 home/a; chmod 1777 empty
    printf q > 'odd names/-rf'; printf q > $'odd names/new\\nline \\033[31m'; printf q > "odd names/it's"
    mkfifo etc/pipe; setfattr -n user.note -v kept etc/secret 2>/dev/null || true
    touch -d '2001-02-03 04:05:06.123456789' home/a/noise home/a etc/secret; touch -h -d '1999-01-01 00:00:00.5' home/link
    `,
    tree,
  );
  return tree;
}

/** All of a tree that must come back: kind, mode, owner, size, time, target, links, and bytes. */
export function pictureOf(tree: string): string {
  const facts = sh(
    `find . -printf '%P %y %m %U %G %n %T@ %l %D\\0' | sed -z 's/ [0-9]*$//' | sort -z | tr '\\0' '\\n'; find . -type f -print0 | sort -z | xargs -0 sha256sum`,
    tree,
  );
  return existsSync('/usr/bin/getfattr') ? facts + sh('getfattr -R -d . | grep -v "^# file"', tree) : facts;
}

/** The catalogue's two questions over rows in memory. */
export function rowsAsCatalogue(rows: readonly ArchiveView[]): Pick<Catalogue, 'withTreeHash' | 'page'> {
  return {
    withTreeHash: (treeHash, size) =>
      Promise.resolve(rows.filter((row) => row.treeHash === treeHash && row.size === size)),
    page: () =>
      Promise.resolve({ rows: [...rows].sort((a, b) => (b.size ?? 0) - (a.size ?? 0)), next: null }),
  };
}
