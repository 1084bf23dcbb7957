import { allowCommand, capFaces, priceDate, waitWords } from './restore-words.ts';
import { reasonWords, remedyWords } from './words.ts';
import type { ErrorCode } from '../../lib/errors.ts';
import { mostChosen, type RestorePlan } from '../../lib/protocol/restores.ts';
import { headlineSize, moneyWords } from '../../lib/restore.ts';
import { shownText } from '../../lib/shown-text.ts';
import { leastOf, shortOf, wholeCost } from '../_state/restore-planning.ts';
import type { OfferState, PlanOf, PlanState, RestoresState, WantedArchive } from '../_state/restore-types.ts';
import type { HomeState } from '../_state/types.ts';
import { grouped, sizeWords } from '../_ui/sizes.ts';
import type { ChoiceFace, OfferFace, PlanFace, TierFace } from '../_ui/restore-types.ts';
import { restoreText as words } from '../_text/restore.ts';

/** Names that stand each with its size; more are a sentence. */
const mostRows = 4;

/** What stands at the foot of an archive's detail. `mayRestore`: as the home last said. */
export function offerFace(home: HomeState, offer: OfferState | undefined, mayRestore: boolean): OfferFace {
  if (!mayRestore) return { kind: 'mayNot', words: words.mayNot(home.name), command: allowCommand(home) };
  const plan = offer?.said?.value;
  if (plan === undefined) {
    const { load } = offer ?? {};
    // a home of before this was there
    if (load?.state === 'failed' && load.code === 'tool-unsupported')
      return { kind: 'offer', words: words.notThere(home.name), canGet: false, canChoose: false };
    return {
      kind: 'offer',
      words: load?.state === 'failed' ? '' : words.asking(home.name),
      ...(load?.state === 'failed' ? { failed: because(load.code) } : {}),
      canGet: true,
      canChoose: true,
    };
  }
  const least = leastOf(plan);
  const cost = wholeCost(plan, least?.tier);
  if (least === undefined || cost === undefined || plan.archives === 0)
    return { kind: 'offer', words: words.nothingLeft(home.name), canGet: false, canChoose: true };
  const wait = waitWords(least.earliestMs, least.latestMs);
  return {
    kind: 'offer',
    cost: moneyWords(cost),
    words: wait === undefined ? words.offeredAtOnce : words.offered(wait),
    canGet: true,
    canChoose: true,
  };
}

/** The bar while rows are choices. `vault`: the one whose filter is on. */
export function choiceFace(
  { choosing, chosen }: RestoresState,
  vault?: { readonly vault: string; readonly name: string; readonly bytes: number },
): ChoiceFace | undefined {
  if (!choosing) return undefined;
  const bytes = chosen.reduce((sum, { size = 0 }) => sum + size, 0);
  return {
    words:
      chosen.length === 0 ? words.chooseSome : words.choosing(String(chosen.length), headlineSize(bytes)),
    ...(chosen.length === 0 ? {} : { get: words.getSome(chosen.length) }),
    ...(vault === undefined ? {} : { whole: { ...vault, words: words.wholeVault(vault.name) } }),
    ...(chosen.length < mostChosen ? {} : { full: words.most(mostChosen) }),
  };
}

/** Why a row cannot be chosen; undefined: it can. */
export function refusedChoice({
  state,
  size,
}: {
  readonly state: string;
  readonly size?: number | undefined;
}): string | undefined {
  if (state === 'restoring') return words.cannotRestoring;
  if (state === 'deleted') return words.cannotDeleted;
  return size === undefined ? words.cannotUnknown : undefined;
}

/** The plan that is looked at. `wall` Unix ms. */
export function planFace(home: HomeState, state: PlanState, wall: number): PlanFace {
  const { of, said, load, tier, typed, ready, starting } = state;
  const plan = said?.value;
  const refused = refusedWords(home.name, state);
  return {
    title: titleOf(of, plan),
    ...namesOf(of, plan),
    rows: rowsOf(of, plan),
    ...(plan !== undefined || load.state === 'failed' ? {} : { waiting: words.asking(home.name) }),
    ...(load.state === 'failed' ? { failed: because(load.code) } : {}),
    ...(plan === undefined
      ? {}
      : {
          plan: {
            size: headlineSize(plan.bytes),
            disk: diskFace(home.name, plan),
            ...(plan.leftOut === 0 ? {} : { leftOut: words.leftOut(grouped(plan.leftOut), home.name) }),
            ...(plan.again === undefined ? {} : { again: words.again(grouped(plan.again)) }),
            ...tiersOf(home.name, plan),
            ...(tier === undefined ? {} : { tier }),
            caps: capFaces(plan.bytes, state.perDay),
            cap: state.perDay ?? 0,
            ...daysOf(plan, state),
            capWhy: plan.copies > 0 ? words.copyReady : words.partReady(home.name),
            bill: billOf(plan, state, wall),
            total: moneyWords(wholeCost(plan, tier) ?? 0),
            ...(plan.choices.length > 0 && plan.archives > 0
              ? {}
              : { nothing: words.nothingLeft(home.name) }),
            canStart: shortOf(plan) === 0 && plan.archives > 0 && tier !== undefined,
            settling: load.state === 'loading',
          },
        }),
    typed,
    ready,
    starting,
    ...(refused === undefined ? {} : { refused }),
  };
}

