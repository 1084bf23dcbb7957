import type { Job } from '../../lib/archive.ts';
import { LatchkeyError } from '../../lib/errors.ts';
import type { ArchiveView, Catalogue, Imported, Page, Totals, VaultView } from './catalogue.ts';
import { startThread, type Thread } from './thread.ts';

/** Opens or makes `archives.db`. Throws `config-unreadable` where it cannot be opened or brought up to date. */
export async function openCatalogue(
  file: string,
  { now = () => Date.now() }: { readonly now?: () => number } = {},
): Promise<Catalogue> {
  const { thread, worker } = startThread({ task: 'serve', file });
  await new Promise<void>((resolve, reject) => {
    worker.once('error', (error) =>
      reject(new LatchkeyError('config-unreadable', `${file}: ${error.message}`)),
    );
    worker.once('message', () => resolve());
  });
  /** Started with the first import. */
  let importing: Thread | undefined;
  let closing: Promise<unknown> | undefined;

  return {
    importFile(source, progress) {
      if (closing !== undefined) return Promise.reject(new LatchkeyError('tool-failed', 'archives: closed'));
      importing ??= startThread({ task: 'import', file }).thread;
      return importing.ask<Imported>({ ask: 'import', source, now: now() }, progress);
    },
    async putVaults(vaults) {
      await thread.ask({ ask: 'putVaults', vaults });
    },
    putArchives: (vault, rows, listedAt) => thread.ask({ ask: 'put', vault, rows, listedAt }),
    endList: (vault, listedAt) => thread.ask({ ask: 'put', vault, listedAt, end: true }),
    async uploaded(vault, rows, at) {
      await thread.ask({ ask: 'put', vault, rows, uploadedAt: at });
    },
    async deleted(vault, ids, at) {
      await thread.ask({ ask: 'put', vault, deleted: { ids, at } });
    },
    putJobs: (jobs) => thread.ask({ ask: 'putJobs', jobs }),
    jobs: (which = {}) => thread.ask<Job[]>({ ask: 'jobs', which }),
    vaults: () => thread.ask<VaultView[]>({ ask: 'vaults' }),
    totals: (vault) =>
      thread.ask<Totals>({ ask: 'totals', now: now(), ...(vault === undefined ? {} : { vault }) }),
    page: (query) => thread.ask<Page>({ ask: 'page', query, now: now() }),
    archive: (vault, id) => thread.ask<ArchiveView | undefined>({ ask: 'archive', vault, id, now: now() }),
    withTreeHash: (treeHash, size) =>
      thread.ask<ArchiveView[]>({ ask: 'withTreeHash', treeHash, size, now: now() }),
    version: () => thread.ask<number>({ ask: 'version' }),
    restores: {
      records: () => thread.ask({ ask: 'restores' }),
      items: (query) => thread.ask({ ask: 'restoreItems', query }),
      sums: (restore, since) => thread.ask({ ask: 'restoreSums', restore, since }),
      chosenness: (choosing) => thread.ask({ ask: 'chosenness', choosing }),
      begin: (choosing, record) => thread.ask({ ask: 'putBegin', choosing, record }),
      change: (change) => thread.ask({ ask: 'putRestore', change }),
    },
    async close() {
      closing ??= Promise.all([importing?.close(), thread.close()]);
      await closing;
    },
  };
}
