import { bladePath, keyCuts, uncutPath } from './key-cuts.ts';
import { text } from '../_text/en.ts';

const bow = 'M10 3a10 10 0 1 1 0 20a10 10 0 1 1 0-20ZM7.6 9.4a3.6 3.6 0 1 1 0 7.2a3.6 3.6 0 1 1 0-7.2Z';

/** A home's key beside its name. The name says which home it is, so the picture says nothing aloud. */
export function KeyBit({ homeKey, className = 'bit' }: { homeKey: Uint8Array; className?: string }) {
  return (
    <svg
      className={className}
      width="46"
      height="22"
      viewBox="0 0 67 26"
      aria-hidden="true"
      fillRule="evenodd"
    >
      <path d={bow} />
      <path d={bladePath(keyCuts(homeKey))} />
    </svg>
  );
}

/** The large key. Without a home key it is a blank. `cutting`: its six cuts appear one by one, once. */
export function KeyPicture({ homeKey, cutting = false }: { homeKey?: Uint8Array; cutting?: boolean }) {
  const cuts = homeKey === undefined ? [] : keyCuts(homeKey);
  return (
    <svg
      className={`key-picture${cutting ? ' cutting' : ''}`}
      width="310"
      height="120"
      viewBox="0 0 67 26"
      role="img"
      aria-label={cuts.length === 0 ? text.firstRun.blank : text.pairing.keyPicture(cuts)}
      fillRule="evenodd"
    >
      <g>
        <path d={bow} />
        <path d={bladePath(cuts)} />
      </g>
      {cutting && cuts.map((depth, i) => <path key={i} className="uncut" d={uncutPath(i, depth)} />)}
    </svg>
  );
}
