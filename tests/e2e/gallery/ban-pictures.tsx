import type { ReactNode } from 'react';
import { banChart, tryingFace } from '../../../app/_live/ban-charts.ts';
import { banDetail } from '../../../app/_live/ban-detail-view.ts';
import { bannedFace } from '../../../app/_live/banned-view.ts';
import { Undo } from '../../../app/_live/bans-live.tsx';
import { bansFace } from '../../../app/_live/bans-view.ts';
import type { BansState } from '../../../app/_state/ban-types.ts';
import type { DoorEntry, HomeState } from '../../../app/_state/types.ts';
import { BanDrawer, BanSide } from '../../../app/_screens/ban-detail.tsx';
import { NetworksDrawer } from '../../../app/_screens/ban-flood.tsx';
import { BansScreen } from '../../../app/_screens/bans-screen.tsx';
import { OpenStrip } from '../../../app/_ui/bars.tsx';
import { Shell } from '../../../app/_ui/shell.tsx';
import type { BannedFace } from '../../../app/_ui/types.ts';
import { homes, home, now, ownAgain, ownBan, ownNetwork, wall } from './ban-samples.ts';
import * as sample from './samples.ts';

const nothing = () => undefined;
const wide = innerWidth >= 1100;
const beside = innerWidth >= 1280;

function Bans({ state, strip = false }: { state: HomeState; strip?: boolean }) {
  const face = bansFace(state, now, wall);
  // Beside the table a ban is always chosen.
  const shown = beside && state.bans.chosen === undefined ? homes.drawer() : state;
  const detail =
    face.list.total === 0 && state.bans.chosen === undefined ? undefined : banDetail(shown, now, wall);
  const chart = banChart(state, wall);
  const trying = tryingFace(state, wall);
  const { networks, lifted, fresh, summary } = state.bans;
  return (
    <Shell
      screen="bans"
      homes={sample.homes('Closed')}
      current="attic"
      devices={3}
      {...(fresh && summary !== undefined ? { bans: summary.value.total } : {})}
      side={detail && <BanSide ban={detail} onUnban={nothing} />}
      narrowSide
      above={
        <>
          {lifted !== undefined && <Undo lifted={lifted} onUndo={nothing} />}
          {strip && <OpenStrip words="attic is open" left="4:08" busy={false} onClose={nothing} />}
        </>
      }
    >
      <BansScreen
        face={{
          ...face,
          list: { ...face.list, ...(beside ? { chosen: 'fail2ban\nsshd\n203.0.113.201' } : {}) },
        }}
        wide={wide}
        {...(chart === undefined ? {} : { chart })}
        {...(trying === undefined ? {} : { trying })}
        onSeen={nothing}
        onChoose={nothing}
        onFilter={nothing}
        onSearch={nothing}
        onFlood={nothing}
      />
      {!beside && detail !== undefined && <BanDrawer ban={detail} onUnban={nothing} onClose={nothing} />}
      {networks !== undefined && (
        <NetworksDrawer
          title="412 addresses banned in the last hour"
          rows={networks.rows.map((row) => ({ ...row, shown: row.network }))}
          more
          loading={false}
          onMore={nothing}
          onNetwork={nothing}
          onClose={nothing}
        />
      )}
    </Shell>
  );
}

export const banPictures: Record<string, () => ReactNode> = {
  'bans-calm': () => <Bans state={homes.calm()} />,
  'bans-drawer': () => <Bans state={homes.drawer()} />,
  'bans-nasty': () => <Bans state={homes.nasty()} />,
  'bans-undo': () => <Bans state={homes.undo()} />,
  'bans-undo-open': () => <Bans state={homes.undo()} strip />,
  'bans-flood': () => <Bans state={homes.flood()} />,
  'bans-networks': () => <Bans state={homes.networks()} />,
  'bans-none-found': () => <Bans state={homes.found()} />,
  'bans-empty': () => <Bans state={homes.empty()} />,
  'bans-loading': () => <Bans state={homes.loading()} />,
  'bans-down': () => <Bans state={homes.down()} />,
  'bans-trouble': () => <Bans state={homes.trouble()} />,
  'bans-old': () => <Bans state={homes.old()} />,
  'bans-own': () => <Bans state={homes.own()} />,
};

/** What Doors says where this device is banned. */
export function bannedSample(
  kind: 'here' | 'again' | 'network' | 'stands',
  entry: DoorEntry,
  change: Partial<BansState> = {},
): BannedFace {
  const own = { here: ownBan, stands: ownBan, again: ownAgain, network: ownNetwork }[kind];
  const lifted = {
    value: '',
    hits: [{ source: 'f', jail: 'recidive', value: '' }],
    left: [],
    comesBack: false,
    undone: false,
  };
  return bannedFace(
    home({ ...change, ...(kind === 'stands' ? { lifted } : {}) }, { own, mayUnban: kind !== 'network' }),
    entry,
    now,
    wall,
  );
}
