import type { Metadata } from 'next';
import { ChecksLive } from '../_live/checks-live.tsx';
import { checksText } from '../_text/checks.ts';

export const metadata: Metadata = { title: checksText.title };

export default function ChecksPage() {
  return <ChecksLive />;
}
