'use client';
import { useId, useRef, useState } from 'react';
import { BarChart } from '../_ui/bar-chart.tsx';
import { CommandField, Segments, TimeScale } from '../_ui/controls.tsx';
import { Drawer } from '../_ui/drawer.tsx';
import type { ArchiveListFace, MoreFace, TakingFace } from '../_ui/archive-types.ts';
import type { ArchiveSort } from '../../lib/protocol/archives.ts';
import type { ExportFormat } from '../_state/archive-export.ts';
import { archivesText as words } from '../_text/archives.ts';

/** What is done with lists as a whole. */
export interface ListActs {
  readonly onSort: (sort: ArchiveSort, descending: boolean) => void;
  readonly onAsk: () => void;
  readonly onFile: (file: File) => void;
  /** Answers `asks`; '' is without a vault. */
  readonly onVault: (vault: string) => void;
  readonly onStop: () => void;
  readonly onExport: (format: ExportFormat) => void;
  readonly onStopExport: () => void;
  readonly onSave: () => void;
}

export interface ArchivesMoreProps {
  readonly more: MoreFace;
  readonly list: Pick<ArchiveListFace, 'sort' | 'descending'>;
  readonly acts: ListActs;
}

/** Newest and largest first, names from A. */
export function firstWay(sort: ArchiveSort): boolean {
  return sort === 'created' || sort === 'size';
}

const sorts: readonly ArchiveSort[] = ['created', 'size', 'name', 'vault'];

export function ArchivesMore({ more, list, acts, onClose }: ArchivesMoreProps & { onClose: () => void }) {
  return (
    <Drawer title={words.more} onClose={onClose}>
      <div className="arc-drawer">
        <section className="stack">
          <h2 className="h2">{words.sort}</h2>
          <Segments
            label={words.sort}
            value={list.sort}
            choices={sorts.map((value) => ({ value, words: words.sorts[value] }))}
            onChange={(sort) => acts.onSort(sort, firstWay(sort))}
          />
          <Segments
            label={words.way}
            value={list.descending === firstWay(list.sort) ? 'first' : 'other'}
            choices={[
              { value: 'first', words: words.ways[list.sort][0] },
              { value: 'other', words: words.ways[list.sort][1] },
            ]}
            onChange={(way) => acts.onSort(list.sort, (way === 'first') === firstWay(list.sort))}
          />
        </section>
        {more.chart !== undefined && (
          <section>
            <BarChart chart={more.chart} />
          </section>
        )}
        <Lists more={more} acts={acts} />
        <Exports more={more} acts={acts} />
      </div>
    </Drawer>
  );
}

/** Where lists come from: AWS, or a file. */
export function Lists({ more, acts }: Pick<ArchivesMoreProps, 'more' | 'acts'>) {
  if (more.mayNot !== undefined)
    return (
      <section className="stack">
        <h2 className="h2">{words.counting}</h2>
        <p className="sub">{more.mayNot.words}</p>
        <CommandField command={more.mayNot.command} />
      </section>
    );
  return (
    <>
      <section className="stack">
        <h2 className="h2">{words.counting}</h2>
        <p className="sub">{words.countingWhy}</p>
        <button
          type="button"
          className="btn wide"
          aria-disabled={more.asking}
          onClick={() => !more.asking && acts.onAsk()}
        >
          {more.asking ? words.askingAws : more.ask}
        </button>
        <p className="sub ink" role="status">
          {more.asked}
        </p>
      </section>
      <section className="stack">
        <h2 className="h2">{words.take}</h2>
        <p className="sub">{words.takeWhy}</p>
        <ChooseFile busy={more.busy} onFile={acts.onFile} />
      </section>
    </>
  );
}

function ChooseFile({ busy, onFile }: { busy: boolean; onFile: (file: File) => void }) {
  const input = useRef<HTMLInputElement>(null);
  return (
    <>
      <button type="button" className="btn wide" disabled={busy} onClick={() => input.current?.click()}>
        {busy ? words.elsewhere : words.choosing}
      </button>
      <input
        ref={input}
        type="file"
        hidden
        accept=".json,.csv,.log,.txt,application/json,text/csv,text/plain"
        onChange={(event) => {
          const [file] = event.currentTarget.files ?? [];
          // the same file may be chosen again
          event.currentTarget.value = '';
          if (file !== undefined) onFile(file);
        }}
      />
    </>
  );
}

function Exports({ more, acts }: Pick<ArchivesMoreProps, 'more' | 'acts'>) {
  const { exporting } = more;
  return (
    <section className="stack">
      <h2 className="h2">{words.exporting}</h2>
      <p className="sub">{words.exportWhy(more.exports)}</p>
      {exporting.step === 'running' ? (
        <>
          {exporting.of !== undefined && exporting.of > 0 && (
            <TimeScale label={words.exporting} left={exporting.rows} of={exporting.of} />
          )}
          <button type="button" className="btn wide" onClick={acts.onStopExport}>
            {words.stop}
          </button>
        </>
      ) : (
        <div className="btns">
          <button type="button" className="btn grow" onClick={() => acts.onExport('json')}>
            {words.json}
          </button>
          <button type="button" className="btn grow" onClick={() => acts.onExport('csv')}>
            {words.csv}
          </button>
        </div>
      )}
      {exporting.step === 'done' && (
        <button type="button" className="btn fill wide" onClick={acts.onSave}>
          {words.save(exporting.format)}
        </button>
      )}
      <p className="sub ink num" role={exporting.step === 'running' ? undefined : 'status'}>
        {more.exportWords}
      </p>
    </section>
  );
}

/** A list on its way in: how far it is, and what it waits for. */
export function Taking({ taking, acts }: { taking: TakingFace; acts: ListActs }) {
  const [vault, setVault] = useState('');
  const id = useId();
  return (
    <section className="arc-taking">
      <p className="b" role={taking.ended === 'failed' ? 'alert' : 'status'}>
        <bdi>{taking.title}</bdi>
      </p>
      <p className="sub num">{taking.words}</p>
      {taking.of !== undefined && taking.left !== undefined && (
        <TimeScale label={taking.title} left={taking.left} of={taking.of} />
      )}
      {taking.asks === true && (
        <form
          className="stack"
          onSubmit={(event) => {
            event.preventDefault();
            acts.onVault(vault.trim());
          }}
        >
          <label className="sub" htmlFor={id}>
            {words.vaultField}
          </label>
          <input
            id={id}
            className="field line"
            value={vault}
            maxLength={255}
            autoComplete="off"
            autoCapitalize="none"
            autoCorrect="off"
            spellCheck={false}
            onInput={(event) => setVault(event.currentTarget.value)}
          />
          <button type="submit" className="btn">
            {vault.trim() === '' ? words.withoutVault : words.takeIt}
          </button>
        </form>
      )}
      {(taking.stops || taking.ended !== undefined) && (
        <button type="button" className="link" onClick={acts.onStop}>
          {taking.stops ? words.stop : words.close}
        </button>
      )}
    </section>
  );
}
