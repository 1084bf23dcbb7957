import { Drawer } from './drawer.tsx';
import { CheckIcon } from './icons.tsx';
import { KeyBit } from './key-picture.tsx';
import { Link } from './link.tsx';
import type { HomeHead } from './types.ts';
import { text } from '../_text/en.ts';

/** Every paired home, and the way to pair another. */
export function HomesDrawer({
  homes,
  current,
  onHome,
  onClose,
}: {
  homes: readonly HomeHead[];
  current?: string;
  onHome: (id: string) => void;
  onClose: () => void;
}) {
  return (
    <Drawer title={text.home.homes} titleHidden onClose={onClose}>
      <ul className="rows">
        {homes.map((home) => (
          <li key={home.id}>
            <button
              type="button"
              className="row homes-row"
              aria-pressed={home.id === current}
              onClick={() => onHome(home.id)}
            >
              <KeyBit homeKey={home.key} className="bit big-bit" />
              <span className="main pl-1.5">
                <span className="homes-name">{home.name}</span>
                <span className="s num">
                  <b className={home.open ? 'brass' : ''}>{home.state}</b>
                  {home.since === undefined ? '' : `, ${home.since}`}
                </span>
              </span>
              {home.id === current && <CheckIcon />}
            </button>
          </li>
        ))}
      </ul>
      <Link className="btn wide mt-3.5" href="/pair">
        {text.home.pair}
      </Link>
    </Drawer>
  );
}
