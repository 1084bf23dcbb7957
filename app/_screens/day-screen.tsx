'use client';
import { useRef, useState } from 'react';
import { Log, More, PastPinsLine } from './activity-screen.tsx';
import { Link } from '../_ui/link.tsx';
import { DayLine } from '../_ui/day-line.tsx';
import { Drawer } from '../_ui/drawer.tsx';
import { DownIcon } from '../_ui/icons.tsx';
import { EventMark } from '../_ui/marks.tsx';
import type { ActivityDay, DayFace, LookItem } from '../_ui/types.ts';
import { dayText as words } from '../_text/activity.ts';

/** So many things to look at stand there at once. */
const mostLooks = 3;
/** A finger that moves this far along the line, and more along than across, asks for another day: px. */
const swipe = 48;

export interface DayScreenProps {
  readonly day: DayFace;
  /** All of them, oldest first. */
  readonly looks: readonly LookItem[];
  readonly rows: readonly ActivityDay[];
  /** Days to go to, newest first; `current` is the one shown. */
  readonly days: readonly { readonly start: number; readonly title: string; readonly current: boolean }[];
  readonly line?: string;
  readonly more: boolean;
  readonly loading: boolean;
  readonly onDay: (start: number) => void;
  readonly onAll: () => void;
  readonly onMore: () => void;
  readonly onSeen: (events: readonly number[]) => void;
  readonly onRevoke: (device: string) => void;
}

export function DayScreen(props: DayScreenProps) {
  const { day, looks, rows, line } = props;
  const [choosing, setChoosing] = useState(false);
  const shown = day.today ? looks.slice(0, mostLooks) : [];
  return (
    <>
      <div className="state-row day-row">
        <h1 className="title" tabIndex={-1}>
          <button
            type="button"
            aria-haspopup="dialog"
            aria-label={words.chooseDay(day.title)}
            onClick={() => setChoosing(true)}
          >
            {day.title}
          </button>
        </h1>
        <button type="button" className="link" onClick={props.onAll}>
          {words.allEvents} <DownIcon small />
        </button>
      </div>
      <p className="lede num day-lede">
        {day.today && (day.looks > 0 ? <b>{words.look(day.looks)}</b> : words.nothingToLook)} {day.sentence}
      </p>
      <Swiped {...props} />
      {line !== undefined && <p className="sub pb-2">{line}</p>}
      {shown.length > 0 && (
        <>
          <h2 className="day look-head">{words.toLookAt}</h2>
          <ul className="look">
            {shown.map((item) => (
              <Look key={item.key} item={item} onSeen={props.onSeen} onRevoke={props.onRevoke} />
            ))}
          </ul>
        </>
      )}
      <h2 className={`day newest${shown.length === 0 ? ' ruled-day' : ''}`}>{words.newest}</h2>
      <Log days={rows} level={3} />
      {rows.length === 0 && !props.loading && (
        <p className="sub pt-2">{day.today ? words.nothing : words.nothingThen}</p>
      )}
      {day.today && <More more={props.more} loading={props.loading} onMore={props.onMore} />}
      {choosing && (
        <Drawer title={words.whichDay} onClose={() => setChoosing(false)}>
          <ul className="rows">
            {props.days.map(({ start, title, current }) => (
              <li key={start}>
                <button
                  type="button"
                  className="row"
                  aria-current={current ? 'true' : undefined}
                  onClick={() => {
                    setChoosing(false);
                    props.onDay(start);
                  }}
                >
                  <span className={current ? 'b' : ''}>{title}</span>
                </button>
              </li>
            ))}
          </ul>
        </Drawer>
      )}
    </>
  );
}

/** The line under a finger: to the right the day before, to the left the day after. */
function Swiped({ day, days, onDay }: DayScreenProps) {
  const from = useRef<{ x: number; y: number }>(null);
  const go = (by: number) => {
    const to = days[days.findIndex(({ current }) => current) + by];
    if (to !== undefined) onDay(to.start);
  };
  return (
    <div
      className="swiped"
      onPointerDown={({ clientX, clientY }) => {
        from.current = { x: clientX, y: clientY };
      }}
      onPointerCancel={() => {
        from.current = null;
      }}
      onPointerUp={({ clientX, clientY }) => {
        const start = from.current;
        from.current = null;
        if (start === null) return;
        const along = clientX - start.x;
        if (Math.abs(along) < swipe || Math.abs(clientY - start.y) > Math.abs(along)) return;
        go(along > 0 ? 1 : -1);
      }}
    >
      <DayLine day={day} />
    </div>
  );
}

function Look({ item, onSeen, onRevoke }: Pick<DayScreenProps, 'onSeen' | 'onRevoke'> & { item: LookItem }) {
  const { device } = item;
  const seen = () => onSeen(item.events);
  return (
    <li>
      <EventMark mark={item.mark} size={26} />
      <div>
        <p className="t">{item.title}</p>
        {(item.sub !== undefined || item.address !== undefined) && (
          <p className="s num">
            {item.sub ?? ''}
            {item.address !== undefined && <span className="mono">{item.address}</span>}
          </p>
        )}
        {item.pins !== undefined && <PastPinsLine pins={item.pins} past />}
        {device?.failed !== undefined && (
          <p className="s b ink" role="alert">
            {device.failed}
          </p>
        )}
        <div className="acts">
          {item.act === 'checks' && (
            <Link className="link" href="/checks">
              {words.toChecks}
            </Link>
          )}
          {item.act === 'seen' && (
            <button type="button" className="link" aria-label={words.seenOf(item.title)} onClick={seen}>
              {words.seen}
            </button>
          )}
          {item.act === 'mine' && (
            <button type="button" className="link" onClick={seen}>
              {words.mine}
            </button>
          )}
          {device !== undefined && (
            <button
              type="button"
              className="link red"
              aria-disabled={device.revoking}
              onClick={() => onRevoke(device.id)}
            >
              {device.revoking ? words.revoking : words.revoke(device.name)}
            </button>
          )}
        </div>
      </div>
    </li>
  );
}
