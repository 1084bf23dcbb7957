'use client';
import { GoIcon } from './icons.tsx';
import { ShearRule, SidePin } from './pins.tsx';
import type { ProofLink } from './types.ts';
import { text } from '../_text/en.ts';

/** The link that the row puts in words: the first that is late, else the newest that is set. */
export function linkInWords(links: readonly ProofLink[]): ProofLink | undefined {
  return links.find((link) => link.state === 'stuck') ?? links.findLast((link) => link.state === 'set');
}

/** An address is in mono wherever it stands. */
function Addressed({ words, address }: { words: string; address: string | undefined }) {
  const at = address === undefined || address === '' ? -1 : words.indexOf(address);
  if (address === undefined || at < 0) return <>{words}</>;
  return (
    <>
      {words.slice(0, at)}
      <span className="mono">{address}</span>
      {words.slice(at + address.length)}
    </>
  );
}

function Words({ link }: { link: ProofLink }) {
  const row: NonNullable<ProofLink['row']> = link.row ?? { title: link.title, sub: link.who };
  return (
    <span className="main">
      <span className={`t${row.green === true ? ' green' : ''}`}>
        <Addressed words={row.title} address={link.address} />
      </span>
      <span className="s num">
        {row.address !== undefined && <span className="mono">{row.address}</span>}
        <Addressed words={row.sub} address={link.address} />
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
            <p className="t num">
              <Addressed words={link.title} address={link.address} />
            </p>
            <p className={`s num${link.mono === true ? ' mono' : ''}`}>
              <Addressed words={link.who} address={link.address} />
            </p>
          </div>
          <span className="num when">{link.when ?? ''}</span>
        </li>
      ))}
    </ol>
  );
}
