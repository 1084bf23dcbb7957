'use client';
import { CommandField } from '../_ui/controls.tsx';
import { GoIcon } from '../_ui/icons.tsx';
import type { ChoiceFace, EntryFace, OfferFace } from '../_ui/restore-types.ts';
import { restoreText as words } from '../_text/restore.ts';

/** At the foot of an archive's detail. */
export function Offer({ offer, onGet, onMore }: { offer: OfferFace; onGet: () => void; onMore: () => void }) {
  if (offer.kind === 'mayNot')
    return (
      <div className="rst-may-not">
        <p className="sub">{offer.words}</p>
        <CommandField command={offer.command} />
      </div>
    );
  return (
    <>
      <p className="sub num rst-from" aria-live="polite">
        {offer.cost !== undefined && (
          <>
            {words.from}
            <b className="ink">{offer.cost}</b>
          </>
        )}
        {offer.words}
        {offer.failed !== undefined && <b className="ink">{offer.failed}</b>}
      </p>
      {offer.canGet && (
        <button type="button" className="btn fill wide tall" aria-haspopup="dialog" onClick={onGet}>
          {words.get}
        </button>
      )}
      {offer.canChoose && (
        <button type="button" className="link rst-more" onClick={onMore}>
          {words.chooseMore}
        </button>
      )}
    </>
  );
}

/** In place of the offer: the archive is on its way. */
export function UnderWay({ onSee }: { onSee: () => void }) {
  return (
    <button type="button" className="btn wide" onClick={onSee}>
      {words.seeUnderWay}
    </button>
  );
}

/** Above the tabs while rows are choices. */
export function ChoosingBar({
  choice,
  onGet,
  onWhole,
  onStop,
}: {
  choice: ChoiceFace;
  onGet: () => void;
  onWhole: (vault: NonNullable<ChoiceFace['whole']>) => void;
  onStop: () => void;
}) {
  const { whole } = choice;
  return (
    <section className="undo rst-choosing" aria-label={words.chooseSome}>
      <p className="num" role="status">
        {choice.words}
        {choice.full !== undefined && <span className="full">{choice.full}</span>}
      </p>
      <span className="acts">
        {choice.get !== undefined && (
          <button type="button" aria-haspopup="dialog" onClick={onGet}>
            {choice.get}
          </button>
        )}
        {whole !== undefined && (
          <button type="button" aria-haspopup="dialog" onClick={() => onWhole(whole)}>
            <bdi>{whole.words}</bdi>
          </button>
        )}
        <button type="button" onClick={onStop}>
          {words.notThese}
        </button>
      </span>
    </section>
  );
}

/** On the screen of Archives: what is under way as a whole, and the way to it. */
export function Entries({
  entries,
  onGo,
}: {
  entries: readonly EntryFace[];
  onGo: (to: EntryFace['to']) => void;
}) {
  if (entries.length === 0) return null;
  return (
    <ul className="rows ruled rst-entries">
      {entries.map(({ to, words: title, sub }) => (
        <li key={to}>
          <button type="button" className="row" onClick={() => onGo(to)}>
            <span className="main num">
              <b className="t">{title}</b>
              <span className="s">{sub}</span>
            </span>
            <GoIcon />
          </button>
        </li>
      ))}
    </ul>
  );
}
