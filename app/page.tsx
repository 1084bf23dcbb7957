import { DoorsLive } from './_live/doors-live.tsx';

export default function DoorsPage() {
  return <DoorsLive />;
}
