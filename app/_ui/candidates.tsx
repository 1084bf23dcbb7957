'use client';
import { Fragment, useId } from 'react';
import { passwordText as words } from '../_text/passwords.ts';

export interface Candidate {
  readonly password: string;
  /** As a screen reader says it. */
  readonly spoken: string;
}

/**
 * Four passwords, one of them chosen: radio buttons, so that arrow keys move. Not for a translator, which would send
 * them away. Rows without a password keep the place.
 */
export function Candidates({
  candidates,
  rows,
  separator,
  chosen,
  onChoose,
  className,
}: {
  candidates: readonly Candidate[];
  rows: number;
  separator: string | undefined;
  chosen: number;
  onChoose: (index: number) => void;
  className: string;
}) {
  const name = useId();
  return (
    <div
      className={`pws notranslate ${className}`}
      role="radiogroup"
      aria-label={words.candidates}
      translate="no"
    >
      {Array.from({ length: rows }, (_, index) => {
        const candidate = candidates[index];
        return (
          <label key={index} className="pw">
            <input
              type="radio"
              name={name}
              autoComplete="off"
              aria-label={candidate?.spoken ?? words.making}
              checked={index === chosen && candidate !== undefined}
              disabled={candidate === undefined}
              onChange={() => onChoose(index)}
            />
            <span className="dot" aria-hidden="true" />
            <span className={`mono${separator === undefined ? ' unbroken' : ''}`} aria-hidden="true">
              {candidate === undefined ? '\u00a0' : pieces(candidate.password, separator)}
            </span>
          </label>
        );
      })}
    </div>
  );
}

/** Separators are dimmed, and lines break behind them. */
function pieces(password: string, separator: string | undefined) {
  if (separator === undefined) return password;
  return password.split(separator).map((piece, index) => (
    <Fragment key={index}>
      {index > 0 && (
        <>
          <span className="sep">{separator}</span>
          <wbr />
        </>
      )}
      {piece}
    </Fragment>
  ));
}
