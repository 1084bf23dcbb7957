import { Link } from '../_ui/link.tsx';
import { CommandField } from '../_ui/controls.tsx';
import { GoIcon, LinkIcon, PasswordsIcon } from '../_ui/icons.tsx';
import { KeyPicture } from '../_ui/key-picture.tsx';
import type { Place } from '../_ui/types.ts';
import { text } from '../_text/en.ts';

const words = text.firstRun;

/** Before the first home: a blank key, the command to run, and the way in. */
export function FirstRunScreen({ place }: { place: Place }) {
  return (
    <>
      <h1 className="state" tabIndex={-1}>
        {words.title}
      </h1>
      <p className="lede">{words.lede}</p>
      <figure className="fp">
        <KeyPicture />
      </figure>
      <div className="three-ways end">
        <section>
          <h2 className="label">{words.run}</h2>
          <CommandField command={words.command} />
          <p className="sub note">{words.shows}</p>
        </section>
        <section className="then">
          <h2 className="label">{words.then}</h2>
          <Link className="btn fill wide tall" href="/pair">
            <LinkIcon />
            {words.paste}
          </Link>
        </section>
        <section className="then">
          <h2 className="label">{words.inHand}</h2>
          <p className="sub camera-note">
            <span className="phone-words">{words.camera}</span>
            <span className="wide-words">{words.cameraWide}</span>
          </p>
        </section>
      </div>
      {/* On wider screens the rail has them. */}
      <Link className="row no-underline passwords-now" href="/passwords">
        <PasswordsIcon />
        <span className="main">
          <span className="t b">{words.passwords}</span>
          <span className="s">{words.passwordsWhy[place]}</span>
        </span>
        <GoIcon />
      </Link>
    </>
  );
}
