import { csvHeader, csvLine, type Exported } from '../../lib/archive/export.ts';
import type { Client } from '../../lib/client/client.ts';
import { codeOf, type ErrorCode } from '../../lib/errors.ts';
import { archivePage, type ArchiveRow } from '../../lib/protocol/archives.ts';
import type { ArchiveQuery } from './archive-types.ts';

export type ExportFormat = 'json' | 'csv';

export type ExportState =
  | { readonly step: 'none' }
  | { readonly step: 'running'; readonly format: ExportFormat; readonly rows: number; readonly of?: number }
  | {
      readonly step: 'done';
      readonly format: ExportFormat;
      readonly rows: number;
      /** The file's text, in pieces. */
      readonly text: readonly string[];
    }
  | { readonly step: 'failed'; readonly format: ExportFormat; readonly code: ErrorCode };

const csvMark = '\ufeff';

/** What the list shows, all of it, as one file: fetched page by page, so that it can be stopped. */
export class ArchiveExport {
  state: ExportState = { step: 'none' };
  private readonly client: Client;
  private readonly changed: () => void;
  private run = 0;

  constructor(client: Client, changed: () => void) {
    this.client = client;
    this.changed = changed;
  }

  /** `of`: how many there should be; `nameOf`: of a vault's key. */
  start(
    format: ExportFormat,
    query: ArchiveQuery,
    of: number | undefined,
    nameOf: (vault: string) => string | undefined,
  ): void {
    if (this.state.step === 'running') return;
    this.run += 1;
    void this.fetch(format, query, of, nameOf, this.run);
  }

  /** Also leaves an end. */
  stop(): void {
    this.run += 1;
    this.state = { step: 'none' };
    this.changed();
  }

  private say(run: number, state: ExportState): void {
    if (run !== this.run) return;
    this.state = state;
    this.changed();
  }

  private async fetch(
    format: ExportFormat,
    query: ArchiveQuery,
    of: number | undefined,
    nameOf: (vault: string) => string | undefined,
    run: number,
  ): Promise<void> {
    const text: string[] = [format === 'csv' ? csvMark + csvHeader : '['];
    let rows = 0;
    let after: string | undefined;
    try {
      do {
        this.say(run, { step: 'running', format, rows, ...(of === undefined ? {} : { of }) });
        const { value } = await this.client.archives.list({
          ...query,
          whole: true,
          limit: archivePage,
          ...(after === undefined ? {} : { after }),
        });
        if (run !== this.run) return;
        text.push(
          value.rows
            .map((row, i) => {
              const exported = exportedOf(row, nameOf(row.vault));
              if (format === 'csv') return csvLine(exported);
              return `${rows + i === 0 ? '\n' : ',\n'}${JSON.stringify(exported)}`;
            })
            .join(''),
        );
        rows += value.rows.length;
        after = value.next;
      } while (after !== undefined);
      if (format === 'json') text.push(rows === 0 ? ']\n' : '\n]\n');
      this.say(run, { step: 'done', format, rows, text });
    } catch (error) {
      this.say(run, { step: 'failed', format, code: codeOf(error, 'relay-no-answer') });
    }
  }
}

/** As `latchkey archives list --json` has it. */
export function exportedOf(row: ArchiveRow, vaultName: string | undefined): Exported {
  const name = row.whole?.name ?? row.name;
  return {
    id: row.id,
    vault: vaultName ?? (row.vault === '' ? null : row.vault),
    name,
    description: row.whole?.description ?? name,
    dialect: row.whole?.dialect ?? 'plain',
    size: row.size ?? null,
    createdAt: row.createdAt === undefined ? null : new Date(row.createdAt).toISOString(),
    treeHash: row.whole?.treeHash ?? null,
    state: row.state,
  };
}
