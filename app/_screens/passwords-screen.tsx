'use client';
import { useState } from 'react';
import { Candidates, type Candidate } from '../_ui/candidates.tsx';
import { CharactersDrawer, type CharactersFrom } from '../_ui/characters-drawer.tsx';
import { Segments } from '../_ui/controls.tsx';
import { Entropy } from '../_ui/entropy.tsx';
import { AgainIcon, CopyIcon, GoIcon } from '../_ui/icons.tsx';
import { LengthField } from '../_ui/length-field.tsx';
import type { Place } from '../_ui/types.ts';
import { passwordText as words } from '../_text/passwords.ts';

type Kind = 'words' | 'characters' | 'digits';

export interface PasswordsScreenProps {
  readonly place: Place;
  readonly kind: Kind;
  readonly from: CharactersFrom;
  readonly counts: 'words' | 'characters';
  readonly length: number;
  readonly shortest: number;
  readonly longest: number;
  /** How many there will be. */
  readonly rows: number;
  /** None until they are made. */
  readonly candidates: readonly Candidate[];
  readonly separator?: string;
  readonly chosen: number;
  /** Absent where the recipe is refused. */
  readonly bits?: number;
  /** What they are worth, and more quietly how that is counted; or why there are none. */
  readonly sentence: string;
  readonly quiet: readonly string[];
  readonly rules: string;
  readonly verdict: string;
  readonly rulesRefused: boolean;
  /** What became of the copy, in words. */
  readonly copied?: string;
  /** True for the moment after copying. */
  readonly justCopied: boolean;
  /** For the ear: four others stand there now. */
  readonly fresh: string;
  readonly acts: {
    kind(kind: Kind): void;
    choose(index: number): void;
    length(length: number): void;
    set(set: 'plain' | 'shell'): void;
    rules(text: string): void;
    copy(): void;
    more(): void;
  };
}

const kinds = ['words', 'characters', 'digits'] as const;

export function PasswordsScreen(props: PasswordsScreenProps) {
  const { kind, counts, length, candidates, acts } = props;
  const [choosing, setChoosing] = useState(false);
  return (
    <div className="passwords">
      <div className="passwords-head">
        <h1 className="title" tabIndex={-1}>
          {words.headline}
        </h1>
        <p className="lede passwords-made">{words.made[props.place]}</p>
      </div>
      <div className="passwords-pick">
        <Segments
          label={words.kind}
          value={kind}
          choices={kinds.map((value) => ({ value, words: words.kinds[value] }))}
          onChange={acts.kind}
        />
        <Candidates
          className={counts === 'words' ? 'tall' : ''}
          candidates={candidates}
          rows={props.rows}
          separator={props.separator}
          chosen={props.chosen}
          onChoose={acts.choose}
        />
      </div>
      <div className="passwords-worth">
        <LengthField
          key={`${kind} ${props.from}`}
          label={words.length[counts]}
          unit={words.unit[counts](length)}
          spoken={words.spokenLength[counts](length)}
          value={length}
          least={props.shortest}
          most={props.longest}
          onChange={acts.length}
        />
        <Entropy bits={props.bits} />
        <p className="sub num">{props.sentence}</p>
        {props.quiet.map((line) => (
          <p key={line} className="sub num quiet">
            {line}
          </p>
        ))}
        {kind === 'words' && <Credit />}
        {kind === 'characters' && (
          <button
            type="button"
            className="nav-row which"
            aria-haspopup="dialog"
            onClick={() => setChoosing(true)}
          >
            <span>{words.which}</span>
            <span className="v">{words.sets[props.from]}</span>
            <GoIcon />
          </button>
        )}
      </div>
      <div className="passwords-acts">
        <p className="sub num copied" role="status">
          {props.copied ?? ''}
        </p>
        <div className="btns">
          <button
            type="button"
            className={`btn fill grow${props.bits === undefined ? ' refused' : ''}`}
            aria-disabled={candidates.length === 0}
            onClick={acts.copy}
          >
            <CopyIcon />
            {props.justCopied ? words.copied : words.copy}
          </button>
          <button type="button" className="btn" onClick={acts.more}>
            <AgainIcon />
            {words.more}
          </button>
        </div>
        <p className="vh" role="status">
          {props.fresh}
        </p>
      </div>
      {choosing && (
        <CharactersDrawer
          from={props.from}
          rules={props.rules}
          verdict={props.verdict}
          refused={props.rulesRefused}
          onSet={acts.set}
          onRules={acts.rules}
          onClose={() => setChoosing(false)}
        />
      )}
    </div>
  );
}

/** Attribution, as the list's licence asks. */
function Credit() {
  const { credit } = words;
  return (
    <p className="sub quiet">
      {credit.before}
      <a href="https://www.eff.org/dice" rel="noreferrer" target="_blank">
        {credit.list}
      </a>
      {credit.between}
      <a href="https://creativecommons.org/licenses/by/3.0/us/" rel="noreferrer" target="_blank">
        {credit.licence}
      </a>
    </p>
  );
}
