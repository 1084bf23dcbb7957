import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { restoreDetail } from '../../app/_live/restore-detail-view.ts';
import { choiceFace, offerFace, planFace, refusedChoice } from '../../app/_live/restore-plan-view.ts';
import {
  allowCommand,
  capFaces,
  momentCell,
  priceDate,
  roughSize,
  shareOf,
  waitWords,
} from '../../app/_live/restore-words.ts';
import { restoreEntry, restoringFace } from '../../app/_live/restoring-view.ts';
import { sendingEntry, sendingFace } from '../../app/_live/sending-view.ts';
import type {
  OfferState,
  PlanOf,
  PlanState,
  ProgressState,
  RestoresState,
  SendingState,
} from '../../app/_state/restore-types.ts';
import type { RestorePlan, RestoreRow, RestoreView, SendingView } from '../../lib/protocol/restores.ts';
import { restoreStates, sendStates, moneyWords } from '../../lib/restore.ts';
import { home } from './app-home.ts';
import { planOf, restoreOf, rowOf, sendingOf, sentOf } from './restore-samples.ts';

const wall = new Date(2026, 4, 12, 14, 32).getTime();
const now = 1_000_000;
const here = (day: number, hour: number, minute = 0) => new Date(2026, 4, day, hour, minute).getTime();
const hour = 3_600_000;
const ready = { state: 'ready', agoMs: 0 } as const;
const said = <Value>(value: Value, ago = 0) => ({ value, at: now - ago });
const names = ['Photos 2019, raw', 'Photos 2020, raw', 'Photos 2022, raw'];
const three = names.map((name, i) => ({ vault: 'v', id: `${i}`, name, size: [412e9, 388e9, 341e9][i] ?? 0 }));

function planned(
  change: Partial<RestorePlan> = {},
  state: Partial<PlanState> = {},
  of: PlanOf = { archives: three },
): PlanState {
  const typed = { typed: '', ready: false, starting: false };
  return { of, said: said(planOf(change)), load: ready, tier: 'Bulk', perDay: 200e9, ...typed, ...state };
}
const face = (...given: Parameters<typeof planned>) => planFace(home, planned(...given), wall);
const moment = { now, wall, mayRestore: true };

function going(
  restore: Partial<RestoreView> = {},
  rows: readonly RestoreRow[] = [],
  change: Partial<ProgressState> = {},
): ProgressState {
  return {
    said: said({ restore: restoreOf(restore), rows }),
    fresh: true,
    load: ready,
    more: false,
    ...change,
  };
}
const restoring = (...given: Parameters<typeof going>) => restoringFace(home, going(...given), moment);

describe('words', () => {
  it('money is whole cents, and a little is not nothing', () => {
    expect(moneyWords(105_540_000)).toBe('$105.54');
    expect(moneyWords(1_234_567_890)).toBe('$1,234.57');
    expect(moneyWords(0)).toBe('$0.00');
    expect(moneyWords(4000)).toBe('under $0.01');
    expect(moneyWords(999_995_000)).toBe('$1,000.00');
  });

  it('waits, dates, shares', () => {
    expect(waitWords(5 * hour, 12 * hour)).toBe('5 to 12 h');
    expect(waitWords(60_000, 300_000)).toBe('1 to 5 min');
    expect(waitWords(48 * hour, 48 * hour)).toBe('within 48 h');
    expect(waitWords(0, 0)).toBeUndefined();
    expect(priceDate('2026-05-03', wall)).toBe('3 May');
    expect(priceDate('2025-12-31', wall)).toBe('31 Dec 2025');
    expect(priceDate('<b>', wall)).toBe('<b>');
    expect(roughSize(61e9)).toBe('61 GB');
    expect(roughSize(4.1e6)).toBe('4.1 MB');
    expect(momentCell(here(12, 8, 55), wall)).toBe('08:55');
    expect(momentCell(here(10, 8), wall)).toBe('Sun 10 May');
    expect(momentCell(here(14, 8), wall)).toBe('Thu 14 May');
    expect(momentCell(here(8, 8), wall)).toBe('8 May');
    expect(shareOf(1, 1e12)).toBe(1);
    expect(shareOf(1e12 - 1, 1e12)).toBe(99);
    expect(shareOf(1e12, 1e12)).toBe(100);
    expect(shareOf(0, 0)).toBe(0);
  });

  it('a cap that was set elsewhere stands among the others', () => {
    expect(capFaces(1141e9, 250e9).map(({ words }) => words)).toEqual([
      '100 GB',
      '200 GB',
      '250 GB',
      '400 GB',
      'No cap',
    ]);
    expect(capFaces(1e6, undefined)).toEqual([]);
  });

  it('a name that a shell would read otherwise is not told as a command', () => {
    expect(allowCommand({ deviceName: 'Pixel', device: 'abc' })).toBe('latchkey allow Pixel restore');
    for (const deviceName of ['Pixel 9', '$(rm)', '-x', "it's", 'a;b'])
      expect(allowCommand({ deviceName, device: 'abc' })).toBe('latchkey allow abc restore');
  });
});

