import type { Metadata } from 'next';
import { BansLive } from '../_live/bans-live.tsx';
import { text } from '../_text/en.ts';

export const metadata: Metadata = { title: text.nav.bans };

export default function BansPage() {
  return <BansLive />;
}
