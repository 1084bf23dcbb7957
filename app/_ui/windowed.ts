'use client';
import { useEffect, useLayoutEffect, useRef, useState, type KeyboardEvent, type RefObject } from 'react';

/** Rows drawn above and below what is seen. */
const spare = 8;

export interface Windowed {
  readonly list: RefObject<HTMLDivElement | null>;
  /** Has the height of one row, whatever the text's size. */
  readonly ruler: RefObject<HTMLDivElement | null>;
  /** Of one row, px. */
  readonly height: number;
  /** What to draw: the rows that are seen, some around them, and the one that has the focus. */
  readonly rows: readonly number[];
  readonly onKeyDown: (event: KeyboardEvent) => void;
  readonly onFocus: (index: number) => void;
}

interface View {
  readonly first: number;
  readonly seen: number;
  readonly height: number;
}

/**
 * Of a list that may be 100,000 rows long, what to draw. Rows are of one height and stand where their number says, in
 * the pane that scrolls around them. `key`: who row `i` is, undefined where it is not loaded; rows that come above what
 * is seen do not move it. `onSeen`: rows that are seen, the last not included.
 */
export function useWindowed(
  total: number,
  key: (index: number) => string | undefined,
  onSeen: (from: number, to: number) => void,
): Windowed {
  const list = useRef<HTMLDivElement>(null);
  const ruler = useRef<HTMLDivElement>(null);
  const anchor = useRef<{ readonly index: number; readonly key: string } | undefined>(undefined);
  const wanted = useRef<number | undefined>(undefined);
  const [view, setView] = useState<View>({ first: 0, seen: 20, height: 71 });
  /** Keys come faster than rows are drawn. */
  const at = useRef<number | undefined>(undefined);
  const [focused, setFocused] = useState<number>();

  useLayoutEffect(() => {
    const pane = list.current?.closest('.screen');
    if (pane === null || pane === undefined) return undefined;
    const read = () => {
      if (list.current === null) return;
      const height = ruler.current?.offsetHeight ?? 0;
      if (height === 0) return;
      const above = pane.getBoundingClientRect().top - list.current.getBoundingClientRect().top;
      const first = Math.max(0, Math.floor(above / height));
      const seen = Math.ceil(pane.clientHeight / height) + 1;
      setView((was) =>
        was.first === first && was.seen === seen && was.height === height ? was : { first, seen, height },
      );
    };
    read();
    const sizes = new ResizeObserver(read);
    sizes.observe(pane);
    if (ruler.current !== null) sizes.observe(ruler.current);
    pane.addEventListener('scroll', read, { passive: true });
    return () => {
      sizes.disconnect();
      pane.removeEventListener('scroll', read);
    };
  }, []);

  const { first, seen, height } = view;
  useEffect(() => onSeen(first, first + seen), [first, seen, onSeen]);

  // What is seen keeps its place where rows came or went above it.
  useLayoutEffect(() => {
    const was = anchor.current;
    const pane = list.current?.closest('.screen');
    if (was !== undefined && was.index === first && first > 0 && pane && key(first) !== was.key) {
      for (let by = 1; by <= 100; by += 1) {
        const moved = key(first + by) === was.key ? by : key(first - by) === was.key ? -by : 0;
        if (moved === 0) continue;
        pane.scrollTop += moved * height;
        break;
      }
    }
    const now = key(first);
    anchor.current = now === undefined ? undefined : { index: first, key: now };
  });

  useLayoutEffect(() => {
    // A row that is not loaded yet takes the focus when it comes.
    const row = list.current?.querySelector<HTMLElement>(`[data-row="${wanted.current}"] button`);
    if (wanted.current === undefined || !row) return;
    wanted.current = undefined;
    row.focus({ preventScroll: true });
  });

  const move = (to: number) => {
    const pane = list.current?.closest('.screen');
    if (!pane || list.current === null) return;
    const index = Math.max(0, Math.min(total - 1, to));
    const top = list.current.getBoundingClientRect().top + index * height;
    const { top: from, bottom } = pane.getBoundingClientRect();
    if (top < from) pane.scrollTop += top - from - height;
    else if (top + height > bottom) pane.scrollTop += top + 2 * height - bottom;
    wanted.current = index;
    at.current = index;
    setFocused(index);
  };

  const from = Math.max(0, Math.min(first, total) - spare);
  const to = Math.min(total, first + seen + spare);
  const rows = Array.from({ length: Math.max(0, to - from) }, (_, i) => from + i);
  if (focused !== undefined && focused < total && (focused < from || focused >= to)) rows.push(focused);
  return {
    list,
    ruler,
    height,
    rows,
    onFocus: (index) => {
      if (wanted.current === undefined) at.current = index;
      setFocused(index);
    },
    onKeyDown: (event) => {
      const here = at.current;
      if (here === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
      const steps: Record<string, number> = {
        ArrowDown: here + 1,
        ArrowUp: here - 1,
        PageDown: here + seen - 2,
        PageUp: here - seen + 2,
        Home: 0,
        End: total - 1,
      };
      const step = steps[event.key];
      if (step === undefined) return;
      event.preventDefault();
      move(step);
    },
  };
}
