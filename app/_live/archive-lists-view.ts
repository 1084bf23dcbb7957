import { countedWords } from './archive-words.ts';
import { nameInKey, vaultName } from './archives-view.ts';
import { plain, reasonWords, remedyWords } from './words.ts';
import { isErrorCode } from '../../lib/errors.ts';
import type { ResultOf } from '../../lib/protocol/message.ts';
import { shownText } from '../../lib/shown-text.ts';
import type { ImportState } from '../_state/archive-import.ts';
import type { ArchivesState } from '../_state/archive-types.ts';
import type { HomeState } from '../_state/types.ts';
import type { MoreFace, TakingFace } from '../_ui/archive-types.ts';
import type { ChartFace } from '../_ui/ban-types.ts';
import { span } from '../_ui/durations.ts';
import { grouped, sizeWords } from '../_ui/sizes.ts';
import { archivesText as words } from '../_text/archives.ts';

/** Lists of archives as a whole: made by AWS, brought as files, taken away as files. */

type Totals = ResultOf<'archives'>;
type Inventory = Totals['inventories'][number];

/** Of an error that crossed the wire as its code. */
export function problemWords(code: string): readonly [sentence: string, remedy: string] {
  const own = words.problems[code];
  if (!isErrorCode(code)) return [own ?? shownText(code), ''];
  return [own ?? reasonWords(code), remedyWords(code)];
}

const nameOf = ({ vaults }: Totals, key: string) => {
  const found = vaults.find(({ vault }) => vault === key);
  return found === undefined ? nameInKey(key) : vaultName(found);
};

/** Further sentences of one kind are one. */
const mostNotes = 3;

export function listNotes(said: Totals, agoMs: number): string[] {
  const each = said.inventories.map((one) => listWords(one, nameOf(said, one.vault), agoMs));
  const running = said.inventories.filter(({ status }) => status === 'running');
  const oldest = Math.max(...running.map(({ askedMs }) => askedMs));
  const many = running.length > mostNotes;
  const shown = each.filter((_, i) => !many || said.inventories[i]?.status !== 'running');
  return [
    ...(many ? [words.listing.running(words.someVaults(running.length), span(oldest + agoMs))] : []),
    ...shown.slice(0, mostNotes + 1),
    ...unlistedWords(said),
  ];
}

/** Counted by AWS, and no list was ever taken in: there is nothing to look at yet. */
function unlistedWords({ vaults }: Totals): string[] {
  const names = vaults.flatMap((one) => (one.unlisted === true ? [vaultName(one)] : []));
  if (names.length === 0) return [];
  return [words.unlisted(names.length > mostNotes ? words.someVaults(names.length) : names.join(', '))];
}

function listWords(
  { status, askedMs, fetched, size, message }: Inventory,
  what: string,
  agoMs: number,
): string {
  const { listing } = words;
  const ago = span(askedMs + agoMs);
  switch (status) {
    case 'asking':
      return listing.asking(what);
    case 'running':
      return listing.running(what, ago);
    case 'ready':
      return fetched === undefined || size === undefined || fetched === 0
        ? listing.ready(what, ago)
        : listing.coming(what, sizeWords(fetched), sizeWords(size));
    case 'failed':
      return message === undefined ? listing.failed(what) : listing.failedWhy(what, shownText(message));
  }
}

/** What is taken in now: by this device, else by another. `wall` Unix ms. */
export function takingFace(state: ArchivesState, wall: number): TakingFace | undefined {
  const elsewhere = state.totals?.value.importing;
  const own = ownTaking(state.importing, elsewhere, wall);
  if (own !== undefined || elsewhere === undefined) return own;
  const { bytes, ofBytes, rows, finishing } = elsewhere;
  const read = rows > 0 ? words.takingRows(grouped(rows)) : undefined;
  const part = ofBytes === undefined ? sizeWords(bytes) : words.part(sizeWords(bytes), sizeWords(ofBytes));
  return {
    title: words.elsewhere,
    words: finishing ? words.finishing : (read ?? part),
    ...(ofBytes === undefined ? {} : { left: bytes, of: ofBytes }),
    stops: false,
  };
}

