import { useCallback, useEffect, useRef, useState } from 'react';
import type { KeyboardEvent, MouseEvent, PointerEvent } from 'react';

/** How long the key has to be held (DESIGN 1, durations). */
export const HOLD_MS = 900;
/** Held longer than this, the hold ends without asking: the home's challenge is good for 10 s. */
const TOO_LONG_MS = 8000;
/** After the first of two taps. */
const ARMED_MS = 5000;
/** How far a finger may slide off the rim before the hold is given up, px. */
const SLACK = 24;

/** `armed`: one tap was made; `enter`: O was pressed, Enter opens. */
export type HoldStage = 'idle' | 'holding' | 'full' | 'armed' | 'enter' | 'released';

export interface HoldOptions {
  readonly mode: 'hold' | 'twice';
  readonly haptics: boolean;
  /** Thumb down: ask home for a challenge, collect evidence. */
  readonly onArm: () => void;
  /** The hold is over: now the request leaves. */
  readonly onRelease: () => void;
  /** Let go early: nothing leaves. */
  readonly onCancel: () => void;
  /** Activated without holding, by a screen reader or a switch: ask for a confirmation. */
  readonly onActivate: () => void;
}

const reduced = () => window.matchMedia('(prefers-reduced-motion: reduce)').matches;

/** Made by assistive technology, not by a finger: it cannot hold (react-aria's rule). */
function isVirtual(event: PointerEvent): boolean {
  const { width, height, pressure, detail, pointerType } = event.nativeEvent;
  return (
    (width === 0 && height === 0) ||
    (width === 1 && height === 1 && pressure === 0 && detail === 0 && pointerType === 'mouse')
  );
}

/**
 * Press and hold, with its equals: two taps, the keyboard, a screen reader. It fires when the finger lifts
 * after the ring is full (WCAG 2.5.2: on the up-event, and sliding off stops it).
 */
export function useHold(options: HoldOptions) {
  const [stage, setStage] = useState<HoldStage>('idle');
  const [lit, setLit] = useState(0);
  const turning = useRef<SVGGElement>(null);
  const frame = useRef(0);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const current = useRef<HoldStage>('idle');
  const latest = useRef(options);
  useEffect(() => {
    latest.current = options;
  });

  const go = useCallback((next: HoldStage) => {
    current.current = next;
    setStage(next);
  }, []);

  const still = useCallback(() => {
    cancelAnimationFrame(frame.current);
    clearTimeout(timer.current);
  }, []);

  const swingBack = useCallback(() => {
    still();
    setLit(0);
    turning.current?.style.removeProperty('transform');
    go('idle');
  }, [go, still]);

  const cancel = useCallback(() => {
    if (current.current === 'idle' || current.current === 'released') return;
    swingBack();
    latest.current.onCancel();
  }, [swingBack]);

  const release = useCallback(() => {
    still();
    setLit(0);
    turning.current?.style.removeProperty('transform');
    go('released');
    latest.current.onRelease();
    // The screen moves on at once; should it not, the plug goes back.
    timer.current = setTimeout(() => {
      if (current.current === 'released') swingBack();
    }, 1500);
  }, [go, still, swingBack]);

  const tick = useCallback((ms: number) => {
    if (latest.current.haptics) navigator.vibrate?.(ms);
  }, []);

  const start = useCallback(() => {
    if (current.current === 'holding' || current.current === 'full') return;
    const jump = reduced();
    const from = performance.now();
    tick(10);
    latest.current.onArm();
    go('holding');
    const step = () => {
      const done = Math.min(1, (performance.now() - from) / HOLD_MS);
      setLit(Math.floor(done * 60));
      const angle = jump ? (done < 1 ? 0 : -90) : -90 * done;
      turning.current?.style.setProperty('transform', `rotate(${angle}deg)`);
      if (done < 1) frame.current = requestAnimationFrame(step);
      else {
        go('full');
        tick(30);
        timer.current = setTimeout(cancel, TOO_LONG_MS);
      }
    };
    frame.current = requestAnimationFrame(step);
  }, [cancel, go, tick]);

  const arm = useCallback(
    (enter = false) => {
      tick(10);
      latest.current.onArm();
      go(enter ? 'enter' : 'armed');
      timer.current = setTimeout(cancel, ARMED_MS);
    },
    [cancel, go, tick],
  );

  const end = useCallback(() => {
    if (current.current === 'full') release();
    else if (current.current === 'holding') cancel();
  }, [cancel, release]);

  useEffect(() => still, [still]);
  useEffect(() => {
    const hidden = () => {
      if (document.hidden) cancel();
    };
    document.addEventListener('visibilitychange', hidden);
    return () => document.removeEventListener('visibilitychange', hidden);
  }, [cancel]);

  const inside = (event: PointerEvent<HTMLElement>) => {
    const box = event.currentTarget.getBoundingClientRect();
    const radius = box.width / 2;
    return (
      Math.hypot(event.clientX - box.left - radius, event.clientY - box.top - box.height / 2) <=
      radius + SLACK
    );
  };

  const bind = {
    onPointerDown: (event: PointerEvent<HTMLElement>) => {
      if (options.mode === 'twice' || isVirtual(event) || event.button !== 0 || !event.isPrimary) return;
      event.currentTarget.setPointerCapture(event.pointerId);
      start();
    },
    onPointerMove: (event: PointerEvent<HTMLElement>) => {
      if ((current.current === 'holding' || current.current === 'full') && !inside(event)) cancel();
    },
    onPointerUp: end,
    onPointerCancel: cancel,
    onContextMenu: (event: MouseEvent) => event.preventDefault(),
    onBlur: cancel,
    onKeyDown: (event: KeyboardEvent) => {
      if (event.key === 'Escape') return cancel();
      if (event.key !== 'Enter' && event.key !== ' ') return;
      if (current.current === 'enter') {
        event.preventDefault();
        return release();
      }
      if (options.mode === 'twice') return;
      event.preventDefault();
      if (!event.repeat) start();
    },
    onKeyUp: (event: KeyboardEvent) => {
      if (options.mode === 'twice' || (event.key !== 'Enter' && event.key !== ' ')) return;
      event.preventDefault();
      end();
    },
    onClick: (event: MouseEvent) => {
      if (options.mode === 'twice') {
        if (current.current === 'armed') release();
        else if (current.current === 'idle') arm();
        return;
      }
      // Fingers and keys have done their work before a click comes; what is left made no pointer events.
      if (event.detail === 0) options.onActivate();
    },
  };

  return { stage, lit, turning, bind, arm, cancel };
}
