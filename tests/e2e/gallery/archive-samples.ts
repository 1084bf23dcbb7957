import type { ArchiveQuery, ArchivesState } from '../../../app/_state/archive-types.ts';
import type { ArchiveRow } from '../../../lib/protocol/archives.ts';
import type { ResultOf } from '../../../lib/protocol/message.ts';
import { now, wall } from './ban-samples.ts';

/** The archives of the design's pictures, told on Tuesday, 12 May 2026, 14:32. No product code imports this. */

type Totals = ResultOf<'archives'>;
type Whole = NonNullable<ResultOf<'archive'>['archive']>;

const vaultOf = (name: string) => `arn:aws:glacier:eu-north-1:123456789012:vaults/${name}`;
const at = (year: number, month: number, day: number, hour = 12, minute = 0) =>
  Date.UTC(year, month - 1, day, hour, minute);
const here = (day: number, hour: number, minute: number) => new Date(2026, 4, day, hour, minute).getTime();

const archiveId =
  'kKB7ymWJVpPSwhGP6ycSOAekp9ZYe_--zM_mw6k76ZFGEIWQX-ybtRDvc2VkPSDtfKmQrj0IRQLSGsNuDp-AJVlu2ccmDSyDUmZwKbwbpAdGATGDiB3hHO0bjbGehXTcApVud_wyDw';
const treeHash = 'beb0fe31a1c7ca8c6c04d574ea906e3f97b31fdca7571defb5b44dca89b5af60';

const row = (
  name: string,
  vault: string,
  createdAt: number,
  size: number,
  more: Partial<ArchiveRow> = {},
) => ({
  vault: vaultOf(vault),
  id:
    name === 'Photos 2020, raw' || name.startsWith('Mail') ? archiveId : `${name} ${archiveId}`.slice(0, 138),
  name,
  size,
  createdAt,
  state: 'archived' as const,
  ...more,
});

const mail = row('Mail export, all accounts', 'papers', at(2024, 4, 2, 22, 17), 18_204_115_968, {
  state: 'restoring',
  until: here(12, 18, 40),
});
const studio2 = row('Studio masters, Volume 2', 'studio', at(2023, 2, 28), 96_400_000_000, {
  state: 'ready',
  until: here(14, 9, 10),
});
const photos2020 = row('Photos 2020, raw', 'photos', at(2021, 1, 11, 3, 40), 388_104_220_672);
const all: ArchiveRow[] = [
  mail,
  row('Tax and contracts to 2023', 'papers', at(2024, 1, 14), 2_100_000_000),
  row('Photos 2023, raw', 'photos', at(2024, 1, 8), 367_000_000_000),
  row('Studio masters, Volume 3', 'studio', at(2023, 11, 19), 88_000_000_000),
  row('', 'studio', at(2023, 8, 2), 4_700_000_000),
  studio2,
  row('Photos 2022, raw', 'photos', at(2023, 1, 6), 341_000_000_000),
  photos2020,
  row('House plans and permits', 'papers', at(2020, 9, 30), 640_000_000),
  row('Photos 2019, raw', 'photos', at(2020, 1, 3), 412_000_000_000),
  row('Studio masters, Volume 1', 'studio', at(2019, 6, 17), 71_900_000_000),
];

const vault = (name: string, archives: number, bytes: number) => ({
  vault: vaultOf(name),
  kind: 'vault' as const,
  name,
  region: 'eu-north-1',
  archives,
  bytes,
  countedAt: here(11, 3, 12),
});
export const totals: Totals = {
  type: 'archives',
  revision: 7,
  archives: 214,
  bytes: 1_838_400_000_000,
  unsized: 0,
  countedAt: here(11, 3, 12),
  vaults: [
    vault('photos', 31, 1_508_000_000_000),
    vault('studio', 140, 309_460_000_000),
    vault('papers', 43, 20_940_000_000),
  ],
  more: 0,
  years: [
    { year: 2016, archives: 12, bytes: 41_000_000_000 },
    { year: 2017, archives: 18, bytes: 88_000_000_000 },
    { year: 2018, archives: 21, bytes: 130_000_000_000 },
    { year: 2019, archives: 30, bytes: 171_900_000_000 },
    { year: 2020, archives: 41, bytes: 412_640_000_000 },
    { year: 2021, archives: 22, bytes: 388_100_000_000 },
    { year: 2022, archives: 9, bytes: 32_560_000_000 },
    { year: 2023, archives: 38, bytes: 204_000_000_000 },
    { year: 2024, archives: 23, bytes: 370_200_000_000 },
  ],
  inventories: [],
  problems: [],
  mayRestore: true,
};

const { countedAt: _countedAt, ...uncounted } = totals;
const nothing: Totals = { ...uncounted, archives: 0, bytes: 0, years: [] };
const ready = { state: 'ready', agoMs: 2000 } as const;
const said = <Value>(value: Value, ago = 2000) => ({ value, at: now - ago });

