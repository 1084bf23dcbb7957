import { momentIn, roughSize, shareOf } from './restore-words.ts';
import { reasonWords, remedyWords } from './words.ts';
import { isErrorCode } from '../../lib/errors.ts';
import type { SendingView, SentRow } from '../../lib/protocol/restores.ts';
import { headlineSize, moneyWords } from '../../lib/restore.ts';
import { shownText } from '../../lib/shown-text.ts';
import type { SendingState } from '../_state/restore-types.ts';
import type { HomeState } from '../_state/types.ts';
import { span } from '../_ui/durations.ts';
import { grouped, sizeWords } from '../_ui/sizes.ts';
import type { EntryFace, SendingFace, SentRowFace } from '../_ui/restore-types.ts';
import { restoreText, sendingText as words } from '../_text/restore.ts';
import type { RestoringMoment } from './restoring-view.ts';

/** What is being sent, or was last. */
export function sendingFace(home: HomeState, state: SendingState, moment: RestoringMoment): SendingFace {
  const { said, fresh, load } = state;
  const sending = said?.value.sending;
  if (sending === undefined) {
    const lede =
      load.state === 'failed'
        ? load.code === 'tool-unsupported'
          ? words.notThere(home.name)
          : reasonWords(load.code)
        : said === undefined
          ? restoreText.askingNow(home.name)
          : words.nothing;
    return { title: words.title, lede, old: false };
  }
  const old = fresh ? '' : ` ${restoreText.lastKnown(span(moment.now - (said?.at ?? moment.now)))}`;
  return {
    title: words.sent(headlineSize(sending.sentBytes)),
    lede: ledeOf(home.name, sending, moment.wall) + old,
    run: runFace(home.name, sending, state, moment),
    old: !fresh,
  };
}

function isDone({ bytes, sentBytes }: SendingView): boolean {
  return sentBytes >= bytes;
}

function ledeOf(home: string, sending: SendingView, wall: number): string {
  if (isDone(sending)) return words.allSent;
  const { bytes, sentBytes, rate = 0, alive, pausing } = sending;
  const of = words.ofSize(headlineSize(bytes));
  if (!alive) return `${of} ${words.notRunning(home)}`;
  if (pausing === true) return `${of} ${words.pausing}`;
  if (rate === 0) return of;
  const done = wall + ((bytes - sentBytes) / rate) * 1000;
  return of + words.rate(`${roughSize(rate)}/s`) + words.doneAbout(momentIn(done, wall));
}

function runFace(
  home: string,
  sending: SendingView,
  { pausing, failed, fresh }: SendingState,
  { wall, mayRestore }: RestoringMoment,
): NonNullable<SendingFace['run']> {
  const { files, leftOut, bytes, sentBytes, stagedMs, alive, rows, from } = sending;
  const all = files + leftOut;
  const current = rows.find(({ state }) => state === 'sending');
  return {
    share: shareOf(sentBytes, bytes),
    label: words.progress(headlineSize(sentBytes), headlineSize(bytes)),
    staged: words.staged(grouped(all), all === 1),
    stagedAt: stagedMs === undefined ? '' : words.stagedAt(momentIn(stagedMs, wall)),
    parts: words.columns.parts(binarySize(sending.partBytes)),
    rows: rows.map((row, i) => rowFace(row, from + i)),
    ...(rows.length === all
      ? {}
      : { window: words.of(grouped(from + 1), grouped(from + rows.length), grouped(all)) }),
    target: shownText(sending.target),
    facts: [
      [words.files, grouped(files), true],
      [words.leftOut, grouped(leftOut)],
      [words.size, headlineSize(bytes), true],
      [words.monthly, moneyWords(sending.monthly), true],
      [words.leastStay, words.days(sending.leastDays)],
      [words.sentAs, words.sentAsWords],
    ],
    ...(current === undefined
      ? {}
      : {
          current: {
            name: shownText(current.name),
            words: words.has(
              home,
              Math.max(0, current.part - 1),
              Math.max(1, current.part),
              sending.kind === 'bucket',
            ),
          },
        }),
    canPause: mayRestore && fresh && alive && sending.pausing !== true && !isDone(sending),
    busy: pausing,
    ...(alive || isDone(sending) ? {} : { command: words.command }),
    ...(failed === undefined
      ? {}
      : { failed: `${words.notPaused} ${reasonWords(failed)} ${remedyWords(failed)}` }),
  };
}

function rowFace(row: SentRow, index: number): SentRowFace {
  const { state, part, parts } = row;
  const shared = { key: String(index), name: shownText(row.name), size: sizeWords(row.size) };
  switch (state) {
    case 'sending':
      return {
        ...shared,
        current: true,
        sent: shareOf(part - 1, parts),
        state: words.part(grouped(Math.max(1, part)), grouped(parts)),
        tone: 'b',
      };
    case 'kept':
      return { ...shared, current: false, sent: 100, state: words.kept, tone: 'green b' };
    case 'there':
      return { ...shared, current: false, state: words.there, tone: 'dim' };
    case 'waiting':
      return { ...shared, current: false, sent: 0, state: words.waiting, tone: 'dim' };
    case 'failed': {
      const why = isErrorCode(row.code) ? `. ${reasonWords(row.code)}` : '';
      return {
        ...shared,
        current: false,
        sent: shareOf(part - 1, parts),
        state: words.failed + why,
        tone: 'b',
      };
    }
  }
}

/** Parts are whole powers of two: 64 MiB. */
function binarySize(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB'];
  let at = 0;
  let value = bytes;
  while (at < units.length - 1 && value >= 1024) {
    value /= 1024;
    at += 1;
  }
  return `${Number(value.toFixed(1))} ${units[at] ?? ''}`;
}

/** One line on the screen of Archives while something is being sent. */
export function sendingEntry(state: SendingState, home: string, wall: number): EntryFace | undefined {
  const sending = state.said?.value.sending;
  if (sending === undefined || isDone(sending)) return undefined;
  return {
    to: 'sending',
    words: words.progress(headlineSize(sending.sentBytes), headlineSize(sending.bytes)),
    sub: ledeOf(home, sending, wall),
  };
}
