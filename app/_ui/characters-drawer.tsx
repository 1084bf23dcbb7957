'use client';
import { useId, useState } from 'react';
import { Drawer } from './drawer.tsx';
import { passwordText as words } from '../_text/passwords.ts';

export type CharactersFrom = 'plain' | 'shell' | 'rules';

const sets = ['plain', 'shell', 'rules'] as const;

/** Which characters: a set, or a site's own words. Every change holds at once, rules as soon as they are understood. */
export function CharactersDrawer({
  from,
  rules,
  verdict,
  refused,
  onSet,
  onRules,
  onClose,
}: {
  from: CharactersFrom;
  /** The site's words as pasted. */
  rules: string;
  verdict: string;
  refused: boolean;
  onSet: (set: 'plain' | 'shell') => void;
  onRules: (text: string) => void;
  onClose: () => void;
}) {
  const id = useId();
  const [picked, setPicked] = useState<CharactersFrom>(rules === '' ? from : 'rules');
  return (
    <Drawer title={words.whichTitle} onClose={onClose}>
      <div className="picks" role="radiogroup" aria-label={words.whichTitle}>
        {sets.map((set) => (
          <label key={set} className="pick">
            <input
              type="radio"
              name={id}
              autoComplete="off"
              checked={set === picked}
              aria-label={words.sets[set]}
              aria-describedby={`${id}-${set}`}
              onChange={() => {
                setPicked(set);
                if (set === 'rules') onRules(rules);
                else onSet(set);
              }}
            />
            <span className="dot" aria-hidden="true" />
            <span>
              <span className="t">{words.sets[set]}</span>
              <span className="s" id={`${id}-${set}`}>
                {words.setWhy[set]}
              </span>
            </span>
          </label>
        ))}
      </div>
      {picked === 'rules' && (
        <>
          <textarea
            className="field rules"
            aria-label={words.rulesField}
            aria-invalid={refused}
            aria-describedby={`${id}-verdict`}
            autoComplete="off"
            autoCapitalize="none"
            autoCorrect="off"
            spellCheck={false}
            value={rules}
            onChange={(event) => onRules(event.target.value)}
          />
          <p className={`sub rules-verdict${refused ? ' ink' : ''}`} id={`${id}-verdict`} role="status">
            {verdict}
          </p>
        </>
      )}
      <button type="button" className="btn fill wide mt-3.5" onClick={onClose}>
        {words.done}
      </button>
    </Drawer>
  );
}
