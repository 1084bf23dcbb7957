import {
  allowCommand,
  capFaces,
  capSize,
  momentCell,
  momentDone,
  momentIn,
  roughSize,
  shareOf,
} from './restore-words.ts';
import { reasonWords, remedyWords } from './words.ts';
import { isErrorCode } from '../../lib/errors.ts';
import type { RestoreRow, RestoreView } from '../../lib/protocol/restores.ts';
import { headlineSize, moneyWords } from '../../lib/restore.ts';
import { shownText } from '../../lib/shown-text.ts';
import type { ProgressState } from '../_state/restore-types.ts';
import type { HomeState } from '../_state/types.ts';
import { span } from '../_ui/durations.ts';
import { grouped, sizeWords } from '../_ui/sizes.ts';
import type { Cell, EntryFace, RestoreRowFace, RestoringFace } from '../_ui/restore-types.ts';
import { restoreText as words } from '../_text/restore.ts';

export interface RestoringMoment {
  /** Monotonic ms. */
  readonly now: number;
  /** Unix ms. */
  readonly wall: number;
  /** This device may ask, pause and go on. */
  readonly mayRestore: boolean;
}

export const rowKey = ({ vault, id }: Pick<RestoreRow, 'vault' | 'id'>): string => `${vault}\n${id}`;
export const rowName = ({ name }: Pick<RestoreRow, 'name'>): string =>
  name.trim() === '' ? words.noName : shownText(name);

/** What is under way, or was last. */
export function restoringFace(
  home: HomeState,
  progress: ProgressState,
  moment: RestoringMoment,
): RestoringFace {
  const { said, fresh, load } = progress;
  const restore = said?.value.restore;
  if (restore === undefined) {
    const asks = home.reach.state === 'asking' || home.reach.state === 'answered';
    const lede =
      load.state === 'failed'
        ? load.code === 'tool-unsupported'
          ? words.notThere(home.name)
          : reasonWords(load.code)
        : said === undefined
          ? (asks ? words.askingNow : words.notReached)(home.name)
          : words.nothing;
    return { title: words.title, lede, ledeWide: lede, rows: [], more: false, old: false };
  }
  const rows = said?.value.rows ?? [];
  const old = fresh ? '' : ` ${words.lastKnown(span(moment.now - (said?.at ?? moment.now)))}`;
  return {
    title: words.back(headlineSize(restore.backBytes)),
    lede: ledeOf(restore, false) + old,
    ledeWide: ledeOf(restore, true) + old,
    run: runFace(home, restore, progress, moment),
    rows: rows.map((row, i) => rowFace(row, rows[i - 1], moment.wall)),
    more: progress.more,
    old: !fresh,
  };
}

function ledeOf(restore: RestoreView, wide: boolean): string {
  const { status, archives, back, failed, bytes, day, days } = restore;
  const cost = moneyWords(restore.cost);
  if (status === 'done') {
    if (failed === 0) return words.doneAll(cost);
    if (back === 0) return words.doneNone(grouped(failed), cost);
    return words.doneSome(grouped(back), grouped(archives), grouped(failed), cost);
  }
  return (
    words.ofSize(headlineSize(bytes)) +
    words.dayOf(day, Math.max(day, days)) +
    (wide ? words.soFarOf(cost, moneyWords(restore.costInAll)) : words.soFar(cost))
  );
}

function runFace(
  home: HomeState,
  restore: RestoreView,
  { acting, failed, fresh }: ProgressState,
  { mayRestore }: RestoringMoment,
): NonNullable<RestoringFace['run']> {
  const { status, pausing = false, perDay, code, backBytes, bytes } = restore;
  const goes = status === 'running' && !pausing;
  const acts = mayRestore && fresh && status !== 'done';
  const note =
    status === 'paused' ? words.paused : status === 'running' && pausing ? words.pausing : undefined;
  const size = perDay === undefined ? undefined : capSize(perDay);
  return {
    share: shareOf(backBytes, bytes),
    label: words.progress(headlineSize(backBytes), headlineSize(bytes)),
    spoken: words.spoken(
      grouped(restore.back),
      grouped(restore.archives),
      restore.failed === 0 ? undefined : grouped(restore.failed),
    ),
    cap: size === undefined ? words.noCapNow : words.cap(size),
    ...(size === undefined ? {} : { capSize: size }),
    capValue: perDay ?? 0,
    caps: capFaces(bytes, perDay),
    disk: words.diskFree(home.name, headlineSize(restore.free)),
    diskLabel: words.diskLabel(home.name),
    free: headlineSize(restore.free),
    ...(code === undefined || status === 'done' ? {} : { stopped: stoppedWords(home.name, code) }),
    ...(note === undefined ? {} : { note }),
    canPause: acts && goes,
    canGoOn: acts && (status === 'paused' || pausing),
    canChange: acts,
    ...(acting === undefined ? {} : { busy: words.acting[acting] }),
    ...(failed === undefined
      ? {}
      : {
          failed: `${words.failedAct[failed.what]} ${reasonWords(failed.code)} ${remedyWords(failed.code)}`,
        }),
    ...(mayRestore || status === 'done'
      ? {}
      : { mayNot: { words: words.mayNot(home.name), command: allowCommand(home) } }),
  };
}

/** What it stopped for, and the one thing to do about it. */
function stoppedWords(home: string, code: string): { readonly title: string; readonly words: string } {
  if (code === 'archives-space') return { title: words.diskFull(home), words: words.makeRoom(home) };
  if (!isErrorCode(code)) return { title: words.stopped, words: `${shownText(code)}. ${words.goesOn(home)}` };
  return {
    title: `${words.stopped}. ${reasonWords(code)}`,
    words: `${remedyWords(code)} ${words.goesOn(home)}`,
  };
}

