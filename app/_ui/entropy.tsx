import { passwordText as words } from '../_text/passwords.ts';

const marks = 32;
const bitsEach = 4;

/** Whole bits, large, and the same on a scale of 128; a dash where there is nothing to count. */
export function Entropy({ bits }: { bits: number | undefined }) {
  const lit = Math.min(marks, Math.round((bits ?? 0) / bitsEach));
  return (
    <p className="entropy">
      <span className="n num">
        {bits ?? '–'} <span className="unit">{words.bits}</span>
      </span>
      <span className="scale" aria-hidden="true">
        {Array.from({ length: marks }, (_, index) => (
          <i key={index} className={index < lit ? 'on' : ''} />
        ))}
      </span>
    </p>
  );
}
