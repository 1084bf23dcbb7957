import type { DayFace, DayMark } from './types.ts';
import { dayText as words } from '../_text/activity.ts';

const line = 40;
/** What is shorter than this much of a day is drawn as wide as a mark may be thin. */
const thin = 0.018;
/** Up to here there is room for words after it. */
const room = 0.72;
const labels = ['00', '06', '12', '18'];

const percent = (part: number) => `${(part * 100).toFixed(2)}%`;

/** A part of the line: wide as its time, or as `least` px around its beginning. */
function span(
  { from, to }: DayMark,
  least: number,
): { x: string; width: string | number; transform?: string } {
  const width = (to ?? from) - from;
  if (width >= thin) return { x: percent(from), width: percent(width) };
  return { x: percent(from), width: least, transform: `translate(${-least / 2} 0)` };
}

function Mark({ mark }: { mark: DayMark }) {
  switch (mark.kind) {
    case 'started':
      return <circle className="silence" cx={percent(mark.from)} cy={line} r="5" />;
    case 'session':
      return <rect className="session" {...span(mark, 8)} y={line - 9} height="4" rx="1" />;
    case 'opened':
      return <rect className="opening" {...span(mark, 6)} y={line - 17} height="15" rx="2" />;
    case 'open':
      return <rect className="opening now" {...span(mark, 9)} y={line - 24} height="22" rx="2" />;
    case 'stopped':
      return (
        <svg x={percent(mark.from)} y={line - 15} width="1" height="9" overflow="visible">
          <path className="stop" d="M-4.5 0l9 9m0-9l-9 9" />
        </svg>
      );
  }
}

/** Longest at the most of the day, and never so long for a few. */
function length(count: number, most: number): number {
  return 4 + Math.round((22 * count) / Math.max(4, most));
}

/** The day on the shear line: what was let in stands on it, what was turned away hangs from it. */
export function DayLine({ day }: { day: DayFace }) {
  const { now, marks, bars, hours } = day;
  const most = Math.max(0, ...bars.map(({ count }) => count));
  return (
    <svg className="dayline" width="100%" height="86" role="img" aria-label={day.label}>
      <line className="past" x1="0" x2={percent(now)} y1={line} y2={line} />
      {now < 1 && <line className="to-come" x1={percent(now)} x2="100%" y1={line} y2={line} />}
      {marks.map((mark, i) => (
        <Mark key={i} mark={mark} />
      ))}
      {bars.map(({ from, count }) => (
        <rect
          key={from}
          className="bans"
          x={percent(from)}
          y={line + 3}
          width="4"
          height={length(count, most)}
          transform="translate(-2 0)"
        />
      ))}
      {hours.map((at, i) => (
        <text key={at} className="num" x={percent(at)} y="82" textAnchor={i === 0 ? 'start' : 'middle'}>
          {labels[i]}
        </text>
      ))}
      <text className="num" x="100%" y="82" textAnchor="end">
        24
      </text>
      {now < room && (
        <>
          <text className="side-word" x="100%" y="31" textAnchor="end">
            {words.letIn}
          </text>
          <text className="side-word" x="100%" y="58" textAnchor="end">
            {words.turnedAway}
          </text>
        </>
      )}
    </svg>
  );
}
