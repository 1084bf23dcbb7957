'use client';
import { useState } from 'react';
import { ArchiveRows, ListRow, TableHeads, TableRow, type ArchiveRowsProps } from './archive-rows.tsx';
import { ArchivesMore, firstWay, Lists as ListSources, Taking, type ListActs } from './archives-more.tsx';
import { FindField } from '../_ui/find-field.tsx';
import { CloseIcon, FindIcon, MoreIcon } from '../_ui/icons.tsx';
import type { ArchivesFace, ArchiveSlots } from '../_ui/archive-types.ts';
import type { ArchiveQuery } from '../_state/archive-types.ts';
import { archivesText as words } from '../_text/archives.ts';

export interface ArchivesScreenProps extends Omit<ArchiveRowsProps, 'list' | 'choosing'> {
  readonly face: ArchivesFace;
  readonly slots?: ArchiveSlots;
  readonly acts: ListActs;
  readonly onFilter: (query: ArchiveQuery) => void;
  readonly onSearch: (text: string) => void;
}

export function ArchivesScreen(props: ArchivesScreenProps) {
  const { face, wide, slots, acts } = props;
  const [more, setMore] = useState(false);
  return (
    <>
      <div className="arc-top">
        <h1 className="title" tabIndex={-1}>
          {face.title}
        </h1>
        <p className="lede num">{wide ? face.ledeWide : face.lede}</p>
      </div>
      {face.troubles.length > 0 && (
        <ul className="troubles arc-troubles">
          {face.troubles.map(([sentence, remedy]) => (
            <li key={sentence}>
              <bdi>{sentence}</bdi>
              {remedy !== '' && <span className="sub">{remedy}</span>}
            </li>
          ))}
        </ul>
      )}
      {face.notes.map((note) => (
        <p className="sub num arc-note" key={note}>
          <bdi>{note}</bdi>
        </p>
      ))}
      {face.taking !== undefined && <Taking taking={face.taking} acts={acts} />}
      {slots?.above}
      {face.filters.length > 1 && <Tools {...props} />}
      {wide ? <Table {...props} /> : <Lists {...props} onMore={() => setMore(true)} />}
      {face.empty !== undefined && <p className="lede pt-6">{face.empty}</p>}
      {face.begins && (
        <div className="arc-begin">
          <ListSources more={face.more} acts={acts} />
        </div>
      )}
      {wide && face.list.shown !== undefined && (
        <div className="arc-foot">
          <p className="sub num">{face.list.shown}</p>
          <button type="button" className="link sub" aria-haspopup="dialog" onClick={() => setMore(true)}>
            {words.more}
          </button>
        </div>
      )}
      {slots?.below}
      {more && <ArchivesMore more={face.more} list={face.list} acts={acts} onClose={() => setMore(false)} />}
    </>
  );
}

function Tools({ face, wide, onFilter, onSearch }: ArchivesScreenProps) {
  return (
    <div className="arc-tools">
      <div className="filters" role="group" aria-label={words.filters}>
        {face.filters.map((filter) => (
          <button
            key={filter.key}
            type="button"
            aria-pressed={filter.on}
            onClick={() => onFilter(filter.query)}
          >
            <bdi>{filter.label}</bdi>
            <span className="num">{filter.count}</span>
          </button>
        ))}
        {face.moreVaults !== undefined && <span className="sub more-jails">{face.moreVaults}</span>}
      </div>
      {wide && <FindField label={words.find} longest={200} search={face.search} onSearch={onSearch} />}
    </div>
  );
}

/** Phone and tablet: what is under way first, then all. */
function Lists(props: ArchivesScreenProps & { onMore: () => void }) {
  const { face, slots, onChoose, onSeen, onSearch } = props;
  const [finds, setFinds] = useState(face.search !== '');
  const choosing = slots?.choosing === undefined ? {} : { choosing: slots.choosing };
  const { list } = face;
  return (
    <>
      {face.active.length > 0 && (
        <>
          <h2 className="day arc-head">{words.active}</h2>
          <ul className="rows arc-active">
            {face.active.map((row) => (
              <ListRow key={row.key} face={row} list={list} onChoose={onChoose} {...choosing} />
            ))}
          </ul>
        </>
      )}
      {face.filters.length > 1 && (
        <div className="arc-all">
          <h2 className="day">{list.title}</h2>
          <button
            type="button"
            className="icon-btn"
            aria-label={words.more}
            aria-haspopup="dialog"
            onClick={props.onMore}
          >
            <MoreIcon />
          </button>
          <button
            type="button"
            className="icon-btn"
            aria-label={finds ? words.findClose : words.findOpen}
            aria-expanded={finds}
            onClick={() => {
              setFinds(!finds);
              if (finds) onSearch('');
            }}
          >
            {finds ? <CloseIcon /> : <FindIcon />}
          </button>
        </div>
      )}
      {finds && face.filters.length > 1 && (
        <FindField label={words.find} longest={200} search={face.search} onSearch={onSearch} opened />
      )}
      {list.total > 0 && (
        <ArchiveRows list={list} wide={false} onSeen={onSeen} onChoose={onChoose} {...choosing} />
      )}
      {list.more && <p className="sub arc-more">{words.loading}</p>}
    </>
  );
}

function Table(props: ArchivesScreenProps) {
  const { face, slots, onChoose, onSeen } = props;
  const { list, active } = face;
  const choosing = slots?.choosing === undefined ? {} : { choosing: slots.choosing };
  if (list.total === 0 && active.length === 0) return null;
  return (
    <div role="table" className="arc-table num" aria-label={words.list} aria-rowcount={-1}>
      <TableHeads
        list={list}
        onSort={(sort) => props.acts.onSort(sort, sort === list.sort ? !list.descending : firstWay(sort))}
      />
      {active.length > 0 && (
        <div role="rowgroup" aria-label={words.active}>
          {active.map((row) => (
            <TableRow key={row.key} face={row} list={list} onChoose={onChoose} {...choosing} />
          ))}
        </div>
      )}
      {list.total > 0 && <ArchiveRows list={list} wide onSeen={onSeen} onChoose={onChoose} {...choosing} />}
    </div>
  );
}
