import type { Metadata } from 'next';
import { ActivityLive } from '../_live/activity-live.tsx';
import { text } from '../_text/en.ts';

export const metadata: Metadata = { title: text.activity.title };

export default function ActivityPage() {
  return <ActivityLive />;
}
