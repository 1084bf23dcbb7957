'use client';
import { Drawer } from '../_ui/drawer.tsx';
import { GoIcon } from '../_ui/icons.tsx';
import type { FloodFace } from '../_ui/ban-types.ts';
import { bansText as words } from '../_text/bans.ts';

/** Of bars of 5 minutes, in percent of the width; the last ends with it. */
const pitch = 8.4;
const thick = 7.6;

/** Many bans of one jail within an hour, as one row: two more edges under it say that there is more (DESIGN-2, 5). */
export function Flood({ flood, onOpen }: { flood: FloodFace; onOpen: () => void }) {
  const most = Math.max(1, ...flood.slots);
  return (
    <button type="button" className="fold" aria-haspopup="dialog" onClick={onOpen}>
      <span className="fold-head">
        <span className="main">
          <b className="num">{flood.title}</b>
          <span className="sub num">
            <bdi className="mono">{flood.jail}</bdi>
            {flood.from}
          </span>
        </span>
        <GoIcon />
      </span>
      <svg width="100%" height="44" role="img" aria-label={flood.label}>
        <line className="base" x1="0" x2="100%" y1="43.5" y2="43.5" />
        {flood.slots.map((count, i) => {
          const height = count === 0 ? 0 : Math.max(1, (count / most) * 40);
          return (
            <rect
              key={i}
              className={i === flood.slots.length - 1 ? 'harm' : ''}
              x={`${i * pitch}%`}
              width={`${thick}%`}
              y={43 - height}
              height={height}
            />
          );
        })}
      </svg>
      <span className="sub num fold-foot">
        <span>{flood.begins}</span>
        <span>{flood.last}</span>
      </span>
    </button>
  );
}

export interface NetworksProps {
  readonly title: string;
  readonly rows: readonly { readonly network: string; readonly shown: string; readonly count: number }[];
  readonly more: boolean;
  readonly loading: boolean;
  readonly failed?: string;
  readonly onMore: () => void;
  readonly onNetwork: (network: string) => void;
  readonly onClose: () => void;
}

/** The flood by network, the fullest first. */
export function NetworksDrawer({ title, rows, more, loading, failed, ...acts }: NetworksProps) {
  return (
    <Drawer title={title} over={words.networks} onClose={acts.onClose}>
      <ul className="rows ruled networks">
        {rows.map(({ network, shown, count }) => (
          <li key={network}>
            <button type="button" className="row num" onClick={() => acts.onNetwork(network)}>
              <bdi className="mono b main">{shown}</bdi>
              <span>
                {count} <span className="vh">{words.addresses}</span>
              </span>
              <GoIcon />
            </button>
          </li>
        ))}
      </ul>
      {failed !== undefined && <p className="sub ink b">{failed}</p>}
      {(more || loading) && (
        <button type="button" className="btn wide" aria-disabled={loading} onClick={acts.onMore}>
          {loading ? words.loading : words.more}
        </button>
      )}
    </Drawer>
  );
}
