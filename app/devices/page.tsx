import type { Metadata } from 'next';
import { DevicesLive } from '../_live/devices-live.tsx';
import { text } from '../_text/en.ts';

export const metadata: Metadata = { title: text.devices.asking };

export default function DevicesPage() {
  return <DevicesLive />;
}
