'use client';
import { useState } from 'react';
import { CommandField, copyText, useSaid } from '../_ui/controls.tsx';
import { CheckIcon } from '../_ui/icons.tsx';
import { checksText as words } from '../_text/checks.ts';
import { text } from '../_text/en.ts';

export interface CheckRow {
  readonly key: string;
  readonly text: string;
  readonly cost?: string;
  readonly remedy?: string;
  readonly command?: string;
  /** Name of its door. */
  readonly door?: string;
}

export interface ChecksScreenProps {
  readonly home: string;
  /** Time of day at which the home looked; absent: it has not said yet. */
  readonly at?: string;
  readonly findings: readonly CheckRow[];
  /** What the home could not look at: never shown as fine. */
  readonly unseen: readonly CheckRow[];
  readonly sound: readonly CheckRow[];
  /** Results that did not fit into one message: sound ones. */
  readonly more: number;
  readonly loading: boolean;
  /** Why there is nothing newer. */
  readonly line?: string;
  readonly onAgain: () => void;
}

/** Of the sound ones, so many stand there at once. */
const atOnce = 8;

export function ChecksScreen(props: ChecksScreenProps) {
  return (
    <>
      <h1 className="title" tabIndex={-1}>
        {verdict(props)}
      </h1>
      <p className="lede near num checks-lede" role="status">
        {lookedAt(props)}
      </p>
      <Results {...props} heading="h2" />
    </>
  );
}

/** Desktop: the same in the side pane of the settings. */
export function ChecksSide(props: ChecksScreenProps) {
  return (
    <>
      <p className="sub">{words.at(props.home)}</p>
      <h2 className="checks-verdict">{verdict(props)}</h2>
      <p className="sub num" role="status">
        {lookedAt(props)}
      </p>
      <Results {...props} heading="h3" />
    </>
  );
}

function Results(props: ChecksScreenProps & { heading: 'h2' | 'h3' }) {
  const { at, findings, unseen, sound, loading, line, onAgain, heading: Heading } = props;
  return (
    <>
      {at !== undefined && line !== undefined && <p className="sub pt-3">{line}</p>}
      {findings.length > 0 && (
        <ul className="findings">
          {findings.map((row) => (
            <li key={row.key}>
              <Heading>
                {row.text}
                {row.door !== undefined && <span className="sub"> {words.door(row.door)}</span>}
              </Heading>
              {row.cost !== undefined && <p className="sub">{row.cost}</p>}
              {row.remedy !== undefined && <p>{row.remedy}</p>}
              {row.command !== undefined && <CommandField command={row.command} />}
            </li>
          ))}
        </ul>
      )}
      {unseen.length > 0 && (
        <>
          <Heading className="grp">{words.notSeen}</Heading>
          <ul className="sound">
            {unseen.map((row) => (
              <li key={row.key}>
                <span>{row.text}</span>
                {row.door !== undefined && <span className="sub">{words.door(row.door)}</span>}
              </li>
            ))}
          </ul>
        </>
      )}
      {findings.length === 0 && sound.length > 0 && <Sound rows={sound} />}
      {at !== undefined && (
        <div className="foot btns checks-foot">
          <button type="button" className="btn grow" aria-disabled={loading} onClick={onAgain}>
            {loading ? words.checking : words.again}
          </button>
          {findings.length > 0 && <CopyAll rows={findings} />}
        </div>
      )}
    </>
  );
}

function lookedAt(props: ChecksScreenProps): string {
  const { home, at, line } = props;
  return at === undefined ? (line ?? words.asking(home)) : `${words.looked(home, at)} ${count(props)}`;
}

function verdict({ at, findings, unseen }: ChecksScreenProps): string {
  if (at === undefined) return words.title;
  if (findings.length > 0) return words.look(findings.length);
  return unseen.length > 0 ? words.unseen : words.sound;
}

function count({ findings, unseen, sound, more }: ChecksScreenProps): string {
  const fine = sound.length + more;
  const all = fine + findings.length + unseen.length;
  return fine === all ? words.allFine(all) : words.fine(fine, all);
}

function Sound({ rows }: { rows: readonly CheckRow[] }) {
  const [all, setAll] = useState(false);
  const shown = all ? rows : rows.slice(0, atOnce);
  return (
    <>
      <ul className="sound">
        {shown.map((row) => (
          <li key={row.key}>
            <CheckIcon />
            <span>{row.text}</span>
            {row.door !== undefined && <span className="sub">{words.door(row.door)}</span>}
          </li>
        ))}
      </ul>
      {shown.length < rows.length && (
        <button type="button" className="link sub more-sound" onClick={() => setAll(true)}>
          {words.more(rows.length - shown.length)}
        </button>
      )}
    </>
  );
}

function CopyAll({ rows }: { rows: readonly CheckRow[] }) {
  const [said, say] = useSaid();
  const report = rows.map((row) =>
    [
      row.door === undefined ? row.text : `${row.text} (${words.door(row.door)})`,
      row.cost,
      row.remedy,
      row.command,
    ]
      .filter((line) => line !== undefined)
      .join('\n'),
  );
  return (
    <button
      type="button"
      className="btn"
      onClick={() => void copyText(`${report.join('\n\n')}\n`).then((done) => done && say())}
    >
      {said ? text.command.copied : words.copyAll}
    </button>
  );
}
