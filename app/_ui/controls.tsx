'use client';
import { useEffect, useId, useRef, useState } from 'react';
import { CopyIcon, LinkIcon, TerminalIcon } from './icons.tsx';
import { text } from '../_text/en.ts';

/** One choice of a few, as radio buttons: arrow keys move it. `unit` is said with every choice when text is large. */
export function Segments<Value extends string | number>({
  label,
  value,
  choices,
  onChange,
  className = '',
}: {
  label: string;
  value: Value;
  choices: readonly {
    readonly value: Value;
    readonly words: string;
    readonly unit?: string;
    readonly spoken?: string;
  }[];
  onChange: (value: Value) => void;
  className?: string;
}) {
  const name = useId();
  return (
    <div className={`seg num ${className}`} role="radiogroup" aria-label={label}>
      {choices.map((choice) => (
        <label key={choice.value}>
          <input
            type="radio"
            name={name}
            aria-label={choice.spoken ?? choice.words}
            checked={choice.value === value}
            onChange={() => onChange(choice.value)}
          />
          <span data-word={choice.words} aria-hidden="true">
            <span>
              {choice.words}
              {choice.unit !== undefined && <span className="unit"> {choice.unit}</span>}
            </span>
          </span>
        </label>
      ))}
    </div>
  );
}

export function Switch({
  label,
  describedBy,
  on,
  onChange,
}: {
  label: string;
  describedBy?: string;
  on: boolean;
  onChange: (on: boolean) => void;
}) {
  return (
    <button
      type="button"
      className="tog"
      role="switch"
      aria-checked={on}
      aria-label={label}
      aria-describedby={describedBy}
      onClick={() => onChange(!on)}
    />
  );
}

/** True for 2 s after `say`: the word in place of the icon. */
export function useSaid(): readonly [boolean, () => void] {
  const [said, setSaid] = useState(false);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => () => clearTimeout(timer.current), []);
  return [
    said,
    () => {
      setSaid(true);
      clearTimeout(timer.current);
      timer.current = setTimeout(() => setSaid(false), 2000);
    },
  ];
}

/** Copies inside the tap, as iOS wants. False where the browser does not let us. */
export async function copyText(words: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(words);
    return true;
  } catch {
    return false;
  }
}

/** A command, or an address for the browser, in its well, with copy; `href` opens it in an app. */
export function CommandField({ command, href }: { command: string; href?: string }) {
  const [said, say] = useSaid();
  const isAddress = href === command;
  const copy = isAddress ? text.command.copyAddress : text.command.copy;
  return (
    <div className="cmd">
      <code>
        {command.split(' ').map((word, i) => (
          <span key={i} className="word">
            {i === 0 ? '' : '\u00a0'}
            {word}
          </span>
        ))}
      </code>
      {href !== undefined && (
        <a
          className="icon-btn"
          href={href}
          aria-label={isAddress ? text.command.openAddress : text.command.open}
          {...(isAddress ? { target: '_blank', rel: 'noopener noreferrer' } : {})}
        >
          {isAddress ? <LinkIcon /> : <TerminalIcon />}
        </a>
      )}
      <button
        type="button"
        className={said ? 'icon-btn said' : 'icon-btn'}
        aria-label={said ? text.command.copied : copy}
        onClick={() => {
          void copyText(command).then((done) => {
            if (done) say();
          });
        }}
      >
        {said ? text.command.copied : <CopyIcon />}
      </button>
      <span className="vh" role="status">
        {said ? text.spoken.copied : ''}
      </span>
    </div>
  );
}

/** Thirty marks; those of the time that is left are on. */
export function TimeScale({ label, left, of }: { label: string; left: number; of: number }) {
  const lit = Math.round((Math.max(0, Math.min(left, of)) / of) * 30);
  return (
    <div
      className="scale"
      role="progressbar"
      aria-label={label}
      aria-valuenow={Math.round((lit / 30) * 100)}
      aria-valuemin={0}
      aria-valuemax={100}
    >
      {Array.from({ length: 30 }, (_, i) => (
        <i key={i} className={i < lit ? 'on' : ''} />
      ))}
    </div>
  );
}
