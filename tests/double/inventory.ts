import { isoMillis, isoSeconds } from './clock.ts';

export interface Listed {
  readonly id: string;
  readonly description: string;
  /** Unix ms. */
  readonly createdAt: number;
  readonly size: number;
  readonly treeHash: string;
}

export interface Inventory {
  readonly vaultArn: string;
  /** Unix ms. */
  readonly date: number;
  readonly archives: readonly Listed[];
}

export function asJson({ vaultArn, date, archives }: Inventory): string {
  const list = archives.map(
    (one) =>
      `{"ArchiveId":${JSON.stringify(one.id)},"ArchiveDescription":${JSON.stringify(one.description)},"CreationDate":"${isoMillis(one.createdAt)}","Size":${one.size},"SHA256TreeHash":"${one.treeHash}"}`,
  );
  return `{"VaultARN":${JSON.stringify(vaultArn)},"InventoryDate":"${isoSeconds(date)}","ArchiveList":[${list.join(',')}]}`;
}

/**
 * Amazon's own CSV ("Get Job Output" in its guide): a field with a comma or a double quote stands in double quotes, an
 * inner double quote as `\"`, and a backslash is not escaped. Any field may be quoted; here the id and date are.
 */
export function asCsv({ archives }: Inventory): string {
  const lines = archives.map(
    (one) =>
      `"${one.id}",${csvField(one.description)},"${isoMillis(one.createdAt)}",${one.size},${one.treeHash}\n`,
  );
  return `ArchiveId,ArchiveDescription,CreationDate,Size,SHA256TreeHash\n${lines.join('')}`;
}

function csvField(text: string): string {
  return /[,"]/.test(text) ? `"${text.replaceAll('"', '\\"')}"` : text;
}