/** What AWS said of a failure, else our own words. */
export function failureOf({ message, code }: RestoreRow): string {
  if (message !== undefined && message.trim() !== '') return shownText(message);
  return isErrorCode(code) ? reasonWords(code) : shownText(code ?? '');
}

/** A sentence's beginning within another one; names such as S3 and InvalidState stay as they are. */
const lowered = (sentence: string) =>
  sentence.replace(/^\p{Lu}(?=\p{Ll}*(?:[\s,.:;]|$))/u, (first) => first.toLowerCase());

function rowFace(row: RestoreRow, before: RestoreRow | undefined, wall: number): RestoreRowFace {
  const down =
    row.state === 'downloading' || row.state === 'checking' ? shareOf(row.down, row.size) : undefined;
  return {
    key: rowKey(row),
    name: rowName(row),
    size: sizeWords(row.size),
    ...lineOf(row, before, wall),
    ...(down === undefined
      ? {}
      : { down, downLabel: words.downOf(roughSize(row.down), sizeWords(row.size)) }),
    cells: cellsOf(row, wall),
  };
}

type Line = Pick<RestoreRowFace, 'where' | 'after' | 'state' | 'tone'>;

function lineOf(row: RestoreRow, before: RestoreRow | undefined, wall: number): Line {
  const { state, askedMs, readyMs, untilMs, checkedMs } = row;
  const part = row.parts > 1 ? [words.part(row.part, row.parts)] : [];
  const until = untilMs === undefined ? [] : [words.until(momentIn(untilMs, wall))];
  const place = row.vaultName === undefined ? '' : shownText(row.vaultName);
  switch (state) {
    case 'failed': {
      const says = row.message !== undefined && row.message.trim() !== '';
      const why = failureOf(row);
      return { where: says ? words.awsSays + lowered(why) : why, state: words.failed, tone: 'b' };
    }
    case 'downloading':
      return { where: [...part, ...until].join(', '), state: words.down(roughSize(row.down)), tone: 'b' };
    case 'checking':
      return { where: part.join(''), state: words.checking, tone: 'b' };
    case 'ready':
      return { where: [...part, ...until].join(', '), state: words.isReady, tone: 'b' };
    case 'asked': {
      const asked = askedMs === undefined ? [] : [words.askedAt(momentIn(askedMs, wall))];
      return {
        where: [...part, ...asked].join(', '),
        state: readyMs === undefined ? words.readySoon : words.readyAbout(momentIn(readyMs, wall)),
        tone: 'b',
      };
    }
    case 'back':
      return {
        where: checkedMs === undefined ? place : momentDone(checkedMs, wall),
        // green is what a hash proves
        ...(row.bySize === true
          ? ({ state: words.isBackBySize, tone: 'b' } as const)
          : ({ state: words.isBack, tone: 'green b' } as const)),
      };
    case 'waiting': {
      const follows = before !== undefined && before.state !== 'failed';
      return {
        where: follows ? words.after : place,
        ...(follows ? { after: rowName(before) } : {}),
        state: askedMs === undefined ? words.waiting : words.willAsk(momentCell(askedMs, wall)),
        tone: 'dim',
      };
    }
  }
}

/** The table's columns: a phase each. */
function cellsOf(row: RestoreRow, wall: number): RestoreRowFace['cells'] {
  const { state, askedMs, readyMs, checkedMs } = row;
  const none: Cell = { words: '' };
  const at = (ms: number | undefined): Cell => (ms === undefined ? none : { words: momentCell(ms, wall) });
  const asked: Cell = at(askedMs);
  switch (state) {
    case 'waiting':
      return {
        asked: { words: asked.words === '' ? words.waiting : asked.words, tone: 'dim' },
        ready: none,
        down: none,
      };
    case 'failed':
      return {
        asked,
        ready: { words: words.failedShort, tone: 'b' },
        down: none,
        says: failureOf(row),
      };
    case 'asked':
      return {
        asked,
        ready: readyMs === undefined ? none : { words: words.about(momentCell(readyMs, wall)), tone: 'b' },
        down: none,
      };
    case 'ready':
      return { asked, ready: at(readyMs), down: none };
    case 'downloading':
    case 'checking':
      return { asked, ready: at(readyMs), down: { words: roughSize(row.down), tone: 'b' } };
    case 'back':
      return {
        asked,
        ready: at(readyMs),
        down: row.bySize === true ? none : { words: words.all },
        ...(row.bySize === true
          ? { says: words.isBackBySize }
          : { checked: checkedMs === undefined ? words.isBack : momentCell(checkedMs, wall) }),
      };
  }
}

/** One line on the screen of Archives while something is under way, or stands from the last days. */
export function restoreEntry({ said }: ProgressState, wall: number): EntryFace | undefined {
  const restore = said?.value.restore;
  if (restore === undefined) return undefined;
  const { status, failed, day, days, code, startedMs, backBytes, bytes } = restore;
  if (status === 'done' && wall - startedMs > (days + 7) * 86_400_000) return undefined;
  const how =
    status === 'done'
      ? words.entryDone
      : code !== undefined
        ? words.entryStopped
        : status === 'paused'
          ? words.entryPaused
          : words.entryDay(day, Math.max(day, days));
  return {
    to: 'restoring',
    words: words.entry(headlineSize(backBytes), headlineSize(bytes)),
    sub: [how, ...(failed > 0 ? [words.entryFailed(grouped(failed))] : [])].join(', '),
  };
}