describe('at the foot of an archive', () => {
  const offer = (change: Partial<RestorePlan> = {}): OfferState => ({
    archive: { vault: 'v', id: '1', name: '' },
    said: said(planOf(change)),
    load: ready,
  });

  it('says the least that it costs in all, and how long that takes', () => {
    expect(offerFace(home, offer(), true)).toMatchObject({
      cost: '$105.54',
      words: ' and 5 to 12 h. You see the plan first.',
      canGet: true,
    });
  });

  it('a device that may not gets no button, and the command that allows it', () => {
    expect(offerFace(home, offer(), false)).toEqual({
      kind: 'mayNot',
      words: 'This device may not ask archives back: it costs money. Allow it at attic:',
      command: 'latchkey allow Pixel restore',
    });
  });

  it('before the answer, without one, and with nothing to ask for', () => {
    expect(offerFace(home, undefined, true)).toMatchObject({
      canGet: true,
      words: 'Asking attic what it costs.',
    });
    const archive = { vault: 'v', id: '1', name: '' };
    expect(
      offerFace(home, { archive, load: { state: 'failed', code: 'archives-credentials' } }, true),
    ).toMatchObject({ failed: expect.stringContaining('AWS') as string, canGet: true });
    expect(
      offerFace(home, { archive, load: { state: 'failed', code: 'tool-unsupported' } }, true),
    ).toMatchObject({
      canGet: false,
      canChoose: false,
      words: expect.stringContaining('attic cannot') as string,
    });
    expect(offerFace(home, offer({ archives: 0, choices: [] }), true)).toMatchObject({ canGet: false });
  });

  it('choices are counted; what cannot come says why', () => {
    const none: RestoresState = {
      choosing: true,
      chosen: [],
      progress: going(),
      sending: { fresh: true, load: ready, pausing: false },
    };
    expect(choiceFace({ ...none, choosing: false })).toBeUndefined();
    expect(choiceFace(none)).toEqual({ words: 'Choose what to get back' });
    expect(choiceFace({ ...none, chosen: three }, { vault: 'v', name: 'photos', bytes: 1 })).toMatchObject({
      words: '3 chosen, 1.14 TB',
      get: 'Get 3 back',
      whole: { vault: 'v', words: 'All of photos' },
    });
    expect(refusedChoice({ state: 'archived', size: 1 })).toBeUndefined();
    expect(refusedChoice({ state: 'archived' })).toBe('Size not known');
    expect(refusedChoice({ state: 'deleted', size: 1 })).toBe('Deleted');
    expect(refusedChoice({ state: 'restoring', size: 1 })).toBe('Under way already');
  });
});