function list(rows: readonly ArchiveRow[], query: ArchiveQuery = {}, count?: number): ArchivesState['list'] {
  return {
    query,
    settling: false,
    rows,
    more: false,
    ...(count === undefined ? {} : { count }),
    load: ready,
  };
}

export const whole: Whole = {
  ...photos2020,
  description: 'Photos 2020, raw',
  dialect: 'plain',
  storageClass: 'VAULT',
  treeHash,
  region: 'eu-north-1',
  vaultName: 'photos',
};
const mailWhole: Whole = {
  ...whole,
  ...mail,
  description: mail.name,
  vaultName: 'papers',
  askedAt: here(12, 13, 38),
  askedBy: 'Laptop',
};

const chosen = (of: ArchiveRow, archive: Whole): NonNullable<ArchivesState['chosen']> => ({
  row: of,
  said: said({ type: 'archive' as const, archive }),
  load: ready,
});

const active = (rows: readonly ArchiveRow[]): ArchivesState['active'] => ({
  said: said({ type: 'archiveList' as const, revision: 7, rows: [...rows] }),
  load: ready,
});

const idle = {
  importing: { step: 'none' },
  exporting: { step: 'none' },
  inventory: { step: 'none' },
} as const;
const calm: ArchivesState = {
  ...idle,
  totals: said(totals),
  load: ready,
  active: active([mail, studio2]),
  list: list(all),
};

/** Letters that turn the line, a script, a formula, a path: all of it is text. */
const nasty =
  '<img src=x onerror=alert(1)>\u202egnp.exe =HYPERLINK("http://x.example","y") ../../etc/passwd\u0007 ' +
  'and a name that goes on for longer than any screen is wide, because nobody who wrote it had to read it';
const nastyRow = row(nasty.slice(0, 200), 'studio', at(2022, 5, 5), 40 * 2 ** 40, {
  cut: true,
  state: 'failed',
});

export const states = {
  calm: () => calm,
  mail: (): ArchivesState => ({ ...calm, chosen: chosen(mail, mailWhole) }),
  photos: (): ArchivesState => ({ ...calm, chosen: chosen(photos2020, whole) }),
  nasty: (): ArchivesState => ({
    ...calm,
    active: active([nastyRow]),
    list: list([nastyRow, ...all]),
    chosen: chosen(nastyRow, {
      ...whole,
      ...nastyRow,
      name: nasty,
      description: `<m><v>4</v><p>${nasty}</p></m>`,
      dialect: 'fastglacier-v4',
      storageClass: 'DEEP_ARCHIVE',
    }),
  }),
  found: (): ArchivesState => ({ ...calm, list: list([photos2020], { search: 'photos 2020' }, 1) }),
  empty: (): ArchivesState => ({
    ...idle,
    totals: said({ ...nothing, vaults: [] }),
    load: ready,
    active: active([]),
    list: list([]),
  }),
  uncounted: (): ArchivesState => ({
    ...idle,
    totals: said({
      ...nothing,
      vaults: totals.vaults.map(({ countedAt: _countedAt, ...one }) => ({ ...one, archives: 0, bytes: 0 })),
      inventories: [{ vault: vaultOf('photos'), status: 'running', askedMs: 7_300_000 }],
      mayRestore: false,
    }),
    load: ready,
    active: active([]),
    list: list([]),
  }),
  loading: (): ArchivesState => ({
    ...idle,
    load: { state: 'loading' },
    active: { load: { state: 'loading' } },
    list: { query: {}, settling: true, rows: [], more: false, load: { state: 'loading' } },
  }),
  importing: (): ArchivesState => ({
    ...calm,
    importing: { step: 'sending', file: 'photos-inventory.json', size: 41_200_000, sent: 12_400_000 },
    totals: said({
      ...totals,
      inventories: [
        { vault: vaultOf('photos'), status: 'running', askedMs: 7_300_000 },
        {
          vault: vaultOf('studio'),
          status: 'ready',
          askedMs: 20_000_000,
          fetched: 8_000_000,
          size: 31_000_000,
        },
      ],
    }),
  }),
  asks: (): ArchivesState => ({
    ...calm,
    importing: { step: 'asks', file: 'inventory.csv', size: 31_000, rows: 128 },
  }),
  broken: (): ArchivesState => ({
    ...calm,
    importing: {
      step: 'failed',
      file: 'inventory.json',
      code: 'archives-malformed',
      detail: 'byte 18204: no archive id',
    },
  }),
  refused: (): ArchivesState => ({
    ...calm,
    totals: said({ ...totals, problems: [{ source: 'glacier', code: 'archives-denied', ms: 60_000 }] }),
  }),
};

export { now, wall };
