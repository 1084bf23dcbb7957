import { describe, expect, it } from 'vitest';
import { archiveDetail } from '../../app/_live/archive-detail-view.ts';
import { takingFace, yearsChart } from '../../app/_live/archive-lists-view.ts';
import { countedWords, stateFace } from '../../app/_live/archive-words.ts';
import { archivesFace } from '../../app/_live/archives-view.ts';
import type { ArchivesState } from '../../app/_state/archive-types.ts';
import { sizeWords } from '../../app/_ui/sizes.ts';
import { states, totals, wall, now } from '../e2e/gallery/archive-samples.ts';
import { home } from './app-home.ts';

const face = (state: ArchivesState, fresh = true) => archivesFace(home, state, { now, wall, fresh });
const changed = (change: Partial<typeof totals>): ArchivesState => ({
  ...states.calm(),
  totals: { value: { ...totals, ...change }, at: now - 2000 },
});

describe('the totals', () => {
  it('say what is kept, and when AWS counted it', () => {
    expect(face(states.calm())).toMatchObject({
      title: '1.84 TB kept',
      lede: '214 archives in 3 vaults. AWS counted them yesterday, 03:12.',
      ledeWide: '214 archives in 3 vaults, as AWS counted them yesterday at 03:12.',
    });
  });

  it('name today by its time alone, and other days by their date', () => {
    const at = (days: number) => new Date(2026, 4, 12 - days, 3, 12).getTime();
    expect([0, 1, 2].map((days) => countedWords(at(days), wall, false))).toEqual([
      'at 03:12',
      'yesterday, 03:12',
      '10 May, 03:12',
    ]);
    expect(countedWords(new Date(2024, 11, 31, 3, 12).getTime(), wall, true)).toBe('31 Dec 2024 at 03:12');
  });

  it('never say that AWS counted what it did not, nor hide what has no size', () => {
    const { countedAt: _countedAt, ...rest } = totals;
    const uncounted = { ...states.calm(), totals: { value: { ...rest, unsized: 3 }, at: now } };
    expect(face(uncounted).lede).toBe(
      '214 archives in 3 vaults. AWS has not counted them. It is more: nobody told the size of 3.',
    );
    expect(face(states.uncounted()).lede).toBe('AWS has not counted yet. It takes about a day.');
    expect(face(states.empty()).title).toBe('No vaults');
  });

  it('of a home that does not answer stand with their age', () => {
    expect(face(states.calm(), false).lede).toMatch(/yesterday, 03:12\. Last known 2 s ago\.$/);
    expect(face(states.calm(), false).list.old).toBe(true);
    expect(face(states.loading()).title).toBe('Archives');
  });

  it('stay beside what AWS refused, with what can be done', () => {
    expect(face(states.refused())).toMatchObject({
      title: '1.84 TB kept',
      troubles: [['AWS refused: access denied.', expect.stringContaining('POLICY.md')]],
    });
  });
});

describe('rows', () => {
  it('under way stand first and are not said twice; a search is of all', () => {
    const { active, list } = face(states.calm());
    expect(active.map(({ name }) => name)).toEqual(['Mail export, all accounts', 'Studio masters, Volume 2']);
    const names = Array.from({ length: list.total }, (_, i) => list.row(i)?.name);
    expect(names).toHaveLength(9);
    expect(names).not.toContain('Mail export, all accounts');
    expect(face(states.found()).active).toEqual([]);
  });

  it('one whose day is over is among all again', () => {
    const state = states.calm();
    const [mail, ready] = state.active.said?.value.rows ?? [];
    if (mail === undefined || ready === undefined) throw new Error('no sample');
    const over = { ...ready, state: 'archived' as const };
    const said = { value: { type: 'archiveList' as const, revision: 7, rows: [mail, over] }, at: now };
    expect(face({ ...state, active: { said, load: state.active.load } }).active).toHaveLength(1);
  });

  it('say every state in words', () => {
    const until = new Date(2026, 4, 14, 9, 10).getTime();
    const today = new Date(2026, 4, 12, 18, 40).getTime();
    expect(stateFace({ state: 'ready', until }, wall)).toEqual({
      words: 'Ready until Thu 09:10',
      tone: 'brass',
    });
    expect(stateFace({ state: 'restoring', until: today }, wall).words).toBe('Restoring, about 18:40');
    expect(
      (['archived', 'failed', 'uploaded', 'deleted'] as const).map(
        (state) => stateFace({ state }, wall).words,
      ),
    ).toEqual(['In Glacier', 'Restore failed', 'Uploaded, not counted yet', 'Deleted, still counted']);
  });

  it('sizes are decimal, one place below 100', () => {
    expect(
      [0, 999, 2_100_000_000, 88e9, 99_960_000_000, 999_600_000_000, 40 * 2 ** 40].map(sizeWords),
    ).toEqual(['0 B', '999 B', '2.1 GB', '88.0 GB', '100 GB', '1.0 TB', '44.0 TB']);
  });
});