describe('the plan', () => {
  it('is the picture’s', () => {
    expect(face()).toMatchObject({
      title: 'Get 3 back',
      names: ['Photos 2019', 'Photos 2020', 'Photos 2022'],
      namesTail: ', raw',
      namesMore: '',
      rows: [
        { name: 'Photos 2019, raw', size: '412 GB' },
        { name: 'Photos 2020, raw', size: '388 GB' },
        { name: 'Photos 2022, raw', size: '341 GB' },
      ],
      plan: {
        size: '1.14 TB',
        disk: { label: 'Disk at attic', words: 'fits, 1.92 TB free', fits: true },
        tiers: [
          { words: 'Bulk, 5 to 12 h', cost: '$2.85', sub: 'Each part, once attic has asked for it' },
          { words: 'Standard, 3 to 5 h', cost: '$11.41', sub: 'Expedited is for under 250 MB' },
        ],
        doneIn: 'done in about 6 days',
        bill: ['$2.85 retrieval, $102.69 transfer', 'at the prices of 3 May'],
        total: '$105.54',
        canStart: true,
      },
    });
    expect(face({}, { tier: 'Standard' }).plan?.total).toBe('$114.10');
  });

  it('a disk that is short by a byte can start nothing, and says by how much', () => {
    const short = face({ disk: { need: 2140e9, free: 1920e9 } }).plan;
    expect(short).toMatchObject({
      canStart: false,
      disk: { fits: false, words: 'short of 220 GB', remedy: expect.stringContaining('attic') as string },
    });
    expect(face({ disk: { need: 1000, free: 999 } }).plan?.canStart).toBe(false);
    expect(face({ disk: { need: 1000, free: 1000 } }).plan?.canStart).toBe(true);
  });

  it('tiers that AWS would refuse are named and not offered, also where one way is left', () => {
    const refused = [
      { tier: 'Expedited', why: 'class' },
      { tier: 'Standard', why: 'no-restore' },
    ] as const;
    const plan = face({ choices: planOf().choices.slice(0, 1), refused: [...refused] }).plan;
    expect(plan?.tiers.map(({ tier }) => tier)).toEqual(['Bulk']);
    expect(plan?.refused).toEqual([
      'AWS has no Expedited for this storage class',
      'Standard is not needed: it can be read at once',
    ]);
  });

  it('a whole vault, what is left out, copies and requests', () => {
    const whole = face(
      { archives: 1200, leftOut: 3, copies: 1_400_000, requests: 20_000 },
      {},
      { vault: 'v', name: 'photos\u202e', bytes: 1 },
    );
    expect(whole).toMatchObject({ title: 'Get 1,200 back', wholeVault: true, names: ['photos\\u{202e}'] });
    expect(whole.plan?.leftOut).toMatch(/^3 left out/);
    expect(whole.plan?.bill[0]).toBe('$2.85 retrieval, $102.69 transfer, $0.02 requests, $1.40 copies');
    expect(face({ archives: 0, choices: [] }).plan).toMatchObject({
      canStart: false,
      nothing: expect.stringContaining('Nothing') as string,
    });
  });

  it('says what the last start came to', () => {
    expect(face({ transfer: 112_690_000 }, { failed: 'refused-cost', before: 105_540_000 }).refused).toBe(
      'The cost rose from $105.54 to $115.54. Look again, then type the size.',
    );
    expect(face({}, { failed: 'relay-no-answer' }).refused).toMatch(/may have started/);
    expect(face({}, { failed: 'refused-permission' }).refused).toMatch(/not allowed.*Allow it at home/);
    expect(face().refused).toBeUndefined();
  });

  it('names of strangers are text, and never merged into what they are not', () => {
    const of = {
      archives: three.slice(0, 2).map((one, i) => ({ ...one, name: i === 0 ? ', raw' : 'a, raw' })),
    };
    const shown = planFace(home, planned({ archives: 2, names: [', raw', 'a, raw'] }, {}, of), wall);
    expect(shown.names).toEqual([', raw', 'a, raw']);
    expect(shown.namesTail).toBe('');
  });
});

