'use client';
import type { ReactNode } from 'react';
import { copyText, TimeScale, useSaid } from '../_ui/controls.tsx';
import { Drawer } from '../_ui/drawer.tsx';
import { CopyIcon } from '../_ui/icons.tsx';
import type { ArchiveDetailFace, CopyFact } from '../_ui/archive-types.ts';
import { archivesText as words } from '../_text/archives.ts';
import { text } from '../_text/en.ts';

export interface ArchiveDetailProps {
  readonly archive: ArchiveDetailFace;
  /** At the foot: getting it back. */
  readonly act?: ReactNode;
}

/** Characters that still stand in the size of a title. */
const titled = 60;
const look = ({ named, title }: ArchiveDetailFace) =>
  `${named ? '' : ' dim'}${title.length > titled ? ' long' : ''}`;

/** Where there is room: the side pane. */
export function ArchiveSide({ archive, act }: ArchiveDetailProps) {
  return (
    <>
      <p className="sub">
        <bdi>{archive.over}</bdi>
      </p>
      <h2 className={`arc-name${look(archive)}`}>
        <bdi>{archive.title}</bdi>
      </h2>
      <Whole archive={archive} act={act} />
    </>
  );
}

/** Tablet: the same in a drawer. */
export function ArchiveDrawer({ archive, act, onClose }: ArchiveDetailProps & { onClose: () => void }) {
  return (
    <Drawer title={archive.title} over={archive.over} onClose={onClose}>
      <Whole archive={archive} act={act} />
    </Drawer>
  );
}

function Whole({ archive, act }: ArchiveDetailProps) {
  const { waiting, facts, copies } = archive;
  return (
    <>
      {waiting !== undefined && <Waiting waiting={waiting} />}
      <dl className={`facts arc-facts${waiting === undefined ? '' : ' after'}`}>
        <div>
          <dt>{words.size}</dt>
          <dd className="num">
            <b>{archive.size}</b>
            {archive.bytes !== '' && <span className="dim"> {words.byteUnit(archive.bytes)}</span>}
          </dd>
        </div>
        <Facts facts={facts} />
        {waiting === undefined && (
          <div>
            <dt>{words.state}</dt>
            <dd className={archive.state.tone === 'brass' ? 'brass b' : ''}>{archive.state.words}</dd>
          </div>
        )}
      </dl>
      {copies.map((fact) => (
        <div key={fact.copy}>
          <h3 className="arc-lab">{fact.term}</h3>
          <div className="cmd top">
            <code>
              <bdi>{fact.value}</bdi>
            </code>
            <Copy fact={fact} />
          </div>
        </div>
      ))}
      <Failed archive={archive} />
      {act !== undefined && <div className="foot arc-act">{act}</div>}
    </>
  );
}

/** The phone's own view. */
export function ArchiveView({ archive, act }: ArchiveDetailProps) {
  const { waiting, copies } = archive;
  return (
    <>
      <h1 className={`title arc-title${look(archive)}`} tabIndex={-1}>
        <bdi>{archive.title}</bdi>
      </h1>
      <p className="lede">
        <bdi>{archive.lede}</bdi>
      </p>
      {waiting !== undefined && <Waiting waiting={waiting} />}
      <dl className="facts num arc-facts">
        <div>
          <dt>{words.size}</dt>
          <dd>
            <b>{archive.size}</b>
          </dd>
        </div>
        {archive.bytes !== '' && (
          <div>
            <dt>{words.bytes}</dt>
            <dd>{archive.bytes}</dd>
          </div>
        )}
        <Facts facts={archive.facts} />
      </dl>
      {copies.map((fact) => (
        <div className="arc-copy" key={fact.copy}>
          <div className="main">
            <span className="sub">{fact.term}</span>
            <bdi className="mono">{fact.value}</bdi>
          </div>
          <Copy fact={fact} />
        </div>
      ))}
      <Failed archive={archive} />
      {act !== undefined && <div className="foot arc-act">{act}</div>}
    </>
  );
}

function Facts({ facts }: Pick<ArchiveDetailFace, 'facts'>) {
  return facts.map(([term, value, mono]) => (
    <div key={term}>
      <dt>{term}</dt>
      <dd className="num">
        <bdi className={mono === true ? 'mono' : ''}>{value}</bdi>
      </dd>
    </div>
  ));
}

function Waiting({ waiting }: { waiting: NonNullable<ArchiveDetailFace['waiting']> }) {
  return (
    <section className="arc-waiting">
      <p className="b">{waiting.title}</p>
      <p className="sub num">{waiting.words}</p>
      {waiting.of > 0 && <TimeScale label={waiting.label} left={waiting.left} of={waiting.of} />}
    </section>
  );
}

function Failed({ archive }: { archive: ArchiveDetailFace }) {
  if (archive.failed === undefined) return null;
  return (
    <p className="sub ink b pt-2" role="alert">
      {archive.failed}
    </p>
  );
}

/** Whole, whatever of it is seen. */
function Copy({ fact }: { fact: CopyFact }) {
  const [said, say] = useSaid();
  return (
    <>
      <button
        type="button"
        className={said ? 'icon-btn said' : 'icon-btn'}
        aria-label={said ? text.command.copied : fact.copy}
        onClick={() => {
          void copyText(fact.whole).then((done) => {
            if (done) say();
          });
        }}
      >
        {said ? text.command.copied : <CopyIcon />}
      </button>
      <span className="vh" role="status">
        {said ? text.spoken.copied : ''}
      </span>
    </>
  );
}
