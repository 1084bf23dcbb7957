import type { Archive, Vault } from '../../lib/archive.ts';
import type { ArchiveView, Catalogue } from './catalogue.ts';

/** What an upload asks of the home's catalogue, and tells it. Throws as the catalogue does. */
export interface Known {
  /** What lies in this vault with just these bytes; nothing that we deleted. */
  withBytes(vault: string, treeHash: string, size: number): Promise<ArchiveView[]>;
  /** When AWS counted this vault last; null: it has not, or nobody asked. */
  inventoryAt(vault: string): Promise<number | null>;
  /** Ours since AWS counted. Again, for a row that is known, it changes nothing. */
  arrived(vault: Vault, rows: readonly Archive[], at: number): Promise<void>;
  close(): Promise<void>;
}

/** And what other commands ask. */
export interface KnownHere extends Known, Pick<Catalogue, 'vaults' | 'page' | 'withTreeHash'> {}

export function knownOf(catalogue: Catalogue): KnownHere {
  return {
    async withBytes(vault, treeHash, size) {
      const rows = await catalogue.withTreeHash(treeHash, size);
      return rows.filter((row) => row.vault === vault && row.state !== 'deleted');
    },
    async inventoryAt(vault) {
      return (await catalogue.vaults()).find(({ key }) => key === vault)?.inventoryAt ?? null;
    },
    async arrived(vault, rows, at) {
      await catalogue.putVaults([vault]);
      await catalogue.uploaded(vault.key, rows, at);
    },
    vaults: () => catalogue.vaults(),
    page: (query) => catalogue.page(query),
    withTreeHash: (treeHash, size) => catalogue.withTreeHash(treeHash, size),
    close: () => catalogue.close(),
  };
}
