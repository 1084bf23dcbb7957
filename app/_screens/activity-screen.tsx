'use client';
import { Link } from '../_ui/link.tsx';
import { EventMark } from '../_ui/marks.tsx';
import type { ActivityDay } from '../_ui/types.ts';
import { text } from '../_text/en.ts';

const words = text.activity;

export type ActivityFilter = 'all' | 'doors' | 'devices' | 'homes';
const filters: readonly (readonly [ActivityFilter, string])[] = [
  ['all', words.filterAll],
  ['doors', words.filterDoors],
  ['devices', words.filterDevices],
  ['homes', words.filterHomes],
];

function Log({ days, level }: { days: readonly ActivityDay[]; level: 2 | 3 }) {
  const Day = level === 2 ? 'h2' : 'h3';
  return days.map((day) => (
    <div key={day.key}>
      <Day className="day">{day.title}</Day>
      <ol className="log">
        {day.rows.map((row) => (
          <li key={row.key}>
            <time dateTime={row.iso}>{row.time}</time>
            <EventMark mark={row.mark} />
            <div>
              <p className="t">{row.title}</p>
              {(row.sub !== undefined || row.address !== undefined) && (
                <p className="s num">
                  {row.sub ?? ''}
                  {row.address !== undefined && <span className="mono">{row.address}</span>}
                </p>
              )}
            </div>
          </li>
        ))}
      </ol>
    </div>
  ));
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
}

export function ActivityScreen({ days, filter, onFilter, line, more, loading, onMore }: ActivityScreenProps) {
  return (
    <>
      <h1 className="title" tabIndex={-1}>
        {words.title}
      </h1>
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
      {(more || loading) && (
        <div className="end earlier pt-2">
          <button type="button" className="btn wide" aria-disabled={loading} onClick={onMore}>
            {loading ? words.loading : words.more}
          </button>
        </div>
      )}
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
