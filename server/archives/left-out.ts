import type { ArchiveView } from './catalogue.ts';
import { piecesOf, type PieceLine, type RunRecord } from './journal.ts';

/**
 * Which pieces of a run AWS has already, so that they need not be sent: under their own name, or with all the other
 * pieces of their tree in one row under another run's. A piece of a row that is not there as a whole is sent though its
 * bytes are there: without the journal names alone tell the order, and a row with a gap gives nothing after it.
 */
export async function leftOut(
  record: RunRecord,
  pieces: readonly PieceLine[],
  there: (piece: PieceLine) => Promise<readonly ArchiveView[]>,
): Promise<Map<string, ArchiveView>> {
  const found = new Map<string, readonly ArchiveView[]>();
  for (const piece of pieces) found.set(piece.name, await there(piece));
  const out = new Map<string, ArchiveView>();
  for (const { name } of pieces) {
    const own = found.get(name)?.find((archive) => rowOf(archive, name)?.endsWith(record.run.run) === true);
    if (own !== undefined) out.set(name, own);
  }
  for (const tree of record.trees.keys()) {
    const whole = piecesOf(record, tree) ?? [];
    // one that is under way stays in the row in which it was begun
    if (whole.length === 0 || whole.some(({ name }) => !found.has(name) || out.has(name))) continue;
    for (const [name, archive] of oneRow(whole, found)) out.set(name, archive);
  }
  return out;
}

/** All of a tree's pieces under one and the same run; nothing where there is no such run. */
function oneRow(
  whole: readonly PieceLine[],
  found: ReadonlyMap<string, readonly ArchiveView[]>,
): [string, ArchiveView][] {
  const [first] = whole as [PieceLine, ...PieceLine[]];
  for (const begin of found.get(first.name) ?? []) {
    // a row of one has no order to lose: whoever named it
    if (whole.length === 1) return [[first.name, begin]];
    const row = rowOf(begin, first.name);
    const same = whole.flatMap(({ name }): [string, ArchiveView][] => {
      const archive = found.get(name)?.find((each) => rowOf(each, name) === row);
      return archive === undefined ? [] : [[name, archive]];
    });
    if (row !== undefined && same.length === whole.length) return same;
  }
  return [];
}

/** `…/RUN` of `…/RUN/PIECE`; undefined for any other name. */
function rowOf({ storageClass, description, id }: ArchiveView, piece: string): string | undefined {
  const name = storageClass === 'VAULT' ? description : id;
  return name.endsWith(`/${piece}`) ? name.slice(0, -piece.length - 1) : undefined;
}
