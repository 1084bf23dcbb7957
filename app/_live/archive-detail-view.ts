import { momentWords, nameOf, stateFace, utcDay, utcTime } from './archive-words.ts';
import { nameInKey } from './archives-view.ts';
import { reasonWords } from './words.ts';
import { shownText } from '../../lib/shown-text.ts';
import { archiveKey, type ArchivesState } from '../_state/archive-types.ts';
import type { ArchiveDetailFace, CopyFact } from '../_ui/archive-types.ts';
import { grouped, sizeWords } from '../_ui/sizes.ts';
import { archivesText as words } from '../_text/archives.ts';

/** The chosen archive; undefined where none is. `wall` Unix ms. */
export function archiveDetail(
  { chosen, totals }: ArchivesState,
  wall: number,
): ArchiveDetailFace | undefined {
  if (chosen === undefined) return undefined;
  const { row, said, load } = chosen;
  const answer = said?.value.archive;
  const now = answer ?? row;
  const title = nameOf(answer === undefined ? row : { name: answer.name });
  const vault = totals?.value.vaults.find((one) => one.vault === row.vault);
  const called = answer?.vaultName ?? vault?.name;
  const over = called === undefined ? nameInKey(row.vault) : shownText(called);
  const bucket = vault?.kind === 'bucket';
  const state = stateFace(now, wall);
  const failed =
    load.state === 'failed'
      ? reasonWords(load.code)
      : said !== undefined && answer === undefined
        ? words.gone
        : undefined;
  const waiting = waitingOf(answer, wall);
  return {
    key: archiveKey(row),
    row,
    title: title ?? words.noDescription,
    named: title !== undefined,
    over,
    lede: words.lede(state.words, row.vault === '' ? undefined : over, bucket),
    ...(waiting === undefined ? {} : { waiting }),
    size: now.size === undefined ? words.notTold : sizeWords(now.size),
    bytes: now.size === undefined ? '' : grouped(now.size),
    facts: [
      [
        words.created,
        now.createdAt === undefined
          ? words.notTold
          : words.utc(utcDay(now.createdAt), utcTime(now.createdAt)),
      ],
      ...(answer?.region === undefined ? [] : ([[words.region, shownText(answer.region), true]] as const)),
      ...(answer === undefined || answer.storageClass === 'VAULT'
        ? []
        : ([[words.storage, answer.storageClass, true]] as const)),
    ],
    state,
    copies: [
      {
        term: bucket ? words.key : words.id,
        value: shownText(row.id),
        whole: row.id,
        copy: words.copyId,
      },
      ...(answer?.treeHash === undefined
        ? []
        : [
            {
              term: words.treeHash,
              value: shownText(answer.treeHash),
              whole: answer.treeHash,
              copy: words.copyHash,
            },
          ]),
      ...descriptionOf(answer),
    ],
    loading: load.state === 'loading',
    ...(failed === undefined ? {} : { failed }),
  };
}

type Answer = NonNullable<NonNullable<NonNullable<ArchivesState['chosen']>['said']>['value']['archive']>;

/** As it was written, where that is another text than the name. */
function descriptionOf(answer: Answer | undefined): CopyFact[] {
  if (answer === undefined || answer.description === '' || answer.description === answer.name) return [];
  return [
    {
      term:
        answer.dialect === 'plain'
          ? words.description
          : `${words.description}. ${words.writtenBy(answer.dialect)}`,
      value: shownText(answer.description),
      whole: answer.description,
      copy: words.copyDescription,
    },
  ];
}

function waitingOf(answer: Answer | undefined, wall: number): ArchiveDetailFace['waiting'] {
  if (answer?.state !== 'restoring' || answer.askedAt === undefined) return undefined;
  const { askedAt, askedBy, until } = answer;
  const when = momentWords(askedAt, wall);
  const asked = askedBy === undefined ? words.asked(when) : words.askedFrom(when, shownText(askedBy));
  const of = until === undefined ? 0 : Math.max(1, until - askedAt);
  const left = Math.max(0, Math.min(wall - askedAt, of));
  return {
    title: words.restoring,
    words: `${asked}.${until === undefined ? '' : words.readyAbout(momentWords(until, wall))}`,
    label: words.wait(`${of === 0 ? 0 : Math.round((left / of) * 100)} %`),
    left,
    of,
  };
}
