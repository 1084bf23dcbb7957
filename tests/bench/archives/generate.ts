import { createHash } from 'node:crypto';
import { closeSync, openSync, writeSync } from 'node:fs';

/** An inventory as AWS writes it, of any length, the same one for the same count. */
const words =
  'photos studio papers mail export masters volume raw contracts tax house plans permits backup archive'.split(
    ' ',
  );

function description(at: number): string {
  const word = (by: number): string => words[(at * by) % words.length] ?? '';
  const file = `${word(7)}/20${10 + (at % 15)}/${word(11)} ${word(13)}/IMG_${String(at).padStart(7, '0')}.raw`;
  switch (at % 4) {
    case 0:
      return `<m><v>4</v><p>${Buffer.from(file).toString('base64')}</p><lm>20200101T000000Z</lm></m>`;
    case 1:
      return `mt2 ${Buffer.from(JSON.stringify({ filename: file, mtime: '20200101T000000Z' })).toString('base64url')}`;
    case 2:
      return `my archive ${word(3)} ${at}`;
    default:
      return file;
  }
}

export function generatedRow(at: number): string {
  const hash = createHash('sha256').update(String(at)).digest();
  const id = createHash('sha512').update(hash).digest('base64url') + hash.toString('base64url');
  // in no order of time: AWS promises none
  const created = new Date(
    1_400_000_000_000 + ((at * 7919) % 1_000_003) * 360_000 + (at % 1000),
  ).toISOString();
  return `{"ArchiveId":"${id}${id.slice(0, 138 - id.length)}","ArchiveDescription":"${description(at)}","CreationDate":"${created}","Size":${at * 1_048_583},"SHA256TreeHash":"${hash.toString('hex')}"}`;
}

/** Writes it, with its bytes as answer. */
export function generateInventory(file: string, rows: number): number {
  const fd = openSync(file, 'w');
  let bytes = 0;
  let held = `{"VaultARN":"arn:aws:glacier:eu-north-1:012345678901:vaults/photos","InventoryDate":"2026-11-20T03:12:00Z","ArchiveList":[`;
  for (let at = 0; at < rows; at++) {
    held += at === 0 ? generatedRow(at) : `,${generatedRow(at)}`;
    if (held.length > 1_000_000) {
      bytes += writeSync(fd, held);
      held = '';
    }
  }
  bytes += writeSync(fd, `${held}]}`);
  closeSync(fd);
  return bytes;
}
