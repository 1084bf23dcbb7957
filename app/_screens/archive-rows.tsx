'use client';
import { useCallback } from 'react';
import type { ArchiveSort } from '../../lib/protocol/archives.ts';
import type { ArchiveListFace, ArchiveRowFace, Choosing } from '../_ui/archive-types.ts';
import { useWindowed } from '../_ui/windowed.ts';
import { archivesText as words } from '../_text/archives.ts';

export interface ArchiveRowsProps {
  readonly list: ArchiveListFace;
  readonly wide: boolean;
  readonly choosing?: Choosing;
  readonly onSeen: (from: number, to: number) => void;
  readonly onChoose: (row: ArchiveRowFace) => void;
}

const tones = { dim: 'dim', now: 'b', brass: 'brass b' } as const;

/** All archives, however many: a list on the phone, a table where there is room. */
export function ArchiveRows(props: ArchiveRowsProps) {
  const { list, wide, onSeen } = props;
  const { total, row } = list;
  const key = useCallback((index: number) => row(index)?.key, [row]);
  const seen = useWindowed(total, key, onSeen);
  const Row = wide ? TableRow : ListRow;
  const rows = seen.rows.flatMap((index) => {
    const face = row(index);
    if (face === undefined) return [];
    const place = { index, top: index * seen.height, onFocus: () => seen.onFocus(index) };
    return [<Row key={index} {...props} face={face} place={place} />];
  });
  const height = { height: `${total * seen.height}px` };
  return (
    <div className={`arc-window${list.settling || list.old ? ' faded' : ''}`} onKeyDown={seen.onKeyDown}>
      <div className="arc-row ruler" ref={seen.ruler} aria-hidden="true" />
      <div ref={seen.list} style={height} className="arc-rows">
        {wide ? <div role="rowgroup">{rows}</div> : <ul aria-label={words.list}>{rows}</ul>}
      </div>
    </div>
  );
}

export interface ArchiveRowProps extends Pick<ArchiveRowsProps, 'choosing' | 'onChoose'> {
  readonly list: Pick<ArchiveListFace, 'chosen'>;
  readonly face: ArchiveRowFace;
  /** Where it stands in a list of which only some is drawn. */
  readonly place?: { readonly index: number; readonly top: number; readonly onFocus: () => void };
}

const Name = ({ face }: { face: ArchiveRowFace }) =>
  face.name === undefined ? (
    <span className="t none">{words.noDescription}</span>
  ) : (
    <bdi className="t">{face.name}</bdi>
  );

/** What a row's button says of itself to those who do not see it. */
function buttonOf({ face, choosing, onChoose, place, list }: ArchiveRowProps) {
  const refused = choosing?.refuses?.(face);
  const shared = { type: 'button' as const, ...(place === undefined ? {} : { onFocus: place.onFocus }) };
  if (choosing === undefined)
    return {
      ...shared,
      'aria-current': face.key === list.chosen ? ('true' as const) : undefined,
      onClick: () => onChoose(face),
    };
  return {
    ...shared,
    role: 'checkbox',
    'aria-checked': choosing.chosen.has(face.key),
    'aria-disabled': refused !== undefined,
    onClick: () => refused === undefined && choosing.onToggle(face),
  };
}

export function ListRow(props: ArchiveRowProps) {
  const { face, choosing, place } = props;
  return (
    <li
      className={`arc-row${place === undefined ? '' : ' placed'}`}
      {...(place === undefined
        ? {}
        : {
            'data-row': place.index,
            style: { top: `${place.top}px` },
            'aria-posinset': place.index + 1,
            'aria-setsize': -1,
          })}
    >
      <button className="two num" {...buttonOf(props)}>
        {choosing !== undefined && <span className="box" aria-hidden="true" />}
        <span className="main">
          <span className="line">
            <Name face={face} />
            <b>{face.size}</b>
          </span>
          <span className="line s">
            <span className="dim where">
              <bdi>{face.vault}</bdi>, {face.created}
            </span>
            <span className={tones[face.state.tone]}>{choosing?.refuses?.(face) ?? face.state.words}</span>
          </span>
        </span>
      </button>
    </li>
  );
}

/** Each but the state sorts; chosen again, the other way round. */
export function TableHeads({
  list,
  onSort,
}: {
  list: Pick<ArchiveListFace, 'sort' | 'descending'>;
  onSort: (sort: ArchiveSort) => void;
}) {
  const { columns } = words;
  const sorts: readonly ArchiveSort[] = ['name', 'vault', 'created', 'size'];
  return (
    <div role="rowgroup">
      <div role="row" className="arc-cols heads">
        {sorts.map((sort) => (
          <span
            key={sort}
            role="columnheader"
            className={sort === 'size' ? 'r' : ''}
            aria-sort={sort !== list.sort ? undefined : list.descending ? 'descending' : 'ascending'}
          >
            <button type="button" onClick={() => onSort(sort)}>
              {columns[sort]}
              {sort === list.sort && sort !== 'created' && (
                <span aria-hidden="true">{list.descending ? ' ↓' : ' ↑'}</span>
              )}
            </button>
          </span>
        ))}
        <span role="columnheader" className="st">
          {columns.state}
        </span>
      </div>
    </div>
  );
}

export function TableRow(props: ArchiveRowProps) {
  const { face, choosing, place, list } = props;
  const chosen = choosing === undefined ? face.key === list.chosen : choosing.chosen.has(face.key);
  return (
    <div
      role="row"
      className={`arc-row arc-cols${place === undefined ? '' : ' placed'}${chosen ? ' chosen' : ''}`}
      {...(place === undefined ? {} : { 'data-row': place.index, style: { top: `${place.top}px` } })}
    >
      <span role="cell">
        <button {...buttonOf(props)}>
          {choosing !== undefined && <span className="box" aria-hidden="true" />}
          <Name face={face} />
        </button>
      </span>
      <span role="cell">
        <bdi>{face.vault}</bdi>
      </span>
      <span role="cell">{face.created}</span>
      <span role="cell" className="r b">
        {face.size}
      </span>
      <span role="cell" className={`st ${tones[face.state.tone]}`}>
        {choosing?.refuses?.(face) ?? face.state.words}
      </span>
    </div>
  );
}
