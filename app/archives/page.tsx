import type { Metadata } from 'next';
import { ArchivesPage } from '../_live/archives-page.tsx';
import { text } from '../_text/en.ts';

export const metadata: Metadata = { title: text.nav.archives };

export default function Archives() {
  return <ArchivesPage />;
}
