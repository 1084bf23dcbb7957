import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { treeHashOf } from '../../server/archives/tree-hash.ts';
import { cli } from '../support/built.ts';
import { folder } from './archive-tools.ts';

// Root's command where the catalogue is the home agent's: its files are made and opened as that user, by a clerk.

const nobody = 65534;

function latchkey(root: string, ...args: string[]) {
  const ended = spawnSync(process.execPath, [cli, 'archives', ...args], {
    encoding: 'utf8',
    env: { ...process.env, LATCHKEY_DIR: root },
  });
  return { code: ended.status, stdout: ended.stdout, stderr: ended.stderr };
}

/** A home whose agent is another user, with one archive in its catalogue, and a folder that only root may read with it. */
function home() {
  const root = folder();
  chmodSync(root, 0o755);
  const agent = path.join(root, 'agent');
  mkdirSync(agent, { mode: 0o700 });
  chownSync(agent, nobody, nobody);
  const bytes = Buffer.from('what was once put there');
  const inventory = path.join(root, 'inventory.json');
  writeFileSync(
    inventory,
    JSON.stringify({
      VaultARN: 'arn:aws:glacier:us-west-2:123456789012:vaults/photos',
      InventoryDate: '2026-06-01T00:00:00Z',
      ArchiveList: [
        {
          ArchiveId: 'A'.repeat(138),
          ArchiveDescription: 'one.tar',
          CreationDate: '2019-01-01T00:00:00Z',
          Size: bytes.length,
          SHA256TreeHash: treeHashOf(bytes),
        },
      ],
    }),
  );
  const back = path.join(root, 'back');
  mkdirSync(back, { mode: 0o700 });
  writeFileSync(path.join(back, 'renamed'), bytes);
  return { root, agent, inventory, back };
}

const owners = (of: string) => [
  ...new Set(readdirSync(of).map((name) => lstatSync(path.join(of, name)).uid)),
];

test('root matches a folder of its own with the catalogue of the home agent, whose files stay that user’s', () => {
  const { root, agent, inventory, back } = home();
  expect(latchkey(root, 'import', inventory, '--json').stdout).toContain('"inserted":1');
  expect(owners(agent)).toEqual([nobody]);
  const found = latchkey(root, 'match', back, '--json');
  expect(found.stderr).toBe('');
  expect(JSON.parse(found.stdout)).toMatchObject({
    files: [{ file: 'renamed', archives: [{ vault: 'photos', name: 'one.tar' }] }],
  });
  expect(owners(agent)).toEqual([nobody]);
});

test('a link in place of the catalogue leads root nowhere', () => {
  const { root, agent, inventory, back } = home();
  latchkey(root, 'import', inventory);
  for (const name of readdirSync(agent)) rmSync(path.join(agent, name));
  const secret = path.join(root, 'secret');
  writeFileSync(secret, '', { mode: 0o600 });
  symlinkSync(secret, path.join(agent, 'archives.db'));
  for (const args of [['match', back], ['list'], ['import', inventory]]) {
    const { code, stderr } = latchkey(root, ...args);
    expect([args[0], code]).toEqual([args[0], 1]);
    expect(stderr).toMatch(/^(?:config|archives|tool)-/);
    expect(readFileSync(secret, 'utf8')).toBe('');
    expect(readdirSync(root).sort()).toEqual(['agent', 'back', 'inventory.json', 'secret']);
  }
});
