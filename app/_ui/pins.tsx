import type { LinkState } from './types.ts';

/** How far a pin that is not through stands off the shear line: each its own, so that a row looks like a lock. */
const stagger = [-8, 6, -5, 9, -10, 5] as const;
const rowStagger = [-5, 6, -5, 6, -5, 4, -5] as const;

export function Pin({ state, x, drop }: { state: LinkState; x: number; drop: number }) {
  return (
    <g className={`pin ${state}`} data-drop={state === 'set' ? 0 : drop}>
      <g>
        <rect className="drv" x={x} y="9.5" width="14" height="15" rx="2" />
        <path className="key" d={`M${x + 1} 27.5h12v11l-6 5l-6 -5z`} />
      </g>
    </g>
  );
}

/** Pins under the dial, and small ones of the past. What they show is said in words beside them. */
export function Pins({ states, past = false }: { states: readonly LinkState[]; past?: boolean }) {
  const width = (states.length - 1) * 27.2 + 22;
  return (
    <svg className={`pins${past ? ' past' : ''}`} viewBox={`-4 -5 ${width} 62`} aria-hidden="true">
      <line className="shear" x1="-4" x2={width - 4} y1="26" y2="26" />
      {states.map((state, i) => (
        <Pin
          key={i}
          state={state}
          x={Number((i * 27.2).toFixed(1))}
          drop={stagger[i % stagger.length] ?? 5}
        />
      ))}
    </svg>
  );
}

/** The proof row's top rule: the shear line over the full width, one pin a link. */
export function ShearRule({ states }: { states: readonly LinkState[] }) {
  return (
    <span className="shear-rule pins" aria-hidden="true">
      {states.map((state, i) => (
        <svg key={i} width="14" height="47" viewBox="0 4 14 47">
          <Pin
            state={state}
            x={0}
            drop={state === 'now' || state === 'stuck' ? 6 : (rowStagger[i % rowStagger.length] ?? 6)}
          />
        </svg>
      ))}
    </span>
  );
}

/** A pin of the chain, turned a quarter. */
export function SidePin({ state }: { state: LinkState }) {
  return (
    <svg className="pins sidepin" viewBox="0 0 56 56" preserveAspectRatio="xMidYMid slice" aria-hidden="true">
      <g className={`pin side ${state}`}>
        <g>
          <rect className="drv" x="9.5" y="21" width="15" height="14" rx="2" />
          <path className="key" d="M27.5 22h11l5 6l-5 6h-11z" />
        </g>
      </g>
    </svg>
  );
}
