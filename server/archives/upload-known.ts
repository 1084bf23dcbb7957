import { vaultOf, type Archive, type Vault } from '../../lib/archive.ts';
import { LatchkeyError } from '../../lib/errors.ts';
import type { ArchiveView } from './catalogue.ts';
import type { PieceLine, RunRecord, UploadedLine } from './journal.ts';
import type { Known } from './known.ts';
import type { UploadTarget } from './upload-target.ts';

const day = 86_400_000;

/**
 * The home's catalogue, as one upload meets it. It keeps nobody from sending: what cannot be asked is sent, what cannot
 * be told is in the journal and told by the next upload. Why not is said once.
 */
export class UploadKnown {
  readonly #known: Known | undefined;
  readonly #target: UploadTarget;
  readonly #note: (note: string) => void;
  #isSilent = false;
  #vault: Promise<Vault | undefined> | undefined;

  constructor(known: Known | undefined, target: UploadTarget, note: (note: string) => void) {
    this.#known = known;
    this.#target = target;
    this.#note = note;
  }

  /** What the target has with just these bytes. Throws `archives-*`: what AWS says of the target itself. */
  async there({ treeHash, size }: PieceLine): Promise<readonly ArchiveView[]> {
    if (this.#known === undefined) return [];
    this.#vault ??= this.#askVault();
    const vault = await this.#vault;
    if (vault === undefined) return [];
    return this.#try([], (known) => known.withBytes(vault.key, treeHash, size));
  }

  async arrived(run: string, piece: PieceLine, line: UploadedLine): Promise<void> {
    const vault =
      this.#target.kind === 'bucket' ? await this.#target.vault() : (vaultOf(line.vault) ?? undefined);
    if (vault === undefined) return;
    await this.#try(undefined, (known) =>
      known.arrived(vault, [rowOf(this.#target, run, piece, line)], line.at),
    );
  }

  /** What a crash kept from being told. What AWS has counted since is AWS's to tell. */
  async tellAgain(runs: readonly RunRecord[]): Promise<void> {
    const counted = new Map<string, number | null>();
    for (const { run, pieces, uploaded } of runs)
      for (const line of uploaded.values()) {
        const piece = pieces.get(line.name);
        if (line.target !== this.#target.key || line.there === true || piece === undefined) continue;
        const at = counted.get(line.vault) ?? (await this.#try(null, (all) => all.inventoryAt(line.vault)));
        counted.set(line.vault, at);
        if (line.at <= (at ?? 0) - day) continue;
        const { treeHash, size } = piece;
        const rows = await this.#try(undefined, (all) => all.withBytes(line.vault, treeHash, size));
        if (rows?.some(({ id }) => id === line.archive) === false) await this.arrived(run.run, piece, line);
      }
  }

  async #askVault(): Promise<Vault | undefined> {
    const vault = await this.#target.vault();
    if (vault === undefined)
      this.#note(
        'This key may not ask about the vault (glacier:DescribeVault), so what is there already is not left out.',
      );
    return vault;
  }

  async #try<Result>(otherwise: Result, ask: (known: Known) => Promise<Result>): Promise<Result> {
    if (this.#known === undefined || this.#isSilent) return otherwise;
    try {
      return await ask(this.#known);
    } catch (error) {
      this.#isSilent = true;
      const why = error instanceof LatchkeyError ? `${error.code} ${error.detail ?? ''}` : String(error);
      this.#note(`The list of archives here cannot be asked and told (${why.trim()}): sending goes on.`);
      return otherwise;
    }
  }
}

function rowOf(target: UploadTarget, run: string, piece: PieceLine, line: UploadedLine): Archive {
  return {
    id: line.archive,
    description: target.kind === 'vault' ? `${run}/${piece.name}` : '',
    createdAt: line.at,
    size: piece.size,
    treeHash: piece.treeHash,
    storageClass: target.storageClass,
  };
}
