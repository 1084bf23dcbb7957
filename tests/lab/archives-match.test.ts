import { readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import type { ArchiveView } from '../../server/archives/catalogue.ts';
import { match } from '../../server/archives/match.ts';
import { treeHashOf } from '../../server/archives/tree-hash.ts';
import { uploadsIn } from '../../lib/archive/upload-log.ts';
import { folder, gpgHome, pictureOf, rowsAsCatalogue, sh, someTree } from './archive-tools.ts';

const gpg = gpgHome();
const tree = someTree();
const picture = pictureOf(tree);

/** As the seed's script: tar, split, xz each, and gpg after that. */
function seedPieces(encrypt: boolean): string {
  const stage = folder();
  sh(`tar --format=posix --xattrs -cpf - -C ${tree} . | split -b 1000000 - backup__root`, stage);
  sh(`find . -type f | xargs -n 1 xz -1`, stage);
  if (encrypt)
    sh(
      `for f in *; do gpg --batch -q --trust-model always -r ${gpg.recipient} -e "$f" && rm "$f"; done`,
      stage,
      gpg.env,
    );
  return stage;
}

/** What AWS would list of these files, uploaded one a minute in the order of their names. */
function uploaded(stage: string, name: (file: string) => string): ArchiveView[] {
  return readdirSync(stage)
    .sort()
    .map((file, at) => {
      const bytes = readFileSync(path.join(stage, file));
      const fields = { vault: 'vaults/v', vaultName: 'v', dialect: 'plain', storageClass: 'VAULT' } as const;
      return {
        ...{ ...fields, id: `id${at}`, name: name(file), description: name(file), size: bytes.length },
        ...{ createdAt: 60_000 * at, treeHash: treeHashOf(bytes), state: 'ready', until: null },
      };
    });
}

const awkward = [
  "it's",
  '-rf',
  '$(touch owned)',
  'new\nline',
  '\u001b]0;x\u0007',
  ' ',
  'z',
  'é',
  '`id`',
  '{a,b}',
];

/** Every file gets a name of somebody else's choosing, in another order. */
function shuffle(stage: string): Map<string, string> {
  const names = readdirSync(stage).sort();
  return new Map(
    names.map((name, at) => {
      const now = awkward[(at * 7 + 3) % awkward.length]! + (at >= awkward.length ? String(at) : '');
      renameSync(path.join(stage, name), path.join(stage, `${now}`));
      return [now, name];
    }),
  );
}

function putBack(line: string, cwd: string): string {
  const target = folder();
  sh(line.replace('--file=-', `--file=- -C ${target}`), cwd, gpg.env);
  return pictureOf(target);
}

test.each([
  ['the log of the upload', false, 'upload-log'],
  ['the name that gpg wrote into each piece', true, 'gpg-name'],
  ['names in the inventory', true, 'name'],
  ['dates alone, with a warning', false, 'created'],
])('shuffled and renamed pieces are put back by %s', async (_how, encrypt, by) => {
  const stage = seedPieces(encrypt);
  const names = readdirSync(stage).sort();
  expect(names.length).toBeGreaterThan(3);
  const rows = uploaded(
    stage,
    by === 'name' ? (file) => file : () => 'my archive Sun Dec 28 15:57:01 UTC 2014',
  );
  const was = shuffle(stage);
  const log = names.map((name, at) => `${name} Archive ID: id${at}`).join('\n');
  const found = await match({
    directory: stage,
    catalogue: rowsAsCatalogue([...rows].reverse()),
    runs: [],
    ...(by === 'gpg-name' ? { gpg: { env: gpg.env, ask: false } } : {}),
    log: by === 'upload-log' ? uploadsIn(log) : [],
  });
  expect(found.groups).toHaveLength(1);
  const [group] = found.groups;
  expect(group!.orderedBy).toBe(by);
  expect(group!.files.map(({ file }) => was.get(file.toString()))).toEqual(names);
  expect(group!.missing).toEqual([]);
  expect(group!.warnings.some((text) => text.includes('dates of upload'))).toBe(by === 'created');
  expect(group!.line).not.toMatch(/[^\x20-\x7e\p{L}]/u);
  expect(putBack(group!.line!, folder())).toBe(picture);
  expect(readdirSync(stage)).not.toContain('owned');
});

test('a tree that was encrypted first and split after, and one without any split', async () => {
  const stage = folder();
  sh(
    `tar -cf - --format=posix --xattrs -C ${tree} . | zstd -q | gpg --batch -q --trust-model always -r ${gpg.recipient} -e | split -b 700000 - whole.tar.zst.gpg.`,
    stage,
    gpg.env,
  );
  sh(`tar -cJf one.tar.xz --format=posix --xattrs -C ${tree} .`, stage);
  const rows = uploaded(stage, (file) => file);
  shuffle(stage);
  const { groups } = await match({
    directory: stage,
    catalogue: rowsAsCatalogue(rows),
    runs: [],
    gpg: { env: gpg.env, ask: false },
  });
  expect(groups).toHaveLength(2);
  for (const { line } of groups) expect(putBack(line!, folder())).toBe(picture);
});

test('files that tools put there as they were need no unpacking; pieces of one are joined under a name of its own', async () => {
  const stage = folder();
  writeFileSync(path.join(stage, 'photo.jpg'), 'a picture, say');
  sh('head -c 300000 /dev/urandom > film; split -b 100000 film film.mp4.; rm film', stage);
  const before = sh('cat film.mp4.*| sha256sum', stage);
  const rows = uploaded(stage, (file) => file);
  const { groups } = await match({ directory: stage, catalogue: rowsAsCatalogue(rows), runs: [] });
  const photo = groups.find(({ name }) => name.includes('photo'));
  expect(photo).toMatchObject({ line: null, missing: [], warnings: [] });
  const film = groups.find(({ name }) => name.includes('film'));
  expect(film?.files).toHaveLength(3);
  expect(film?.line).not.toContain('tar');
  const there = folder();
  sh(film!.line!, there);
  expect(sh('cat * | sha256sum', there)).toBe(before);
});

test('a missing piece is named, and a row with a gap gets no line', async () => {
  const stage = seedPieces(false);
  const rows = uploaded(stage, (file) => file);
  rmSync(path.join(stage, 'backup__rootae.xz'));
  writeFileSync(path.join(stage, 'stranger'), 'not one of them');
  const { groups, files } = await match({ directory: stage, catalogue: rowsAsCatalogue(rows), runs: [] });
  expect(groups).toHaveLength(1);
  expect(groups[0]).toMatchObject({ missing: ['backup__rootae.xz'], line: null });
  expect(files.find(({ file }) => file.toString() === 'stranger')).toMatchObject({
    archives: [],
    staged: [],
  });
});

test('one flipped byte: the file matches nothing, and is named by its size where nothing else is known', async () => {
  const stage = seedPieces(false);
  const rows = uploaded(stage, (file) => file);
  const file = path.join(stage, 'backup__rootae.xz');
  const bytes = readFileSync(file);
  bytes[1234]! ^= 1;
  writeFileSync(file, bytes);
  const { groups, files } = await match({ directory: stage, catalogue: rowsAsCatalogue(rows), runs: [] });
  expect(groups[0]).toMatchObject({ missing: ['backup__rootae.xz'], line: null });
  const damaged = files.find((each) => each.file.toString() === 'backup__rootae.xz');
  expect(damaged).toMatchObject({
    archives: [],
    damage: { kind: 'size', archives: [{ name: 'backup__rootae.xz' }] },
  });
});
