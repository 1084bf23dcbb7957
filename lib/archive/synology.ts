/**
 * Synology's Glacier Backup puts each file into the vault X as an archive without a name, and beside it a vault
 * X_mapping, whose newest archive is an SQLite database that tells of which file each archive is. Pure.
 */

const suffix = '_mapping';

/** What an SQLite database begins with. */
export const databaseMagic = 'SQLite format 3\0';

/** The name of the vault that tells the names of this one's archives. */
export function mappingVault(vault: string): string {
  return `${vault}${suffix}`;
}

/** A file's name: the shared folder, and the path in it. Text of others. */
export function sharedPath(share: string, path: string): string {
  const base = path.replace(/^\/+/, '');
  const folder = share.replace(/\/+$/, '');
  return folder === '' ? base : `${folder}/${base}`;
}

/** What the first 100 bytes of an SQLite database say of its length (https://sqlite.org/fileformat2.html, 1.3). */
export function databaseLength(head: Uint8Array): number | undefined {
  if (head.length < 100) return undefined;
  const view = new DataView(head.buffer, head.byteOffset, head.length);
  const page = view.getUint16(16) === 1 ? 65_536 : view.getUint16(16);
  // The count of pages is true only where the last writer kept it (1.3.8).
  const pages = view.getUint32(24) === view.getUint32(92) ? view.getUint32(28) : 0;
  if (page < 512 || (page & (page - 1)) !== 0) return undefined;
  return Math.max(page * pages, page);
}