function because(code: ErrorCode): string {
  return `${reasonWords(code)} ${remedyWords(code)}`;
}

function titleOf(of: PlanOf, plan: RestorePlan | undefined): string {
  const count = plan?.archives ?? ('vault' in of ? undefined : of.archives.length);
  if (count === undefined) return words.plan;
  return count === 1 ? words.planOne : words.planOf(grouped(count));
}

const nameOf = ({ name }: Pick<WantedArchive, 'name'>) =>
  name.trim() === '' ? words.noName : shownText(name);

/** Photos 2019, Photos 2020 and Photos 2022, raw: an end that all share is said once. */
function namesOf(
  of: PlanOf,
  plan: RestorePlan | undefined,
): Pick<PlanFace, 'names' | 'namesTail' | 'namesMore' | 'wholeVault'> {
  if ('vault' in of) return { names: [shownText(of.name)], namesTail: '', namesMore: '', wholeVault: true };
  const all =
    plan === undefined
      ? of.archives.slice(0, mostRows).map(nameOf)
      : plan.names.map((name) => nameOf({ name }));
  const more = (plan?.archives ?? of.archives.length) - all.length;
  const tail = more > 0 || all.length < 2 ? '' : sharedTail(all);
  return {
    names: all.map((name) => name.slice(0, name.length - tail.length)),
    namesTail: tail,
    namesMore: more > 0 ? words.andMore(grouped(more)) : '',
    wholeVault: false,
  };
}

function sharedTail([first = '', ...rest]: readonly string[]): string {
  const at = first.lastIndexOf(', ');
  const tail = at <= 0 ? '' : first.slice(at);
  return rest.every((name) => name.endsWith(tail) && name.length > tail.length) ? tail : '';
}

function rowsOf(of: PlanOf, plan: RestorePlan | undefined): PlanFace['rows'] {
  // what is left out is not known by name: then the names that come back stand alone
  if ('vault' in of || of.archives.length > mostRows || (plan?.leftOut ?? 0) > 0) return [];
  if (of.archives.length < 2) return [];
  return of.archives.map(({ name, size }) => ({
    name: nameOf({ name }),
    size: size === undefined ? '' : sizeWords(size),
  }));
}

function diskFace(home: string, plan: RestorePlan): NonNullable<PlanFace['plan']>['disk'] {
  const short = shortOf(plan);
  if (short === 0)
    return { label: words.disk(home), words: words.fits(headlineSize(plan.disk.free)), fits: true };
  return {
    label: words.disk(home),
    words: words.short(headlineSize(short)),
    fits: false,
    remedy: words.noRoom(home, shownText(plan.folder)),
  };
}

function tiersOf(
  home: string,
  plan: RestorePlan,
): { tiers: readonly TierFace[]; refused: readonly string[] } {
  const refused = plan.refused.map(({ tier, why }) => words.refused[why](tier));
  const order = [...plan.choices].sort((a, b) => b.latestMs - a.latestMs);
  const last = order.length - 1;
  const tiers = order.map(({ tier, retrieval, earliestMs, latestMs }, i) => {
    const wait = waitWords(earliestMs, latestMs);
    const named = i === last && i > 0 && refused.length > 0 ? refused.join('. ') : undefined;
    const sub = i === 0 && wait !== undefined ? words.eachPart(home) : named;
    return {
      tier,
      words: words.tier(tier, wait ?? words.atOnce),
      cost: moneyWords(retrieval),
      ...(sub === undefined ? {} : { sub }),
    };
  });
  return { tiers, refused: last > 0 ? [] : refused };
}

function daysOf(plan: RestorePlan, { tier }: PlanState): { doneIn?: string } {
  const days = plan.choices.find((one) => one.tier === tier)?.days;
  return days === undefined ? {} : { doneIn: words.doneIn(days) };
}

function billOf(plan: RestorePlan, { tier }: PlanState, wall: number): readonly [string, string] {
  const retrieval = plan.choices.find((one) => one.tier === tier)?.retrieval ?? 0;
  const parts = [
    words.retrieval(moneyWords(retrieval)),
    words.transfer(moneyWords(plan.transfer)),
    ...(plan.requests > 0 ? [words.requests(moneyWords(plan.requests))] : []),
    ...(plan.copies > 0 ? [words.copies(moneyWords(plan.copies))] : []),
  ];
  return [parts.join(', '), words.pricesOf(priceDate(plan.pricesOf, wall))];
}

function refusedWords(home: string, { failed, before, said, tier }: PlanState): string | undefined {
  if (failed === undefined) return undefined;
  if (failed === 'refused-plan') return words.tooOld;
  const cost = said && wholeCost(said.value, tier);
  if (failed === 'refused-cost' && before !== undefined && cost !== undefined)
    return words.rose(moneyWords(before), moneyWords(cost));
  if (failed.startsWith('relay-')) return words.unanswered(home);
  return because(failed);
}
