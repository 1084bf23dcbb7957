'use client';
import { useEffect, useRef, type ReactNode } from 'react';
import { Dial } from './dial.tsx';
import { useHold, type HoldOptions, type HoldStage } from './use-hold.ts';

interface HoldDialProps extends HoldOptions {
  readonly label: string;
  readonly holdingLabel: string;
  /** O, then Enter (desktop, if single keys are on). */
  readonly singleKeys: boolean;
  readonly onStage: (stage: HoldStage) => void;
  readonly children?: ReactNode;
}

/** Whether a key press is meant for a field or comes with a modifier. */
function isTyping(event: KeyboardEvent): boolean {
  const target = event.target as HTMLElement | null;
  return (
    event.ctrlKey ||
    event.metaKey ||
    event.altKey ||
    target?.matches('input, textarea, select, [contenteditable]') === true ||
    document.querySelector('dialog[open]') !== null
  );
}

/** The dial that opens. It is the same drawing at the same place as the dial that only shows. */
export function HoldDial({ label, holdingLabel, singleKeys, onStage, ...options }: HoldDialProps) {
  const hold = useHold(options);
  const button = useRef<HTMLButtonElement>(null);
  const { stage, arm } = hold;

  useEffect(() => onStage(stage), [stage, onStage]);
  // Gone with the dial: else the next dial's first frame shows the stage that this one ended in.
  useEffect(() => () => onStage('idle'), [onStage]);
  useEffect(() => {
    if (!singleKeys) return undefined;
    const press = (event: KeyboardEvent) => {
      if (event.key.toLowerCase() !== 'o' || event.repeat || isTyping(event)) return;
      event.preventDefault();
      button.current?.focus();
      arm(true);
    };
    window.addEventListener('keydown', press);
    return () => window.removeEventListener('keydown', press);
  }, [singleKeys, arm]);

  const turned = stage === 'full' || stage === 'released';
  return (
    <button
      ref={button}
      type="button"
      className="dial-btn"
      aria-label={stage === 'holding' ? holdingLabel : label}
      {...hold.bind}
    >
      <Dial
        look={stage === 'idle' ? 'neutral' : 'rim'}
        turn={turned ? 'quarter' : 'upright'}
        lit={hold.lit}
        ring={stage === 'released' ? 'running' : 'rest'}
        turning={hold.turning}
        byHand={stage === 'holding'}
      />
    </button>
  );
}
