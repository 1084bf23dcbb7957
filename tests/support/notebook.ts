import { existsSync, readFileSync } from 'node:fs';
import type { Archive, Job, Vault } from '../../lib/archive.ts';
import { LatchkeyError } from '../../lib/errors.ts';
import { writeWhole } from '../../server/files.ts';
import type { Imported } from '../../server/archives/catalogue.ts';
import type { WatchCatalogue } from '../../server/archives/watch.ts';

interface Kept {
  vaults: Vault[];
  jobs: Job[];
  rows: { vault: string; listedAt: number; row: Archive }[];
}

export interface Notebook extends WatchCatalogue {
  readonly kept: Kept;
}

/**
 * What the watch needs of a catalogue, in a file written whole at each change and without a thread: where a test is about
 * asking and waiting, not about searching. `archive-kill.test.ts` has the real one.
 */
export function openNotebook(file: string): Notebook {
  const kept: Kept = existsSync(file)
    ? (JSON.parse(readFileSync(file, 'utf8')) as Kept)
    : { vaults: [], jobs: [], rows: [] };
  const save = <Result>(result: Result): Promise<Result> => {
    writeWhole(file, JSON.stringify(kept), 0o600);
    return Promise.resolve(result);
  };
  const putRows = (vault: string, rows: readonly Archive[], listedAt: number): void => {
    for (const row of rows) {
      kept.rows = kept.rows.filter((one) => one.vault !== vault || one.row.id !== row.id);
      kept.rows.push({ vault, listedAt, row });
    }
  };
  return {
    kept,
    putVaults(vaults) {
      for (const vault of vaults)
        kept.vaults = [...kept.vaults.filter(({ key }) => key !== vault.key), vault];
      return save(undefined);
    },
    vaults: () =>
      Promise.resolve(kept.vaults.map((vault) => ({ ...vault, archives: 0, bytes: 0, inventoryAt: null }))),
    putArchives(vault, rows, listedAt) {
      putRows(vault, rows, listedAt);
      return save({ inserted: rows.length });
    },
    endList(vault, listedAt) {
      kept.rows = kept.rows.filter((one) => one.vault !== vault || one.listedAt >= listedAt);
      return save({ gone: 0 });
    },
    putJobs(jobs) {
      for (const job of jobs) kept.jobs = [...kept.jobs.filter(({ id }) => id !== job.id), job];
      return save(undefined);
    },
    jobs: ({ vault, kind, status } = {}) =>
      Promise.resolve(
        kept.jobs.filter(
          (job) =>
            (vault === undefined || job.vault === vault) &&
            (kind === undefined || job.kind === kind) &&
            (status === undefined || status.includes(job.status)),
        ),
      ),
    importFile({ fd, vault = '' }) {
      let told: { InventoryDate: string; ArchiveList: Record<string, string | number>[] };
      try {
        told = JSON.parse(readFileSync(fd, 'utf8')) as typeof told;
      } catch (cause) {
        return Promise.reject(new LatchkeyError('archives-malformed', 'byte 0', { cause }));
      }
      const at = Date.parse(told.InventoryDate);
      const rows = told.ArchiveList.map((one): Archive => {
        const [id, description] = [String(one['ArchiveId']), String(one['ArchiveDescription'])];
        const size = Number(one['Size']);
        return { id, description, createdAt: 0, size, treeHash: null, storageClass: 'VAULT' };
      });
      putRows(vault, rows, at);
      const imported: Imported = {
        kind: 'inventory-json',
        vault: null,
        inventoryAt: at,
        rows: rows.length,
        inserted: rows.length,
        gone: 0,
        stale: false,
      };
      return save(imported);
    },
  };
}
