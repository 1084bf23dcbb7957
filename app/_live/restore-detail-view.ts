import { momentCell, momentIn, roughSize } from './restore-words.ts';
import { moneyWords } from '../../lib/restore.ts';
import { failureOf, rowKey, rowName } from './restoring-view.ts';
import { remedyWords } from './words.ts';
import { isErrorCode } from '../../lib/errors.ts';
import type { RestoreRow, RestoreView } from '../../lib/protocol/restores.ts';
import { shownText } from '../../lib/shown-text.ts';
import type { ProgressState } from '../_state/restore-types.ts';
import type { HomeState } from '../_state/types.ts';
import { sizeWords } from '../_ui/sizes.ts';
import type { RestoreDetailFace } from '../_ui/restore-types.ts';
import type { LinkState, ProofLink } from '../_ui/types.ts';
import { restoreText as words } from '../_text/restore.ts';

/** The archive of that key, else what needs a look or is under way; undefined: there is none. */
export function restoreDetail(
  home: HomeState,
  { said }: ProgressState,
  key: string | undefined,
  wall: number,
): RestoreDetailFace | undefined {
  const restore = said?.value.restore;
  const rows = said?.value.rows ?? [];
  const row = rows.find((one) => rowKey(one) === key) ?? rows.find(isMoving) ?? rows[0];
  if (restore === undefined || row === undefined) return undefined;
  const { parts, part, code } = row;
  const size = sizeWords(row.size);
  return {
    key: rowKey(row),
    over: row.vaultName === undefined ? '' : shownText(row.vaultName),
    name: rowName(row),
    size: parts > 1 ? words.sizePart(size, words.part(part, parts)) : size,
    links: linksOf(home.name, restore, row, wall),
    ...(row.state === 'failed' && isErrorCode(code) ? { remedy: remedyWords(code) } : {}),
    ...(parts > part && row.state !== 'back' && row.state !== 'failed' ? { nextPart: words.afterThis } : {}),
    cost: moneyWords(row.cost),
  };
}

const isMoving = ({ state }: RestoreRow) => state !== 'failed' && state !== 'waiting' && state !== 'back';

/** How many of the five links are set, and how the next one stands. */
function progressOf(row: RestoreRow): readonly [set: number, next: LinkState] {
  switch (row.state) {
    case 'waiting':
      return [0, 'wait'];
    case 'asked':
      return [1, 'now'];
    case 'ready':
      return [2, 'wait'];
    case 'downloading':
      return [2, 'now'];
    case 'checking':
      return [3, 'now'];
    case 'back':
      return [5, 'wait'];
    case 'failed':
      return [row.askedMs === undefined ? 0 : row.untilMs === undefined ? 1 : 2, 'stuck'];
  }
}

/** Asked, ready, down, checked, back: each set by what was seen of it, never before. */
function linksOf(home: string, restore: RestoreView, row: RestoreRow, wall: number): ProofLink[] {
  const { askedMs, readyMs, untilMs, checkedMs, parts } = row;
  const [set, next] = progressOf(row);
  const chain = words.chain;
  const size = sizeWords(row.size);
  const at = (ms: number | undefined, link: number) =>
    link < set && ms !== undefined ? momentCell(ms, wall) : '';
  const texts: readonly (readonly [title: string, who: string, when: string])[] = [
    set > 0
      ? [
          chain.asked,
          parts > 1
            ? chain.ofWhole(sizeWords(row.partBytes), size, restore.tier)
            : chain.wholeBy(size, restore.tier),
          at(askedMs, 0),
        ]
      : [chain.askedWait, askedMs === undefined ? chain.notYet : momentIn(askedMs, wall), ''],
    [
      chain.ready,
      set > 1
        ? untilMs === undefined
          ? chain.ready
          : chain.until(momentIn(untilMs, wall))
        : readyMs === undefined || set === 0
          ? chain.notYet
          : chain.readyAbout(momentIn(readyMs, wall)),
      at(readyMs, 1),
    ],
    [set > 2 ? chain.downAll : chain.down, downWords(row, set), row.state === 'downloading' ? chain.now : ''],
    [
      row.bySize === true ? chain.sized : chain.checked,
      parts > 1 ? chain.eachPart : chain.theWhole,
      at(checkedMs, 3),
    ],
    [chain.back, words.inFolder(home, shownText(restore.folder)), at(checkedMs, 4)],
  ];
  return texts.map(([title, who, when], i) => {
    const state = i < set ? 'set' : i === set ? next : 'wait';
    return { id: String(i), state, title, who: state === 'stuck' ? failureOf(row) : who, when };
  });
}

function downWords(row: RestoreRow, set: number): string {
  if (set > 2) return sizeWords(row.size);
  if (row.down === 0) return words.chain.notYet;
  const down = roughSize(row.down);
  return row.rate === undefined || row.rate === 0
    ? down
    : words.chain.downRate(down, `${roughSize(row.rate)}/s`);
}