function ownTaking(state: ImportState, home: Totals['importing'], wall: number): TakingFace | undefined {
  switch (state.step) {
    case 'none':
      return undefined;
    case 'checking':
    case 'sending': {
      const sends = state.step === 'sending';
      const done = sends ? state.sent : state.read;
      const file = shownText(state.file);
      return {
        title: sends ? words.sending(file) : words.checking(file),
        words: words.part(sizeWords(done), sizeWords(state.size)),
        left: done,
        of: Math.max(1, state.size),
        stops: true,
      };
    }
    case 'asks':
      return {
        title: shownText(state.file),
        words: words.asksVault(grouped(state.rows), state.rows === 1),
        stops: true,
        asks: true,
      };
    case 'taking':
      return {
        title: words.taking(shownText(state.file)),
        words:
          home === undefined ? '' : home.finishing ? words.finishing : words.takingRows(grouped(home.rows)),
        stops: false,
      };
    case 'done': {
      const { rows, inserted, gone, stale, inventoryAt } = state.result;
      const sentences = stale
        ? [words.doneStale]
        : [
            words.doneRows(grouped(rows), grouped(inserted)),
            ...(gone > 0 ? [words.doneGone(grouped(gone))] : []),
            ...(inventoryAt === undefined ? [] : [words.asOf(countedWords(inventoryAt, wall, false))]),
          ];
      return {
        title: words.done(shownText(state.file)),
        words: sentences.join(' '),
        stops: false,
        ended: 'done',
      };
    }
    case 'failed': {
      const [sentence, remedy] = problemWords(state.code);
      const where = state.detail === undefined ? [] : [words.inFile(shownText(plain(state.detail)))];
      return {
        title: words.notTaken(shownText(state.file)),
        words: [sentence, ...where, remedy].join(' '),
        stops: false,
        ended: 'failed',
      };
    }
  }
}

/** What was stored in each year; undefined where nobody knows. */
export function yearsChart({ years }: Pick<Totals, 'years'>): ChartFace | undefined {
  const first = years[0]?.year;
  const last = years.at(-1)?.year;
  if (first === undefined || last === undefined) return undefined;
  // a year without archives is a gap, not a place that another takes
  const slots = Array.from({ length: last - first + 1 }, (_, i) => first + i).slice(-60);
  const of = (slot: number) => years.find(({ year }) => year === slot);
  const counts = slots.map((slot) => of(slot)?.bytes ?? 0);
  const most = Math.max(...counts);
  const peak = counts.indexOf(most);
  return {
    title: words.years,
    what: words.yearsWhat,
    rows: [{ key: 'bytes', label: words.size, mono: false, counts }],
    slots: slots.map(String),
    slotHead: words.year,
    axis: slots.length > 1 ? [[0, String(slots[0])]] : [],
    now: String(last),
    harm: false,
    ...(most === 0
      ? {}
      : { peak: { row: 'bytes', slot: peak, label: words.peak(sizeWords(most), String(slots[peak])) } }),
    words: sizeWords,
    beside: { label: words.archives, cells: slots.map((slot) => grouped(of(slot)?.archives ?? 0)) },
  };
}

export function moreFace(home: HomeState, state: ArchivesState, chart: ChartFace | undefined): MoreFace {
  const said = state.totals?.value;
  const { query } = state.list;
  const vault = said === undefined || query.vault === undefined ? undefined : nameOf(said, query.vault);
  const asked = askedWords(state);
  const exported = exportWords(state);
  return {
    ...(chart === undefined ? {} : { chart }),
    ask: vault === undefined ? words.ask : words.askOne(vault),
    asking: state.inventory.step === 'asking',
    ...(asked === undefined ? {} : { asked }),
    ...(said === undefined || said.mayRestore
      ? {}
      : { mayNot: { words: words.mayNot(home.name), command: words.allow(commandWord(home.deviceName)) } }),
    exports:
      query.search !== undefined
        ? words.exportFound
        : vault === undefined
          ? words.exportAll
          : words.exportVault(vault),
    exporting: state.exporting,
    ...(exported === undefined ? {} : { exportWords: exported }),
    busy: state.importing.step !== 'none' || said?.importing !== undefined,
  };
}

/** A name with anything but plain letters is quoted, so that a shell takes it as one word. */
function commandWord(name: string): string {
  return /^[\w.-]+$/.test(name) ? name : `'${name.replaceAll("'", String.raw`'\''`)}'`;
}

function askedWords({ inventory }: ArchivesState): string | undefined {
  if (inventory.step === 'asked')
    return inventory.vaults === 0 ? words.askedNone : words.askedAws(inventory.vaults);
  return inventory.step === 'failed' ? problemWords(inventory.code).join(' ') : undefined;
}

function exportWords({ exporting }: ArchivesState): string | undefined {
  switch (exporting.step) {
    case 'none':
      return undefined;
    case 'running':
      return words.fetched(
        grouped(exporting.rows),
        exporting.of === undefined ? undefined : grouped(exporting.of),
      );
    case 'done':
      return words.exported(grouped(exporting.rows), exporting.rows === 1);
    case 'failed':
      return `${words.notExported} ${problemWords(exporting.code).join(' ')}`;
  }
}
