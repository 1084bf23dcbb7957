'use client';
import { useId, type ReactNode } from 'react';
import { Segments } from '../_ui/controls.tsx';
import { Drawer } from '../_ui/drawer.tsx';
import { CheckIcon } from '../_ui/icons.tsx';
import type { PlanFace } from '../_ui/restore-types.ts';
import type { Tier } from '../../lib/archive.ts';
import { restoreText as words } from '../_text/restore.ts';

export interface PlanActs {
  readonly onTier: (tier: Tier) => void;
  /** 0: no cap. */
  readonly onCap: (perDay: number) => void;
  readonly onType: (text: string) => void;
  readonly onStart: () => void;
  readonly onClose: () => void;
}

type Plan = NonNullable<PlanFace['plan']>;

/** From below on the phone, from the right where there is room. Nothing is asked of AWS before the size is typed. */
export function PlanDrawer({ face, wide, ...acts }: { face: PlanFace; wide: boolean } & PlanActs) {
  const { plan } = face;
  const rows = wide ? face.rows : [];
  return (
    <Drawer title={face.title} onClose={acts.onClose}>
      {rows.length === 0 && <Names face={face} />}
      {face.waiting !== undefined && (
        <p className="lede pt-4" role="status">
          {face.waiting}
        </p>
      )}
      {face.failed !== undefined && (
        <p className="b pt-4" role="alert">
          {face.failed}
        </p>
      )}
      {plan !== undefined && (
        <>
          <dl className="facts num rst-facts">
            {rows.map(({ name, size }, i) => (
              <div key={i}>
                <dt>
                  <bdi>{name}</bdi>
                </dt>
                <dd>{size}</dd>
              </div>
            ))}
            <div>
              <dt>{words.size}</dt>
              <dd>
                <b>{plan.size}</b>
              </dd>
            </div>
            <div>
              <dt>{plan.disk.label}</dt>
              <dd>
                <span className={`tag${plan.disk.fits ? ' green' : ''}`}>
                  {plan.disk.fits && <CheckIcon small />}
                  {plan.disk.words}
                </span>
              </dd>
            </div>
          </dl>
          {plan.leftOut !== undefined && <p className="sub rst-note">{plan.leftOut}</p>}
          {plan.again !== undefined && <p className="sub b ink rst-note">{plan.again}</p>}
          <Tiers plan={plan} onTier={acts.onTier} />
          <Caps plan={plan} onCap={acts.onCap} />
          <Bill plan={plan} />
          {plan.canStart ? (
            <Start face={face} plan={plan} acts={acts} />
          ) : (
            plan.disk.remedy !== undefined && <p className="b foot rst-note">{plan.disk.remedy}</p>
          )}
          {plan.nothing !== undefined && <p className="b rst-note">{plan.nothing}</p>}
        </>
      )}
    </Drawer>
  );
}

/** Photos 2019, Photos 2020 and Photos 2022, raw */
function Names({ face }: { face: PlanFace }) {
  const { names, namesTail, namesMore, wholeVault } = face;
  const last = names.length - 1;
  // a name with a comma of its own would run into the next
  const between = names.some((name) => name.includes(',')) ? '; ' : ', ';
  return (
    <p className="sub rst-names">
      {wholeVault && words.allOf}
      {names.flatMap((name, i): ReactNode[] => [
        ...(i === 0 ? [] : [i === last && namesMore === '' ? words.and : between]),
        <bdi key={i}>{name}</bdi>,
      ])}
      {namesTail !== '' && <bdi>{namesTail}</bdi>}
      {namesMore}
    </p>
  );
}

function Tiers({ plan, onTier }: { plan: Plan; onTier: PlanActs['onTier'] }) {
  const id = useId();
  if (plan.tiers.length === 0) return null;
  return (
    <>
      <div className="picks num rst-tiers" role="radiogroup" aria-label={words.howFast}>
        {plan.tiers.map(({ tier, words: title, cost, sub }) => (
          <label key={tier} className="pick">
            <input
              type="radio"
              name={id}
              autoComplete="off"
              checked={tier === plan.tier}
              aria-label={`${title}, ${cost}`}
              aria-describedby={sub === undefined ? undefined : `${id}-${tier}`}
              onChange={() => onTier(tier)}
            />
            <span className="dot" aria-hidden="true" />
            <span className="main">
              <span className="t">
                <span>{title}</span>
                <span>{cost}</span>
              </span>
              {sub !== undefined && (
                <span className="s" id={`${id}-${tier}`}>
                  {sub}
                </span>
              )}
            </span>
          </label>
        ))}
      </div>
      {plan.refused.map((line) => (
        <p key={line} className="sub rst-note">
          {line}.
        </p>
      ))}
    </>
  );
}

function Caps({ plan, onCap }: { plan: Plan; onCap: PlanActs['onCap'] }) {
  if (plan.tiers.length === 0) return null;
  return (
    <>
      <div className="rst-caps-head">
        <h3 className="h2">{words.aDay}</h3>
        {plan.doneIn !== undefined && <span className="sub num">{plan.doneIn}</span>}
      </div>
      {plan.caps.length > 0 && (
        <Segments
          label={words.aDay}
          value={plan.cap}
          choices={plan.caps}
          onChange={onCap}
          className="rst-caps"
        />
      )}
      <p className="sub rst-why">{plan.capWhy}</p>
    </>
  );
}

function Bill({ plan }: { plan: Plan }) {
  const [parts, prices] = plan.bill;
  if (plan.tiers.length === 0) return null;
  return (
    <div className={`rst-bill num${plan.settling ? ' dim' : ''}`} aria-busy={plan.settling}>
      <span>
        <b>{words.bill}</b>
        <span className="sub">{parts}</span> <span className="sub">{prices}</span>
      </span>
      <b className="rst-total" aria-live="polite">
        {plan.total}
      </b>
    </div>
  );
}

function Start({ face, plan, acts }: { face: PlanFace; plan: Plan; acts: PlanActs }) {
  const id = useId();
  return (
    <form
      className="rst-start"
      onSubmit={(event) => {
        event.preventDefault();
        acts.onStart();
      }}
    >
      {face.refused !== undefined && (
        <p className="b rst-refused num" role="alert">
          {face.refused}
        </p>
      )}
      <label htmlFor={id}>
        {words.typeSize}
        <b className="num">{plan.size}</b>
        {words.toStart}
      </label>
      <div className="btns">
        <input
          id={id}
          className="field line num"
          type="text"
          value={face.typed}
          maxLength={40}
          autoComplete="off"
          autoCapitalize="none"
          autoCorrect="off"
          spellCheck={false}
          onInput={(event) => acts.onType(event.currentTarget.value)}
        />
        <button
          type="submit"
          className={`btn${face.ready || face.starting ? ' fill' : ''}`}
          disabled={!face.ready && !face.starting}
          aria-disabled={face.starting}
        >
          {face.starting ? words.starting : face.ready ? words.startSize(plan.size) : words.start}
        </button>
      </div>
    </form>
  );
}
