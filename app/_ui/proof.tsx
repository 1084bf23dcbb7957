'use client';
import { GoIcon } from './icons.tsx';
import { ShearRule, SidePin } from './pins.tsx';
import type { ProofLink } from './types.ts';
import { text } from '../_text/en.ts';

/** The link that the row puts in words: the first that is late, else the newest that is set. */
export function linkInWords(links: readonly ProofLink[]): ProofLink | undefined {
  return links.find((link) => link.state === 'stuck') ?? links.findLast((link) => link.state === 'set');
}

function Words({ link }: { link: ProofLink }) {
  const row: NonNullable<ProofLink['row']> = link.row ?? { title: link.title, sub: link.who };
  return (
    <span className="main">
      <span className={`t${row.green === true ? ' green' : ''}`}>{row.title}</span>
      <span className="s num">
        {row.address !== undefined && <span className="mono">{row.address}</span>}
        {row.sub}
      </span>
    </span>
  );
}

/** One button: the shear line with a pin a link, and one link in words. Opens the drawer *How we know*. */
export function ProofRow({ links, onOpen }: { links: readonly ProofLink[]; onOpen: () => void }) {
  const said = linkInWords(links);
  return (
    <button type="button" className="proof" aria-haspopup="dialog" onClick={onOpen}>
      <span className="vh">{text.proof.row}. </span>
      <ShearRule states={links.map((link) => link.state)} />
      {said !== undefined && (
        <span className="said">
          <Words link={said} />
          <GoIcon />
        </span>
      )}
    </button>
  );
}

/** Every link with who saw it and when: in the drawer, and right of the dial where there is room. */
export function Chain({ links }: { links: readonly ProofLink[] }) {
  return (
    <ol className="chain">
      {links.map((link) => (
        <li key={link.id} className={link.state}>
          <SidePin state={link.state} />
          <div>
            <p className="t num">{link.title}</p>
            <p className={`s num${link.mono === true ? ' mono' : ''}`}>{link.who}</p>
          </div>
          <span className="num when">{link.when ?? ''}</span>
        </li>
      ))}
    </ol>
  );
}
