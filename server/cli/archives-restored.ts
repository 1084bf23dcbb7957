import path from 'node:path';
import type { RestoreView } from '../../lib/protocol/restores.ts';
import type { RestoredFile } from '../agent/archives/restore-control.ts';
import { readRuns } from '../archives/journal.ts';
import { match } from '../archives/match.ts';
import type { ControlClient } from '../control-client.ts';
import { folders } from '../folders.ts';
import { gpgEnvironment, barOn } from './archives-bar.ts';
import { matchAsJson, matchReport, openCompared } from './archives-match.ts';

/**
 * What came back, put together: the lines for a shell. Files that the home agent compared as they came are not hashed
 * again, unless somebody wrote to them since.
 */
export async function printRestored(
  control: ControlClient,
  { restore }: RestoreView,
  folder: string,
  { ask = false, json = false }: { readonly ask?: boolean; readonly json?: boolean },
): Promise<void> {
  const back = await everyFile(control);
  const byName = new Map(back.map((file) => [file.file, file]));
  const catalogue = await openCompared();
  const bar = barOn(process.stderr);
  try {
    const found = await match({
      directory: folder,
      catalogue,
      runs: readRuns(path.join(folders().root, 'journal')),
      gpg: { env: gpgEnvironment(), ask },
      compared: ({ name, size, mtimeMs }) => {
        const file = byName.get(name);
        return file?.size === size && mtimeMs <= file.checkedAt ? (file.treeHash ?? undefined) : undefined;
      },
      onProgress: ({ files, ofFiles, bytes, ofBytes }) =>
        bar.tell({ label: `file ${Math.min(files + 1, ofFiles)} of ${ofFiles}`, done: bytes, of: ofBytes }),
    });
    bar.clear();
    const ours = new Set(back.filter((file) => file.restore === restore).map(({ file }) => file));
    const isOurs = (file: { readonly file: Buffer }) => ours.has(file.file.toString('utf8'));
    const groups = found.groups.filter(({ files }) => files.some(isOurs));
    const mine = { ...found, groups, files: found.files.filter(isOurs) };
    process.stdout.write(json ? `${JSON.stringify(matchAsJson(mine))}\n` : `\n${matchReport(mine)}`);
  } finally {
    bar.clear();
    await catalogue.close?.();
  }
}

async function everyFile(control: ControlClient): Promise<RestoredFile[]> {
  const files: RestoredFile[] = [];
  for (let from: number | undefined = 0; from !== undefined;) {
    const answer = (await control.ask({ verb: 'restored', from })) as unknown as {
      files: RestoredFile[];
      next?: number;
    };
    files.push(...answer.files);
    from = answer.next;
  }
  return files;
}
