'use client';
import { BanRows, type BanRowsProps } from './ban-rows.tsx';
import { Flood } from './ban-flood.tsx';
import { Trying, TryingLine } from './trying.tsx';
import { BarChart } from '../_ui/bar-chart.tsx';
import { FindField } from '../_ui/find-field.tsx';
import { CheckIcon, GoIcon } from '../_ui/icons.tsx';
import { Link } from '../_ui/link.tsx';
import type { BansFace, ChartFace, FloodFace, OwnFace, TryingFace } from '../_ui/ban-types.ts';
import type { BanQuery } from '../_state/ban-types.ts';
import { bansText as words } from '../_text/bans.ts';

export interface BansScreenProps extends Omit<BanRowsProps, 'list'> {
  readonly face: BansFace;
  /** New bans of 30 days: where there is room. */
  readonly chart?: ChartFace;
  readonly trying?: TryingFace;
  readonly onFilter: (query: BanQuery) => void;
  readonly onSearch: (text: string) => void;
  readonly onFlood: (flood: FloodFace) => void;
}

export function BansScreen(props: BansScreenProps) {
  const { face, chart, trying, wide } = props;
  return (
    <>
      <div className="bans-top">
        <div>
          <h1 className="title" tabIndex={-1}>
            {face.title}
          </h1>
          <p className={`lede num${face.calm ? ' calm' : ''}`}>
            {face.lede}
            {!wide && face.many && trying !== undefined && (
              <>
                {' '}
                <a
                  href="#trying"
                  onClick={(event) => {
                    event.preventDefault();
                    jump('trying');
                  }}
                >
                  {words.trying}
                </a>
              </>
            )}
          </p>
        </div>
        <Own own={face.own} />
      </div>
      {face.troubles.length > 0 && (
        <ul className="troubles">
          {face.troubles.map((line) => (
            <li key={line}>
              <bdi>{line}</bdi>
            </li>
          ))}
        </ul>
      )}
      {wide && chart !== undefined && chart.rows.length > 0 && <BarChart chart={chart} />}
      {wide && trying !== undefined && <TryingLine trying={trying} />}
      {face.filters.length > 0 && <Tools {...props} />}
      {!wide && face.list.total > 0 && (
        <div className="colhead">
          <span>{words.newest}</span>
          <span>{words.left}</span>
        </div>
      )}
      {face.floods.map((flood) => (
        <Flood key={flood.key} flood={flood} onOpen={() => props.onFlood(flood)} />
      ))}
      {face.empty !== undefined && <p className="lede pt-6">{face.empty}</p>}
      {face.filters.length > 0 && face.list.total > 0 && (
        <BanRows list={face.list} wide={wide} onSeen={props.onSeen} onChoose={props.onChoose} />
      )}
      {!wide && trying !== undefined && <Trying trying={trying} />}
    </>
  );
}

function jump(id: string): void {
  const element = document.getElementById(id);
  element?.scrollIntoView({ block: 'start' });
  element?.focus({ preventScroll: true });
}

/** Always first: whether this device's own address is banned. */
function Own({ own }: { own: OwnFace }) {
  const address = own.address !== undefined && <span className="mono">{own.address}</span>;
  if (own.state === 'banned')
    return (
      <Link className="you red" href="/">
        <span className="tag">{own.words}</span>
        {address}
        <GoIcon />
      </Link>
    );
  return (
    <div className="you">
      <span className={`tag${own.state === 'free' ? ' green' : ' dim'}`}>
        {own.state === 'free' && <CheckIcon small />}
        {own.words}
      </span>
      {address}
    </div>
  );
}

function Tools({ face, wide, onFilter, onSearch }: BansScreenProps) {
  return (
    <div className="bans-tools">
      <div className="filters" role="group" aria-label={words.jails}>
        {face.filters.map((filter) => (
          <button
            key={filter.key}
            type="button"
            aria-pressed={filter.on}
            onClick={() => onFilter(filter.query)}
          >
            <bdi className={filter.mono ? 'mono' : ''}>{filter.label}</bdi>
            <span className="num">{filter.count}</span>
          </button>
        ))}
        {face.moreJails !== undefined && <span className="sub more-jails">{face.moreJails}</span>}
      </div>
      {(wide || face.many) && (
        <FindField label={words.find} longest={64} search={face.search} onSearch={onSearch} />
      )}
    </div>
  );
}
