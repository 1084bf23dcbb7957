import { Link } from '../_ui/link.tsx';
import { text } from '../_text/en.ts';

/** A screen about a home, where there is none. */
export function NeedsHomeScreen({ title }: { title: string }) {
  return (
    <>
      <h1 className="title" tabIndex={-1}>
        {title}
      </h1>
      <p className="lede near pb-6">{text.firstRun.title}.</p>
      <Link className="btn fill wide narrow" href="/pair">
        {text.home.pair}
      </Link>
    </>
  );
}
