import type {
  OfferState,
  PlanState,
  RestoresState,
  WantedArchive,
} from '../../../app/_state/restore-types.ts';
import type { RestorePlan, RestoreRow } from '../../../lib/protocol/restores.ts';
import { planOf, restoreOf, rowOf, sendingOf, sentOf } from '../../unit/restore-samples.ts';
import { now, wall } from './ban-samples.ts';

/** What comes back in the design's pictures, told on Tuesday, 12 May 2026, 14:32. No product code imports this. */

const here = (day: number, hour: number, minute: number) => new Date(2026, 4, day, hour, minute).getTime();
const ready = { state: 'ready', agoMs: 2000 } as const;
const said = <Value>(value: Value, ago = 2000) => ({ value, at: now - ago });

const photo = (year: number, size: number): WantedArchive => ({
  vault: 'arn:aws:glacier:eu-north-1:123456789012:vaults/photos',
  id: `${year}`,
  name: `Photos ${year}, raw`,
  size,
});
const three = [photo(2019, 412e9), photo(2020, 388_104_220_672), photo(2022, 341e9)];

const offer: OfferState = {
  archive: photo(2020, 388_104_220_672),
  said: said(
    planOf({
      archives: 1,
      bytes: 388_104_220_672,
      names: ['Photos 2020, raw'],
      choices: planOf().choices.map((one) => ({ ...one, retrieval: Math.round(one.retrieval * 0.34) })),
      transfer: 0,
    }),
  ),
  load: ready,
};

function plan(change: Partial<RestorePlan> = {}, state: Partial<PlanState> = {}): PlanState {
  return {
    of: { archives: three },
    said: said(planOf({ perDay: 200e9, ...change })),
    load: ready,
    tier: 'Bulk',
    perDay: 200e9,
    typed: '1.14',
    ready: false,
    starting: false,
    ...state,
  };
}

const none: RestoresState = {
  choosing: false,
  chosen: [],
  progress: { fresh: true, load: ready, more: false, said: said({ rows: [] }) },
  sending: { fresh: true, load: ready, pausing: false, said: said({}) },
};

const rows: RestoreRow[] = [
  rowOf('plans', {
    vaultName: 'papers',
    name: 'House plans and permits',
    size: 640e6,
    state: 'failed',
    askedMs: here(9, 8, 0),
    code: 'archives-refused',
    message: 'Archive was deleted',
  }),
  rowOf('2020', {
    name: 'Photos 2020, raw',
    size: 388_104_220_672,
    state: 'downloading',
    part: 1,
    parts: 2,
    partBytes: 188e9,
    askedMs: here(12, 8, 55),
    readyMs: here(12, 13, 52),
    untilMs: here(13, 13, 52),
    down: 61e9,
    rate: 25e6,
    cost: 5_960_000,
  }),
  rowOf('mail', {
    vaultName: 'papers',
    name: 'Mail export, all accounts',
    size: 18.2e9,
    state: 'asked',
    askedMs: here(12, 13, 38),
    readyMs: here(12, 18, 40),
  }),
  rowOf('2022', { name: 'Photos 2022, raw', size: 341e9, askedMs: here(14, 8, 55) }),
  rowOf('2019', {
    name: 'Photos 2019, raw',
    size: 412e9,
    state: 'back',
    askedMs: here(10, 9, 0),
    readyMs: here(12, 9, 0),
    checkedMs: here(12, 14, 2),
    down: 412e9,
  }),
  rowOf('studio', {
    vaultName: 'studio',
    name: 'Studio masters, Volume 2',
    size: 96.4e9,
    state: 'back',
    askedMs: here(8, 9, 0),
    readyMs: here(9, 2, 0),
    checkedMs: here(9, 9, 0),
    down: 96.4e9,
  }),
];
const restore = restoreOf({ archives: 6, back: 2, failed: 1, backBytes: 473e9 });

/** Letters that turn the line, a script, a path: all of it is text. */
const nasty =
  '<img src=x onerror=alert(1)>\u202egnp.exe ../../etc/passwd\u0007 and a name that goes on for longer than any ' +
  'screen is wide, because nobody who wrote it had to read it';

export const restores = {
  none: (): RestoresState => ({ ...none, offer }),
  choosing: (): RestoresState => ({ ...none, choosing: true, chosen: three }),
  plan: (): RestoresState => ({ ...none, offer, plan: plan() }),
  planTyped: (): RestoresState => ({ ...none, offer, plan: plan({}, { typed: '1.14 TB', ready: true }) }),
  short: (): RestoresState => ({
    ...none,
    offer,
    plan: plan(
      {
        archives: 31,
        names: [nasty.slice(0, 200), 'Photos 2020, raw', 'Photos 2021, raw', 'Photos 2022, raw'],
        leftOut: 2,
        again: 3,
        disk: { need: 2_140e9, free: 1_920e9 },
        folder: 'restore',
        refused: [{ tier: 'Expedited', why: 'class' }],
        choices: planOf().choices.slice(0, 1),
        copies: 1_400_000,
        requests: 20_000,
      },
      { of: { archives: [...three, ...three].slice(0, 5) } },
    ),
  }),
  rose: (): RestoresState => ({
    ...none,
    offer,
    plan: plan(
      { archives: 31, transfer: 112_690_000 },
      {
        of: { vault: 'vaults/photos', name: 'photos', bytes: 1141e9 },
        typed: '',
        failed: 'refused-cost',
        before: 105_540_000,
      },
    ),
  }),
  running: (): RestoresState => ({
    ...none,
    progress: { said: said({ restore, rows }), fresh: true, load: ready, more: false },
  }),
  stopped: (): RestoresState => ({
    ...none,
    progress: {
      said: said(
        {
          restore: { ...restore, code: 'archives-space', free: 0, status: 'paused' },
          rows: [
            { ...(rows[0] ?? rowOf('')), name: nasty.slice(0, 200), message: nasty },
            {
              ...(rows[1] ?? rowOf('')),
              name: nasty.slice(0, 200),
              state: 'checking',
              down: 388_104_220_672,
            },
            ...rows.slice(2),
          ],
        },
        38 * 60_000,
      ),
      fresh: false,
      load: ready,
      more: true,
      failed: { what: 'goOn', code: 'relay-no-answer' },
    },
  }),
  sending: (): RestoresState => ({
    ...none,
    sending: {
      fresh: true,
      load: ready,
      pausing: false,
      said: said({
        sending: sendingOf({
          stagedMs: here(12, 14, 2),
          rows: [
            sentOf('Photos 2024, raw 01', { state: 'kept', part: 147 }),
            sentOf('Photos 2024, raw 02', { state: 'kept', part: 147 }),
            sentOf('Photos 2024, raw 03', { state: 'sending', part: 86 }),
            sentOf('Photos 2024, raw 04', { size: 7.1e9, parts: 106 }),
            sentOf('Letters 2024', { size: 1.4e9, parts: 21 }),
            sentOf('Accounts 2024', { size: 700e6, parts: 11 }),
            sentOf('Tax and contracts to 2023', { size: 2.1e9, state: 'there' }),
            sentOf('House plans and permits', { size: 640e6, state: 'there' }),
          ],
        }),
      }),
    },
  }),
};

export { now, wall };
