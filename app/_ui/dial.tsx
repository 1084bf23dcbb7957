import { useId, type Ref } from 'react';

/** banned: a bar across the key; neutral: closed; rim: turned, not known to be open; warm: open; brass: connected; off: cannot be pressed. */
export type DialLook = 'neutral' | 'rim' | 'warm' | 'brass' | 'off' | 'banned';
export type DialTurn = 'upright' | 'quarter' | 'back';

export interface DialProps {
  readonly look: DialLook;
  readonly turn: DialTurn;
  /** Ticks lit, 0 to 60, anticlockwise from twelve. */
  readonly lit: number;
  /** Unlit ticks are faint before a door opens and nearly gone while its time runs. */
  readonly ring: 'rest' | 'running';
  /** The turning part, for a hold that turns it by hand. */
  readonly turning?: Ref<SVGGElement>;
  readonly byHand?: boolean;
}

const point = (angle: number, radius: number) =>
  `${(150 - Math.sin(angle) * radius).toFixed(2)} ${(150 - Math.cos(angle) * radius).toFixed(2)}`;

/** Ticks `from` to `to` (not included) as one path; tick 0 stands at twelve. */
function ticks(from: number, to: number, inner: number): string {
  let path = '';
  for (let i = from; i < to; i += 1) {
    const angle = (i * Math.PI) / 30;
    path += `M${point(angle, inner)}L${point(angle, 146)}`;
  }
  return path;
}

const looks: Record<DialLook, string> = {
  neutral: '',
  rim: 'lit',
  warm: 'lit warm',
  brass: 'full',
  off: 'off',
  banned: 'banned',
};

/** A lock cylinder, seen from the front. Everything it shows, words beside it say too. */
export function Dial({ look, turn, lit, ring, turning, byHand = false }: DialProps) {
  const id = useId();
  const rimLit = look === 'brass' && lit > 0 ? ' lit' : '';
  return (
    <svg
      className={`dial ${looks[look]}${rimLit}`}
      viewBox="0 0 300 300"
      aria-hidden="true"
      focusable="false"
    >
      <defs>
        {(['', 'warm-', 'full-'] as const).map((kind) => (
          <linearGradient key={kind} id={`${id}${kind}`} x1=".2" y1="0" x2=".75" y2="1">
            <stop offset="0" className={`${kind}hi`} />
            <stop offset="1" className={`${kind}lo`} />
          </linearGradient>
        ))}
        <mask id={`${id}spread`}>
          <circle className="spread" cx="150" cy="150" />
        </mask>
        <pattern
          id={`${id}hatch`}
          width="9"
          height="9"
          patternUnits="userSpaceOnUse"
          patternTransform="rotate(45)"
        >
          <line className="hatch" x1="0" y1="0" x2="0" y2="9" />
        </pattern>
      </defs>
      {lit > 0 && <path className="ticks on" d={ticks(0, lit, 129)} />}
      {lit < 60 && <path className={`ticks ${ring === 'running' ? 'gone' : ''}`} d={ticks(lit, 60, 134)} />}
      <circle cx="150" cy="150" r="112" fill={`url(#${id}${look === 'off' ? 'hatch' : ''})`} />
      <circle className="warm-plug" cx="150" cy="150" r="112" fill={`url(#${id}warm-)`} />
      <circle
        className="full-plug"
        cx="150"
        cy="150"
        r="112"
        fill={`url(#${id}full-)`}
        mask={`url(#${id}spread)`}
      />
      <circle className="plug" cx="150" cy="150" r="112" fill="none" />
      <g ref={turning} className={`turning ${turn}${byHand ? ' by-hand' : ''}`}>
        <circle className="rim" cx="150" cy="150" r="98" />
        <rect className="notch" x="147.5" y="40" width="5" height="14" rx="1" />
        <path
          className="way"
          transform="translate(150 150) scale(3.5) translate(-31.3 -31.9)"
          d="M25.6 48.5V29.4A7.6 7.6 0 1 1 33.4 29.4V39.9H44.4V42.9H40.6V45.5H44.4V48.5Z"
        />
      </g>
      {look === 'banned' && <rect className="bar-x" x="48" y="137" width="204" height="26" rx="3" />}
    </svg>
  );
}
