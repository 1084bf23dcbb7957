import type { Vault } from '../../../lib/archive.ts';
import { asLatchkeyError } from '../aws.ts';
import { minute, stopping } from './engine.ts';
import type { RestoreRecord } from './records.ts';
import type { Retrieval } from './retrieval.ts';

interface Parts {
  /** Looks a vault up by its key. Throws `archives-unreachable` where nothing can ask it. */
  readonly vault: (key: string) => Promise<{ vault: Vault; retrieval: Retrieval }>;
  /** Unix ms. */
  readonly now: () => number;
  readonly log: (line: string) => void;
}

/** What is done in one vault: one that fails holds up no other, and is left alone for a while, longer each time. */
export class VaultTurns {
  private readonly parts: Parts;
  /** By vault: when it is tried again, after it failed. */
  private readonly later = new Map<string, { at: number; failures: number }>();

  constructor(parts: Parts) {
    this.parts = parts;
  }

  /** Throws what stops the whole, and nothing else. */
  async run(
    key: string,
    record: RestoreRecord,
    work: (vault: Vault, retrieval: Retrieval) => Promise<void>,
  ): Promise<void> {
    const { now, log } = this.parts;
    if ((this.later.get(key)?.at ?? 0) > now()) return;
    try {
      const { vault, retrieval } = await this.parts.vault(key);
      await work(vault, retrieval);
      this.later.delete(key);
    } catch (thrown) {
      const error = asLatchkeyError(thrown);
      if (stopping.includes(error.code)) throw error;
      const failures = (this.later.get(key)?.failures ?? 0) + 1;
      this.later.set(key, { at: now() + Math.min(minute * 2 ** (failures - 1), 30 * minute), failures });
      log(`archives: restore ${record.id}: ${error.message}`);
    }
  }
}