describe('text of others', () => {
  it('is made fit to be shown, and copied as it is', () => {
    const state = states.nasty();
    const steering = /[\u0000-\u001f\u202a-\u202e]/;
    expect(steering.test(state.chosen?.row.id ?? '')).toBe(true);
    const detail = archiveDetail(state, wall);
    const shown = [
      detail?.title,
      detail?.over,
      ...(detail?.copies.map(({ value }) => value) ?? []),
      ...face(state).active.flatMap(({ name, vault }) => [name, vault]),
    ];
    expect(shown.filter((text) => text === undefined || steering.test(text))).toEqual([]);
    expect(detail?.copies[0]?.whole).toBe(state.chosen?.row.id);
    expect(detail?.copies.at(-1)?.whole).toBe(state.chosen?.said?.value.archive?.description);
    const broken = takingFace(
      {
        ...state,
        importing: { step: 'failed', file: 'a\u202eb', code: 'archives-cut', detail: 'byte 7: \u0007' },
      },
      wall,
    );
    expect(steering.test(`${broken?.title}${broken?.words}`)).toBe(false);
    expect(broken?.words).toContain('byte 7');
  });

  it('an archive whose vault is not among those told has its own key’s end', () => {
    const [row] = states.found().list.rows;
    if (row === undefined) throw new Error('no sample');
    const far = { ...row, vault: 'arn:aws:glacier:us-east-1:1:vaults/far' };
    const state = { ...states.found(), list: { ...states.found().list, rows: [far] } };
    expect(face(state).list.row(0)?.vault).toBe('far');
  });
});

describe('lists', () => {
  it('under way say since when, and how much has come', () => {
    expect(face(states.importing()).notes).toEqual([
      'AWS makes the list of photos. Asked 2 h ago.',
      'The list of studio comes: 8.0 MB of 31.0 MB.',
    ]);
    const many = Array.from({ length: 9 }, (_, i) => ({
      vault: `vaults/v${i}`,
      status: 'running' as const,
      askedMs: 1000 * 60 * (i + 1),
    }));
    expect(face(changed({ inventories: many })).notes).toEqual([
      'AWS makes the list of 9 vaults. Asked 9 min ago.',
    ]);
    expect(
      face(changed({ inventories: [{ vault: 'vaults/v', status: 'failed', askedMs: 1, message: 'no' }] }))
        .notes,
    ).toEqual(['AWS made no list of v: no']);
  });

  it('a device without the permission is told where it is given', () => {
    const odd = { ...home, deviceName: 'Marta’s phone' };
    const state = changed({ mayRestore: false });
    const { more } = archivesFace(odd, state, { now, wall, fresh: true });
    expect(more.mayNot?.command).toBe("latchkey allow 'Marta’s phone' restore");
    expect(face(states.calm()).more.mayNot).toBeUndefined();
  });

  it('taken in by another device are shown, and cannot be stopped from here', () => {
    const importing = { id: 'x', bytes: 5_000_000, ofBytes: 10_000_000, rows: 0, finishing: false };
    expect(takingFace(changed({ importing }), wall)).toMatchObject({
      words: '5.0 MB of 10.0 MB',
      stops: false,
    });
  });

  it('years without an archive are gaps in the picture, and rows of its table', () => {
    const chart = yearsChart({
      years: [
        { year: 2019, archives: 2, bytes: 10 },
        { year: 2022, archives: 1, bytes: 30 },
      ],
    });
    expect(chart).toMatchObject({
      slots: ['2019', '2020', '2021', '2022'],
      rows: [{ counts: [10, 0, 0, 30] }],
      peak: { slot: 3, label: '30 B in 2022' },
      beside: { cells: ['2', '0', '0', '1'] },
    });
    expect(yearsChart({ years: [] })).toBeUndefined();
  });
});