describe('what is under way', () => {
  const rows = [
    rowOf('plans', {
      name: 'House plans',
      state: 'failed',
      code: 'archives-refused',
      message: 'Archive was deleted',
    }),
    rowOf('2020', {
      name: 'Photos 2020, raw',
      state: 'downloading',
      parts: 2,
      partBytes: 188e9,
      askedMs: here(12, 8, 55),
      readyMs: here(12, 13, 52),
      untilMs: here(13, 13, 52),
      down: 61e9,
      rate: 25e6,
      cost: 5_960_000,
    }),
    rowOf('mail', { name: 'Mail', state: 'asked', askedMs: here(12, 13, 38), readyMs: here(12, 18, 40) }),
    rowOf('2022', { name: 'Photos 2022, raw', askedMs: here(14, 9) }),
    rowOf('2019', { name: 'Photos 2019, raw', state: 'back', checkedMs: here(12, 14, 2) }),
  ];

  it('is the picture’s: headline, share, rows; only what was checked is green', () => {
    const shown = restoring({ backBytes: 473e9 }, rows);
    expect(shown).toMatchObject({
      title: '473 GB back',
      lede: 'of 1.14 TB, day 3 of about 6. $43.74 so far.',
      ledeWide: 'of 1.14 TB, day 3 of about 6. $43.74 of about $105.54 so far.',
      run: { cap: 'At most 200 GB a day', disk: 'Disk at attic: 1.45 TB free', share: 41, canPause: true },
    });
    expect(shown.rows.map(({ where, after, state, tone }) => [where + (after ?? ''), state, tone])).toEqual([
      ['AWS: archive was deleted', 'Restore failed', 'b'],
      ['part 1 of 2, until 13:52 tomorrow', '61 GB down', 'b'],
      ['asked 13:38', 'AWS ready about 18:40', 'b'],
      ['after Mail', 'Asked Thu 14 May', 'dim'],
      ['today, 14:02', 'Back, hash checked', 'green b'],
    ]);
    expect(shown.rows.filter(({ cells }) => cells.checked !== undefined)).toHaveLength(1);
  });

  it('in every state of a row, the chain sets what was seen, in order, and no more', () => {
    for (const state of restoreStates) {
      const row = rowOf('x', { ...rows[1], state, ...(state === 'back' ? { checkedMs: here(12, 14) } : {}) });
      const detail = restoreDetail(home, going({}, [row]), undefined, wall);
      const states = detail?.links.map((link) => link.state) ?? [];
      expect(states).toHaveLength(5);
      const set = states.filter((one) => one === 'set').length;
      expect(states.slice(0, set).every((one) => one === 'set')).toBe(true);
      expect(set, state).toBe(
        { waiting: 0, asked: 1, ready: 2, downloading: 2, checking: 3, back: 5, failed: 2 }[state],
      );
      expect(states.includes('stuck')).toBe(state === 'failed');
      const green = restoring({}, [row]).rows.filter(({ tone }) => tone === 'green b');
      expect(green).toHaveLength(state === 'back' ? 1 : 0);
    }
  });

  it('AWS’s sentence goes on after whose it is; names keep their letters', () => {
    const where = (message: string) =>
      restoring({}, [rowOf('x', { state: 'failed', message })]).rows[0]?.where;
    expect(where('Glacier is away')).toBe('AWS: glacier is away');
    expect(where('S3 is away')).toBe('AWS: S3 is away');
    expect(where('InvalidObjectState: no')).toBe('AWS: InvalidObjectState: no');
    expect(where('KMS said no')).toBe('AWS: KMS said no');
  });

  it('what only its size speaks for is not green', () => {
    const row = rowOf('x', { state: 'back', checkedMs: here(12, 14), bySize: true });
    expect(restoring({}, [row]).rows[0]).toMatchObject({ state: 'Back, size alone checked', tone: 'b' });
    expect(restoring({}, [row]).rows[0]?.cells.checked).toBeUndefined();
    expect(restoreDetail(home, going({}, [row]), undefined, wall)?.links[3]?.title).toBe(
      'Size alone checked',
    );
  });

  it('the chosen one, else what is under way, has its chain', () => {
    const under = restoreDetail(home, going({}, rows), undefined, wall);
    expect(under).toMatchObject({ name: 'Photos 2020, raw', nextPart: 'After this one', cost: '$5.96' });
    expect(under?.links.map(({ title, who, when }) => [title, who, when])).toEqual([
      ['Asked', '188 GB of 388 GB, Bulk', '08:55'],
      ['AWS ready', 'Until 13:52 tomorrow', '13:52'],
      ['Coming down', '61 GB, about 25 MB/s', 'now'],
      ['Hash checked', 'Each part, then the whole', ''],
      ['Back', 'In attic’s folder “restore”', ''],
    ]);
    const failed = restoreDetail(home, going({}, rows), 'vaults/photos\nplans', wall);
    expect(failed?.links[0]).toMatchObject({ state: 'stuck', who: 'Archive was deleted' });
    expect(failed?.remedy).toBeDefined();
    expect(restoreDetail(home, going({}, []), undefined, wall)).toBeUndefined();
  });

  it('stopped by itself: what is missing, and the one thing to do', () => {
    for (const code of ['archives-space', 'archives-credentials'] as const) {
      const run = restoring({ code }).run;
      expect(run?.stopped?.title).toMatch(/^Stopped\. /);
      expect(run?.stopped?.words).toMatch(/goes on by itself then\.$/);
    }
    expect(restoring({ code: 'nonsense <b>' }).run?.stopped?.words).toContain('nonsense <b>');
  });

  it('paused, pausing, done: each offers what can be done, and only that', () => {
    expect(restoring({ status: 'paused' }).run).toMatchObject({
      canPause: false,
      canGoOn: true,
      canChange: true,
    });
    expect(restoring({ pausing: true }).run).toMatchObject({ canPause: false, canGoOn: true });
    const done = restoring({ status: 'done', backBytes: 1141e9 });
    expect(done.run).toMatchObject({ canPause: false, canGoOn: false, canChange: false, share: 100 });
    expect(done.lede).toBe('All of it, checked. $43.74 in all.');
    expect(restoring({ status: 'done', failed: 1, back: 2 }).lede).toBe(
      '2 of 3 archives back, checked. 1 failed. $43.74 in all.',
    );
  });

  it('a device that may not can change nothing, and nothing can be changed of what is old', () => {
    const shown = restoringFace(home, going(), { ...moment, mayRestore: false });
    expect(shown.run).toMatchObject({ canPause: false, canGoOn: false, canChange: false });
    expect(shown.run?.mayNot?.command).toBe('latchkey allow Pixel restore');
    const old = restoring({}, [], {
      fresh: false,
      said: said({ restore: restoreOf(), rows: [] }, 38 * 60_000),
    });
    expect(old).toMatchObject({ old: true, run: { canPause: false, canChange: false } });
    expect(old.lede).toMatch(/Last known 38 min ago\.$/);
  });

  it('nothing was asked back, or nobody has said', () => {
    const none = { fresh: true, load: ready, more: false } as const;
    expect(restoringFace(home, { ...none, said: said({ rows: [] }) }, moment)).toMatchObject({
      title: 'Coming back',
      lede: 'Nothing was asked back yet.',
    });
    expect(restoringFace(home, { ...none, load: { state: 'loading' } }, moment).lede).toBe('Asking attic.');
    expect(restoreEntry({ ...none, said: said({ rows: [] }) }, wall)).toBeUndefined();
    expect(restoreEntry(going({ failed: 2 }), wall)).toEqual({
      to: 'restoring',
      words: '412 GB of 1.14 TB back',
      sub: 'Day 3 of about 6, 2 failed',
    });
    // what was done long ago is no news
    expect(restoreEntry(going({ status: 'done', startedMs: wall - 30 * 24 * hour }), wall)).toBeUndefined();
  });
});

