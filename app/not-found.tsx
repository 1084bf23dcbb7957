import type { Metadata } from 'next';
import { Link } from './_ui/link.tsx';
import { MarkIcon } from './_ui/icons.tsx';
import { text } from './_text/en.ts';

export const metadata: Metadata = { title: text.missing.title };

export default function NotFoundPage() {
  return (
    <main className="plain-page">
      <MarkIcon size={64} />
      <h1 className="title">{text.missing.title}</h1>
      <p className="lede">{text.missing.lede}</p>
      <Link className="btn fill" href="/">
        {text.missing.link}
      </Link>
    </main>
  );
}
