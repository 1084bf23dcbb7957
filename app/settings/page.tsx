import type { Metadata } from 'next';
import { SettingsLive } from '../_live/settings-live.tsx';
import { text } from '../_text/en.ts';

export const metadata: Metadata = { title: text.settings.title };

export default function SettingsPage() {
  return <SettingsLive />;
}
