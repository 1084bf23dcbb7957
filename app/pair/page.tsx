import type { Metadata } from 'next';
import { PairLive } from '../_live/pair-live.tsx';
import { text } from '../_text/en.ts';

export const metadata: Metadata = { title: text.pairing.step };

export default function PairPage() {
  return <PairLive />;
}
