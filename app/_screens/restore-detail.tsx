'use client';
import { RunActsView, type RunActs } from './restoring-screen.tsx';
import { Drawer } from '../_ui/drawer.tsx';
import { Chain } from '../_ui/proof.tsx';
import type { RestoreDetailFace, RestoringFace } from '../_ui/restore-types.ts';
import { restoreText as words } from '../_text/restore.ts';

/** How far one archive is: each link was seen. */
function Far({ detail }: { detail: RestoreDetailFace }) {
  return (
    <>
      <p className="sub num rst-size">{detail.size}</p>
      <div className="rst-chain">
        <Chain links={detail.links} />
      </div>
      {detail.remedy !== undefined && <p className="b rst-note">{detail.remedy}</p>}
      <dl className="facts rst-chain-facts">
        {detail.nextPart !== undefined && (
          <div>
            <dt>{words.nextPart}</dt>
            <dd className="num">{detail.nextPart}</dd>
          </div>
        )}
        <div>
          <dt>{words.cost}</dt>
          <dd className="num">{detail.cost}</dd>
        </div>
      </dl>
    </>
  );
}

/** Where there is room: beside the table, with what can be done about all. */
export function RestoreSide({
  detail,
  run,
  acts,
}: {
  detail: RestoreDetailFace | undefined;
  run: RestoringFace['run'];
  acts: RunActs;
}) {
  return (
    <>
      {detail === undefined ? (
        <p className="sub">{words.choose}</p>
      ) : (
        <>
          <p className="sub">
            <bdi>{detail.over}</bdi>
          </p>
          <h2 className="big rst-name">
            <bdi>{detail.name}</bdi>
          </h2>
          <Far detail={detail} />
        </>
      )}
      {run !== undefined && (
        <div className="foot stack">
          <RunActsView run={run} acts={acts} />
        </div>
      )}
    </>
  );
}

/** From a row, on phone and tablet. */
export function RestoreDrawer({ detail, onClose }: { detail: RestoreDetailFace; onClose: () => void }) {
  return (
    <Drawer title={detail.name} over={detail.over} onClose={onClose}>
      <Far detail={detail} />
    </Drawer>
  );
}
