'use client';
import { useCallback } from 'react';
import { GoIcon } from '../_ui/icons.tsx';
import type { BanListFace, BanRowFace } from '../_ui/ban-types.ts';
import { useWindowed } from '../_ui/windowed.ts';
import { bansText as words } from '../_text/bans.ts';

export interface BanRowsProps {
  readonly list: BanListFace;
  readonly wide: boolean;
  readonly onSeen: (from: number, to: number) => void;
  readonly onChoose: (row: BanRowFace) => void;
}

/** An address breaks after a colon or a dot, never within a group. */
function Value({ value }: { value: string }) {
  return (
    <bdi className={`v mono b${value.length > 22 ? ' long' : ''}`}>
      {value.split(/(?<=[:.])/).map((part, i) => (
        <span key={i}>
          {part}
          <wbr />
        </span>
      ))}
    </bdi>
  );
}

const tone = ({ settling, old }: BanListFace) => (settling || old ? ' dim' : '');

/** All bans, however many: a list on the phone, a table where there is room. */
export function BanRows({ list, wide, onSeen, onChoose }: BanRowsProps) {
  const { total, row } = list;
  const key = useCallback((index: number) => row(index)?.key, [row]);
  const seen = useWindowed(total, key, onSeen);
  const Rows = wide ? TableRows : ListRows;
  return (
    <div className={`ban-window${tone(list)}`} onKeyDown={seen.onKeyDown}>
      <div className="ban-row ruler" ref={seen.ruler} aria-hidden="true" />
      <Rows list={list} seen={seen} onChoose={onChoose} />
    </div>
  );
}

interface RowsProps {
  readonly list: BanListFace;
  readonly seen: ReturnType<typeof useWindowed>;
  readonly onChoose: (row: BanRowFace) => void;
}

function ListRows({ list, seen, onChoose }: RowsProps) {
  return (
    <div ref={seen.list} style={{ height: `${list.total * seen.height}px` }} className="ban-rows">
      <ul aria-label={words.list}>
        {seen.rows.map((index) => {
          const row = list.row(index);
          return (
            <li
              key={index}
              data-row={index}
              className="ban-row"
              style={{ top: `${index * seen.height}px` }}
              aria-setsize={list.total}
              aria-posinset={index + 1}
            >
              {row === undefined ? (
                <span className="vh">{words.loading}</span>
              ) : (
                <button
                  type="button"
                  className="row"
                  aria-haspopup="dialog"
                  onFocus={() => seen.onFocus(index)}
                  onClick={() => onChoose(row)}
                >
                  <span className="main">
                    <Value value={row.value} />
                    <span className="s num">
                      <bdi className="mono">{row.jail}</bdi>
                      {row.why !== undefined && `, ${row.why}`}
                    </span>
                  </span>
                  <span className="num left">{row.left}</span>
                  <GoIcon />
                </button>
              )}
            </li>
          );
        })}
      </ul>
    </div>
  );
}

function TableRows({ list, seen, onChoose }: RowsProps) {
  const { columns } = words;
  return (
    <div role="table" className="ban-table num" aria-label={words.list} aria-rowcount={list.total + 1}>
      <div role="rowgroup">
        <div role="row" aria-rowindex={1} className="ban-cols heads">
          <span role="columnheader">{columns.address}</span>
          <span role="columnheader">{columns.jail}</span>
          <span role="columnheader">{columns.since}</span>
          <span role="columnheader">{columns.why}</span>
          <span role="columnheader" className="r">
            {columns.left}
          </span>
        </div>
      </div>
      <div
        role="rowgroup"
        ref={seen.list}
        style={{ height: `${list.total * seen.height}px` }}
        className="ban-rows"
      >
        {seen.rows.map((index) => {
          const row = list.row(index);
          const chosen = row !== undefined && row.key === list.chosen;
          return (
            <div
              key={index}
              role="row"
              data-row={index}
              aria-rowindex={index + 2}
              className={`ban-row ban-cols${chosen ? ' chosen' : ''}`}
              style={{ top: `${index * seen.height}px` }}
            >
              <span role="cell">
                {row === undefined ? (
                  <span className="vh">{words.loading}</span>
                ) : (
                  <button
                    type="button"
                    aria-current={chosen ? 'true' : undefined}
                    onFocus={() => seen.onFocus(index)}
                    onClick={() => onChoose(row)}
                  >
                    <Value value={row.value} />
                  </button>
                )}
              </span>
              <span role="cell" className="mono j">
                <bdi>{row?.jail}</bdi>
              </span>
              <span role="cell">{row?.since}</span>
              <span role="cell" className="dim">
                {row?.why}
              </span>
              <span role="cell" className="r">
                {row?.left}
              </span>
            </div>
          );
        })}
      </div>
    </div>
  );
}
