import { execFile } from 'node:child_process';
import { existsSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { openCatalogue } from '../../server/archives/open.ts';
import { scratchFolder } from './scratch.ts';
import { cli } from '../support/built.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const hash = '6b9d4cf8697bd3af6aa1b590a0b27b337da5b18988dbcc619a3e608a554a1e62';

function run(state: string, ...words: string[]): Promise<{ status: unknown; out: string; err: string }> {
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [cli, 'archives', ...words],
      { cwd: root, env: { ...process.env, LATCHKEY_DIR: state } },
      (error, out, err) => resolve({ status: error === null ? 0 : error.code, out, err }),
    );
  });
}

test('import, list and export: on an empty folder, without an agent and beside an open catalogue', async () => {
  const folder = scratchFolder();
  const state = path.join(folder, 'state');
  expect(await run(state, 'list', '--json')).toMatchObject({ status: 0, out: '[]\n' });
  expect(existsSync(state)).toBe(false);

  const inventory = path.join(folder, 'inventory.json');
  const archive = {
    ArchiveId: 'abcdefghij',
    ArchiveDescription: '<m><v>4</v><p>PUhZUEVSTElOSygxKQ==</p><lm>20200101T000000Z</lm></m>',
    CreationDate: '2012-05-15T17:19:46.700Z',
    Size: 43_980_465_111_040,
    SHA256TreeHash: hash,
  };
  const whole = JSON.stringify({
    VaultARN: 'arn:aws:glacier:us-west-2:012345678901:vaults/examplevault',
    InventoryDate: '2011-12-12T14:19:01Z',
    ArchiveList: [archive],
  });
  writeFileSync(inventory, whole.slice(0, -3));
  const cut = await run(state, 'import', inventory, '--json');
  expect(cut).toMatchObject({ status: 1 });
  expect(JSON.parse(cut.out)).toMatchObject({
    error: { code: 'archives-cut', detail: `byte ${whole.length - 3}: the file ends here` },
  });

  // as an agent would hold it
  const catalogue = await openCatalogue(path.join(state, 'agent/archives.db'));
  expect((await catalogue.totals()).archives).toBe(0);
  writeFileSync(inventory, whole);
  const imported = await run(state, 'import', inventory, '--json');
  expect(imported).toMatchObject({ status: 0, err: '' });
  expect(JSON.parse(imported.out)).toEqual({
    vault: 'examplevault',
    inventoryDate: '2011-12-12T14:19:01Z',
    rows: 1,
    inserted: 1,
  });
  expect((await catalogue.totals()).archives).toBe(1);
  await catalogue.close();
  expect(statSync(path.join(state, 'agent')).mode & 0o777).toBe(0o700);

  const csv = path.join(folder, 'inventory.csv');
  const header = 'ArchiveId,ArchiveDescription,CreationDate,Size,SHA256TreeHash';
  writeFileSync(csv, `${header}\nklm,"a, \\"b\\"",2012-05-15T17:19:46.700Z,1,${hash}\n`);
  expect(JSON.parse((await run(state, 'import', csv, '--json')).out)).toEqual({
    vault: null,
    inventoryDate: null,
    rows: 1,
    inserted: 1,
  });

  const [listed, all, exported, other, usage] = await Promise.all([
    run(state, 'list', '--vault', 'examplevault', '--search', 'hyper', '--json'),
    run(state, 'list'),
    run(state, 'export', '--format', 'csv', '--search', 'hyperlink'),
    run(state, 'list', '--vault', 'nowhere', '--json'),
    run(state, 'import', csv, '--vault', 'no/vault'),
  ]);
  expect(JSON.parse(listed.out)).toEqual([
    {
      id: 'abcdefghij',
      vault: 'examplevault',
      name: '=HYPERLINK(1)',
      description: archive.ArchiveDescription,
      dialect: 'fastglacier-v4',
      size: archive.Size,
      createdAt: archive.CreationDate,
      treeHash: hash,
      state: 'archived',
    },
  ]);
  expect(all.out).toContain('a, "b"');
  expect(all.out).toContain('2 archives, 44.0 TB');
  expect(exported.out.split('\r\n')[1]).toContain(`,examplevault,"'=HYPERLINK(1)",`);
  expect(other).toMatchObject({ status: 1 });
  expect(JSON.parse(other.out)).toMatchObject({ error: { code: 'config-missing' } });
  expect(usage).toMatchObject({ status: 2 });
  expect(readdirSync(path.join(state, 'agent'))).toContain('archives.db');
});

test('who has read enough of a long list is no error', async () => {
  const folder = scratchFolder();
  const ArchiveList = Array.from({ length: 5000 }, (_, n) => ({
    ArchiveId: `${n}`.padStart(138, 'a'),
    ArchiveDescription: `${n}.tar`,
    CreationDate: '2012-05-15T17:19:46.700Z',
    Size: 1,
    SHA256TreeHash: hash,
  }));
  const inventory = path.join(folder, 'inventory.json');
  writeFileSync(inventory, JSON.stringify({ VaultARN: null, InventoryDate: null, ArchiveList }));
  await run(folder, 'import', inventory);
  for (const words of ['list', 'list --json', 'export --format csv']) {
    const ended = await new Promise<string>((resolve) => {
      execFile(
        '/bin/bash',
        ['-o', 'pipefail', '-c', `"$0" "$1" archives ${words} | head -n 1 | wc -l`, process.execPath, cli],
        { cwd: root, env: { ...process.env, LATCHKEY_DIR: folder } },
        (error, out, err) => resolve(`${error?.code ?? 0} ${out.trim()} ${err}`),
      );
    });
    expect(ended).toBe('0 1 ');
  }
});
