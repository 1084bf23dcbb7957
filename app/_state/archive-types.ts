import type { Client } from '../../lib/client/client.ts';
import type { Moment } from '../../lib/client/doors.ts';
import type { Clock } from '../../lib/client/transport.ts';
import type { ArchiveRow, ArchiveSort } from '../../lib/protocol/archives.ts';
import type { ResultOf } from '../../lib/protocol/message.ts';
import type { ErrorCode } from '../../lib/errors.ts';
import type { ExportState } from './archive-export.ts';
import type { ImportState } from './archive-import.ts';
import type { Said } from './ban-types.ts';
import type { Load } from './types.ts';

/** One home, for a screen that brings its own state: nothing of that is loaded or asked before the screen is opened. */
export interface HomeLine {
  readonly client: Client;
  readonly clock: Clock;
  /** Unix ms. */
  readonly wall: () => number;
  readonly moment: () => Moment;
}

/** What is shown of a home's archives. New objects on every change. */
export interface ArchivesState {
  /** Absent: the home has not said in this page's life. */
  readonly totals?: Said<ResultOf<'archives'>>;
  readonly load: Load;
  /** Under way, ready or failed: the first page, within the chosen vault. */
  readonly active: { readonly said?: Said<ResultOf<'archiveList'>>; readonly load: Load };
  readonly list: ArchiveListState;
  readonly chosen?: ChosenArchive;
  readonly importing: ImportState;
  readonly exporting: ExportState;
  readonly inventory: InventoryAsking;
}

/** This device asks AWS for lists. `asked`: of so many vaults one is on its way, or less than a day old. */
export type InventoryAsking =
  | { readonly step: 'none' | 'asking' }
  | { readonly step: 'asked'; readonly vaults: number }
  | { readonly step: 'failed'; readonly code: ErrorCode };

/** What the list shows; absent is the home's own choice. */
export interface ArchiveQuery {
  readonly vault?: string;
  readonly search?: string;
  /** Absent: newest first. */
  readonly sort?: ArchiveSort;
  readonly descending?: boolean;
}

export interface ArchiveListState {
  readonly query: ArchiveQuery;
  /** What is there answers the query before this one. */
  readonly settling: boolean;
  /** From the first on, as far as it was looked at. */
  readonly rows: readonly ArchiveRow[];
  /** There are more behind `rows`. */
  readonly more: boolean;
  /** In all, where the home counted them. */
  readonly count?: number;
  readonly load: Load;
}

export type ArchiveName = Pick<ArchiveRow, 'vault' | 'id'>;

export interface ChosenArchive {
  /** As the list had it. */
  readonly row: ArchiveRow;
  readonly said?: Said<ResultOf<'archive'>>;
  readonly load: Load;
}

/** One text for an archive; ids are unique in their vault. */
export function archiveKey({ vault, id }: ArchiveName): string {
  return `${vault}\n${id}`;
}
