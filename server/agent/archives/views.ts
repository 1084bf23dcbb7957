import type { ArchiveRow } from '../../../lib/protocol/archives.ts';
import type { ArchiveView } from '../../archives/catalogue.ts';
import { sizeOf } from '../fit.ts';

/** Characters of a name that a list has. */
const longestName = 200;

/** At most `most` UTF-16 units, and never half a character. */
export function cutText(text: string, most: number): string {
  if (text.length <= most) return text;
  const last = text.charCodeAt(most - 1);
  return text.slice(0, last >= 0xd800 && last <= 0xdbff ? most - 1 : most);
}

/** As `cutText`, and its JSON takes no more than so many bytes. */
export function cutToFit(text: string, most: number, bytes: number): string {
  let cut = cutText(text, most);
  for (let size = sizeOf(cut); size > bytes; size = sizeOf(cut))
    cut = cutText(cut, Math.min(cut.length - 1, Math.floor((cut.length * bytes) / size)));
  return cut;
}

export function rowView(archive: ArchiveView): ArchiveRow {
  const { vault, id, size, createdAt, state, until } = archive;
  const name = cutText(archive.name, longestName);
  return {
    vault,
    id,
    name,
    ...(name === archive.name ? {} : { cut: true as const }),
    ...(size === null ? {} : { size }),
    ...(createdAt === null || createdAt < 0 ? {} : { createdAt }),
    state,
    ...(until === null ? {} : { until }),
  };
}
