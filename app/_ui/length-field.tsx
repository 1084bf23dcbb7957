'use client';
import { useState } from 'react';

/** One whole number, by a slider or typed. A number outside of the bounds waits for the next digit; leaving corrects it. */
export function LengthField({
  label,
  unit,
  spoken,
  value,
  least,
  most,
  onChange,
}: {
  label: string;
  unit: string;
  /** What the slider says. */
  spoken: string;
  value: number;
  least: number;
  most: number;
  onChange: (value: number) => void;
}) {
  const [draft, setDraft] = useState<string>();
  return (
    <div className="length">
      <label className="length-number">
        <input
          type="number"
          className="num"
          inputMode="numeric"
          autoComplete="off"
          aria-label={label}
          min={least}
          max={most}
          value={draft ?? String(value)}
          onChange={(event) => {
            const typed = event.target.value;
            setDraft(typed);
            const wanted = Number(typed);
            if (typed !== '' && Number.isInteger(wanted) && wanted >= least && wanted <= most)
              onChange(wanted);
          }}
          onBlur={(event) => {
            setDraft(undefined);
            const wanted = Number(event.target.value);
            if (event.target.value !== '' && Number.isFinite(wanted) && wanted !== value) onChange(wanted);
          }}
        />
        <span aria-hidden="true">{unit}</span>
      </label>
      <span className="slider">
        {/* What lies left of the thumb; a width in a style attribute is not for this page's policy. */}
        <progress aria-hidden="true" value={value - least} max={Math.max(1, most - least)} />
        <input
          type="range"
          autoComplete="off"
          aria-label={label}
          aria-valuetext={spoken}
          min={least}
          max={most}
          value={value}
          disabled={least === most}
          onChange={(event) => {
            setDraft(undefined);
            onChange(Number(event.target.value));
          }}
        />
      </span>
    </div>
  );
}
