import { saveFile } from './file-drop.ts';
import type { HomeArchives } from '../_state/home-archives.ts';
import type { ListActs } from '../_screens/archives-more.tsx';
import { archivesText as words } from '../_text/archives.ts';

/** What a person does with lists as a whole, done. */
export function listActs(archives: HomeArchives): ListActs {
  const { imports, exports } = archives;
  const state = () => archives.get();
  return {
    onSort: (sort, descending) => {
      const { sort: _sort, descending: _descending, ...query } = state().list.query;
      const plain = sort === 'created' && descending;
      archives.filter(plain ? query : { ...query, sort, descending });
    },
    onAsk: () => void archives.askInventory(state().list.query.vault),
    onFile: (file) => imports.start(file),
    onVault: (vault) => imports.goOn(vault === '' ? undefined : vault),
    onStop: () => imports.stop(),
    onExport: (format) => {
      const { list, totals } = state();
      const vaults = totals?.value.vaults ?? [];
      const { vault, search } = list.query;
      const all =
        vault === undefined ? totals?.value.archives : vaults.find((one) => one.vault === vault)?.archives;
      exports.start(
        format,
        list.query,
        search === undefined ? all : list.count,
        (key) => vaults.find((one) => one.vault === key)?.name,
      );
    },
    onStopExport: () => exports.stop(),
    onSave: () => {
      const { exporting } = state();
      if (exporting.step !== 'done') return;
      const { format, text } = exporting;
      const type = format === 'csv' ? 'text/csv' : 'application/json';
      saveFile(`${words.fileName}.${format}`, `${type};charset=utf-8`, text);
    },
  };
}
