import { useEffect, type ReactNode } from 'react';
import { archiveDetail } from '../../../app/_live/archive-detail-view.ts';
import { archivesFace } from '../../../app/_live/archives-view.ts';
import type { ArchivesState } from '../../../app/_state/archive-types.ts';
import { ArchiveDrawer, ArchiveSide, ArchiveView } from '../../../app/_screens/archive-detail.tsx';
import { ArchivesMore, type ListActs } from '../../../app/_screens/archives-more.tsx';
import { ArchivesScreen } from '../../../app/_screens/archives-screen.tsx';
import { Shell } from '../../../app/_ui/shell.tsx';
import { home } from '../../unit/app-home.ts';
import { now, states, wall } from './archive-samples.ts';
import * as sample from './samples.ts';

const nothing = () => undefined;
export const acts: ListActs = {
  onSort: nothing,
  onAsk: nothing,
  onFile: nothing,
  onVault: nothing,
  onStop: nothing,
  onExport: nothing,
  onStopExport: nothing,
  onSave: nothing,
};
const wide = innerWidth >= 1100;
const beside = innerWidth >= 1280;
const drawers = innerWidth >= 720;

function Archives({
  state,
  inside = false,
  more,
}: {
  state: ArchivesState;
  /** One archive is looked at: of its own on the phone, else beside. */
  inside?: boolean;
  /** The drawer of lists: as it opens, or with the years as a table. */
  more?: 'open' | 'table';
}) {
  useEffect(() => {
    if (more === 'table') document.querySelector<HTMLButtonElement>('.drawer figure .link')?.click();
  }, [more]);
  const face = archivesFace(home, state, { now, wall, fresh: true });
  const has = (state.totals?.value.archives ?? 0) > 0;
  const detail = archiveDetail(beside && has && state.chosen === undefined ? states.mail() : state, wall);
  const shell = {
    screen: 'archives',
    homes: sample.homes('Closed'),
    current: 'attic',
    devices: 3,
    bans: 11,
  } as const;
  if (inside && !drawers && detail !== undefined)
    return (
      <Shell {...shell} back={{ href: '/archives', label: 'Archives', onBack: nothing }}>
        <ArchiveView archive={detail} />
      </Shell>
    );
  return (
    <Shell {...shell} side={detail && <ArchiveSide archive={detail} />}>
      <ArchivesScreen
        face={{ ...face, list: { ...face.list, ...(beside && detail ? { chosen: detail.key } : {}) } }}
        wide={wide}
        acts={acts}
        onFilter={nothing}
        onSearch={nothing}
        onSeen={nothing}
        onChoose={nothing}
      />
      {more !== undefined && <ArchivesMore more={face.more} list={face.list} acts={acts} onClose={nothing} />}
      {inside && !beside && detail !== undefined && <ArchiveDrawer archive={detail} onClose={nothing} />}
    </Shell>
  );
}

export const archivePictures: Record<string, () => ReactNode> = {
  archives: () => <Archives state={states.calm()} />,
  'archives-one': () => <Archives state={states.photos()} inside />,
  'archives-restoring': () => <Archives state={states.mail()} inside />,
  'archives-nasty': () => <Archives state={states.nasty()} />,
  'archives-nasty-one': () => <Archives state={states.nasty()} inside />,
  'archives-found': () => <Archives state={states.found()} />,
  'archives-empty': () => <Archives state={states.empty()} />,
  'archives-uncounted': () => <Archives state={states.uncounted()} />,
  'archives-import': () => <Archives state={states.importing()} />,
  'archives-import-asks': () => <Archives state={states.asks()} />,
  'archives-import-broken': () => <Archives state={states.broken()} />,
  'archives-more': () => <Archives state={states.calm()} more="open" />,
  'archives-years': () => <Archives state={states.calm()} more="table" />,
  'archives-refused': () => <Archives state={states.refused()} />,
};
