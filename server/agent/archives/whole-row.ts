import type { ArchiveRow } from '../../../lib/protocol/archives.ts';
import type { ArchiveView } from '../../archives/catalogue.ts';
import { cutText, rowView } from './views.ts';

/** As an export has it: with all that the catalogue knows. A description that is the name is not said twice. */
export function wholeRow(archive: ArchiveView): ArchiveRow {
  const { name, description, dialect, treeHash } = archive;
  const row = rowView(archive);
  return {
    ...row,
    whole: {
      ...(row.cut === true ? { name: cutText(name, 1024) } : {}),
      ...(description === name ? {} : { description: cutText(description, 1024) }),
      dialect,
      ...(treeHash === null ? {} : { treeHash }),
    },
  };
}
