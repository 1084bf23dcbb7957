import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { Journal, journalFile } from '../../server/archives/journal.ts';
import { TreeHash } from '../../server/archives/tree-hash.ts';

export const runName = '20260102T030405Z';

/** A finished run of one tree, as `stage` leaves it. @returns its pieces by name. */
export function stagedRun(options: {
  readonly complete: string;
  readonly journals: string;
  readonly contents: readonly Buffer[];
}): Map<string, Buffer> {
  const { complete, journals, contents } = options;
  const lies = path.join(complete, runName);
  mkdirSync(lies, { recursive: true });
  mkdirSync(journals, { recursive: true });
  const journal = new Journal(journalFile(journals, runName));
  journal.append({ type: 'run', run: runName, at: 1, plan: 'x', compress: 'xz', encrypt: null });
  const files = new Map<string, Buffer>();
  for (const [index, bytes] of contents.entries()) {
    const name = `etc.tar.${String(index).padStart(6, '0')}.xz`;
    writeFileSync(path.join(lies, name), bytes);
    files.set(name, bytes);
    const leaves: Buffer[] = [];
    const treeHash = new TreeHash((leaf) => leaves.push(leaf)).update(bytes).digest().toString('hex');
    const { length: size } = bytes;
    journal.append({
      ...{ type: 'piece', tree: 'etc', index, name, size, treeHash },
      leaves: Buffer.concat(leaves).toString('base64'),
    });
  }
  journal.append({
    ...{ type: 'tree', tree: 'etc', source: '/etc', content: 'tar', pieces: contents.length, bytes: 1 },
  });
  journal.append({ type: 'done', at: 2 });
  journal.close();
  return files;
}