describe('sending', () => {
  const sending = (change: Partial<SendingView> = {}, state: Partial<SendingState> = {}): SendingState => ({
    said: said({ sending: sendingOf(change) }),
    fresh: true,
    load: ready,
    pausing: false,
    ...state,
  });
  const shown = (...given: Parameters<typeof sending>) => sendingFace(home, sending(...given), moment);

  it('is the picture’s', () => {
    const rows = [
      sentOf('one', { state: 'kept', part: 147 }),
      sentOf('two', { state: 'sending', part: 86 }),
      sentOf('three'),
      sentOf('four', { state: 'there' }),
      sentOf('five', { state: 'failed', part: 3, code: 'archives-credentials' }),
    ];
    const whole = shown({ rows, files: 4, leftOut: 1, stagedMs: here(12, 14, 2) });
    expect(whole).toMatchObject({
      title: '25.3 GB sent',
      lede: 'of 38.6 GB. At 4.1 MB/s, done about 15:26.',
      run: {
        staged: '5 files staged by ',
        stagedAt: ', 14:02',
        parts: 'Parts of 64 MiB',
        target: 'photos',
        canPause: true,
        current: {
          name: 'two',
          words:
            'AWS has 85 parts. If the line breaks, attic goes on from part 86. Its tree hash is checked when AWS has the last one.',
        },
      },
    });
    expect(whole.run?.rows.map(({ state, tone, sent }) => [state, tone, sent])).toEqual([
      ['Kept, hash checked', 'green b', 100],
      ['Part 86 of 147', 'b', 58],
      ['Waiting', 'dim', 0],
      ['In Glacier already, left out', 'dim', undefined],
      [expect.stringMatching(/^Not sent\. /), 'b', 1],
    ]);
    expect(whole.run?.window).toBeUndefined();
    expect(shown({ rows, from: 24, files: 2000 }).run?.window).toBe('25 to 29 of 2,002');
  });

  it('only what is kept is green', () => {
    for (const state of sendStates) {
      const tone = shown({ rows: [sentOf('x', { state })] }).run?.rows[0]?.tone;
      expect(tone === 'green b').toBe(state === 'kept');
    }
  });

  it('not alive, pausing, done, old: says so, and cannot be paused', () => {
    expect(shown({ alive: false })).toMatchObject({
      lede: expect.stringContaining('does not run at attic') as string,
      run: { canPause: false, command: 'latchkey archives upload' },
    });
    expect(shown({ pausing: true }).run?.canPause).toBe(false);
    expect(shown({ sentBytes: 38.6e9 })).toMatchObject({
      lede: 'All of it, every hash checked.',
      run: { canPause: false, share: 100 },
    });
    expect(shown({}, { fresh: false }).run?.canPause).toBe(false);
    expect(sendingEntry(sending({ sentBytes: 38.6e9 }), 'attic', wall)).toBeUndefined();
    expect(sendingEntry(sending(), 'attic', wall)?.words).toBe('25.3 GB of 38.6 GB sent');
    expect(sendingFace(home, { ...sending(), said: said({}) }, moment).lede).toBe('Nothing is being sent.');
  });
});

it('whatever strangers write, nothing that turns or hides text comes through', () => {
  const hidden = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}]/u;
  fc.assert(
    fc.property(
      fc.string({ unit: 'binary', maxLength: 60 }),
      fc.constantFrom(...restoreStates),
      (text, state) => {
        const row = rowOf(text, { name: text, vaultName: text, state, message: text, code: text });
        const all = [
          restoring({ folder: text, code: text }, [row, row]),
          restoreDetail(home, going({ folder: text }, [row]), undefined, wall)?.links,
          face({ names: [text], folder: text, pricesOf: text.slice(0, 10), disk: { need: 2, free: 1 } }),
          sendingFace(
            home,
            {
              said: said({
                sending: sendingOf({ target: text, rows: [sentOf(text, { state: 'sending' })] }),
              }),
              fresh: true,
              load: ready,
              pausing: false,
            },
            moment,
          ),
        ];
        const words = (value: unknown): string[] =>
          typeof value === 'string'
            ? [value]
            : typeof value === 'object' && value !== null
              ? Object.entries(value).flatMap(([key, one]) => (key === 'key' ? [] : words(one)))
              : [];
        return words(all).every((one) => !hidden.test(one));
      },
    ),
    { numRuns: 60 },
  );
});
