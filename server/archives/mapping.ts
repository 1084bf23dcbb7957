import { closeSync, fstatSync, openSync } from 'node:fs';
import type { Catalogue, Imported } from './catalogue.ts';

/**
 * Takes in the archive that was got back from a mapping vault (`VaultView.mapping`): the names of the other vault's
 * archives. Throws as `Catalogue.importFile`; a file of any other kind is refused with `archives-malformed`.
 */
export async function takeMapping(catalogue: Pick<Catalogue, 'importFile'>, file: string): Promise<Imported> {
  const fd = openSync(file, 'r');
  try {
    return await catalogue.importFile({ fd, size: fstatSync(fd).size, only: 'synology-mapping' });
  } finally {
    closeSync(fd);
  }
}
