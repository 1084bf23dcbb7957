'use client';
import { Link } from '../_ui/link.tsx';
import { EventMark } from '../_ui/marks.tsx';
import { Pins } from '../_ui/pins.tsx';
import type { ActivityDay, ActivityRow, PastPins } from '../_ui/types.ts';
import { dayText } from '../_text/activity.ts';
import { text } from '../_text/en.ts';

const words = text.activity;

export type ActivityFilter = 'all' | 'doors' | 'bans' | 'devices' | 'homes';
const filters: readonly (readonly [ActivityFilter, string])[] = [
  ['all', words.filterAll],
  ['doors', words.filterDoors],
  ['bans', words.filterBans],
  ['devices', words.filterDevices],
  ['homes', words.filterHomes],
];

export function Log({ days, level }: { days: readonly ActivityDay[]; level: 2 | 3 }) {
  const Day = level === 2 ? 'h2' : 'h3';
  return days.map((day) => (
    <div key={day.key}>
      {day.title !== '' && <Day className="day">{day.title}</Day>}
      <ol className="log">
        {day.rows.map((row) => (
          <li key={row.key}>
            <time dateTime={row.iso}>{row.time}</time>
            <EventMark mark={row.mark} />
            <div>
              <p className="t">{row.title}</p>
              <Second row={row} />
              {row.pins !== undefined && <PastPinsLine pins={row.pins} past={row.mark !== 'open'} />}
            </div>
          </li>
        ))}
      </ol>
    </div>
  ));
}

function Second({ row: { sub, address, counts } }: { row: ActivityRow }) {
  if (counts !== undefined) {
    return (
      <p className="s num">
        {counts.map(([jail, count], i) => (
          <span key={jail}>
            {i > 0 && ', '}
            <span className="mono">{jail}</span> {count}
          </span>
        ))}
      </p>
    );
  }
  if (sub === undefined && address === undefined) return null;
  return (
    <p className="s num">
      {sub ?? ''}
      {address !== undefined && <span className="mono">{address}</span>}
    </p>
  );
}

/** Links of an opening, and beside them how many. */
export function PastPinsLine({ pins, past }: { pins: PastPins; past: boolean }) {
  const [first, second] = pins.words;
  return (
    <div className="steps">
      <Pins states={pins.states} past={past} />
      <p className="num">
        {first} <br />
        {second}
      </p>
    </div>
  );
}

export function More({ more, loading, onMore }: { more: boolean; loading: boolean; onMore: () => void }) {
  if (!more && !loading) return null;
  return (
    <div className="end earlier pt-2">
      <button type="button" className="btn wide" aria-disabled={loading} onClick={onMore}>
        {loading ? words.loading : words.more}
      </button>
    </div>
  );
}

export interface ActivityScreenProps {
  readonly days: readonly ActivityDay[];
  readonly filter: ActivityFilter;
  readonly onFilter: (filter: ActivityFilter) => void;
  /** On top of the list: it is not the present. */
  readonly line?: string;
  readonly more: boolean;
  readonly loading: boolean;
  readonly onMore: () => void;
  readonly onDay: () => void;
}

export function ActivityScreen({
  days,
  filter,
  onFilter,
  line,
  more,
  loading,
  onMore,
  onDay,
}: ActivityScreenProps) {
  return (
    <>
      <div className="state-row day-row">
        <h1 className="title" tabIndex={-1}>
          {words.title}
        </h1>
        <button type="button" className="link" onClick={onDay}>
          {dayText.theDay}
        </button>
      </div>
      <div className="filters" role="group" aria-label={words.filters}>
        {filters.map(([value, label]) => (
          <button key={value} type="button" aria-pressed={value === filter} onClick={() => onFilter(value)}>
            {label}
          </button>
        ))}
      </div>
      {line !== undefined && <p className="sub pt-3">{line}</p>}
      <Log days={days} level={2} />
      {days.length === 0 && !loading && (
        <p className="lede pt-6">{filter === 'all' ? words.empty : words.emptyFilter}</p>
      )}
      <More more={more} loading={loading} onMore={onMore} />
    </>
  );
}

/** The same list beside the doors, on the desktop. */
export function ActivitySide({ days, line }: { days: readonly ActivityDay[]; line?: string }) {
  return (
    <>
      <div className="flex items-baseline justify-between pb-2.5">
        <h2 className="pane-head">{words.title}</h2>
        <Link className="link sub" href="/activity">
          {words.all}
        </Link>
      </div>
      {line !== undefined && <p className="sub">{line}</p>}
      {days.length === 0 && <p className="sub">{words.empty}</p>}
      <Log days={days} level={3} />
    </>
  );
}
