import { checkLink, pair, type Pairing, type PairingWait } from '../../lib/client/pair.ts';
import type { HomeRecord } from '../../lib/client/home-record.ts';
import { codeOf, type ErrorCode } from '../../lib/errors.ts';
import type { NewKeys, Platform } from './platform.ts';
import type { LinkCheck, PairingState } from './types.ts';

interface Parts {
  readonly platform: Platform;
  readonly changed: () => void;
  /** The home said yes: keep it. */
  readonly paired: (record: HomeRecord, keys: NewKeys) => Promise<void>;
}

/** One pairing at a time, from the link to the stored home. */
export class PairingFlow {
  private readonly parts: Parts;
  private now: PairingState = { step: 'none' };
  private wait: { readonly told: PairingWait; readonly key: Uint8Array; readonly since: number } | undefined;
  private running: Pairing | undefined;
  private turn = 0;

  constructor(parts: Parts) {
    this.parts = parts;
  }

  state(): PairingState {
    const { wait } = this;
    if (wait === undefined) return this.now;
    const { code, home, until } = wait.told;
    const leftMs = Math.max(0, until - this.parts.platform.clock.now());
    return { step: 'waiting', code, home, key: wait.key, leftMs, totalMs: until - wait.since };
  }

  get counts(): boolean {
    return this.wait !== undefined;
  }

  check(text: string): LinkCheck {
    try {
      return { ok: true, key: checkLink(text, this.parts.platform.origin).offer.home };
    } catch (error) {
      return { ok: false, code: codeOf(error, 'pairing-malformed') };
    }
  }

  start(text: string, name: string): void {
    this.stop();
    this.now = { step: 'claiming' };
    this.parts.changed();
    void this.run(++this.turn, text, name);
  }

  cancel(): void {
    this.stop();
    this.now = { step: 'none' };
    this.parts.changed();
  }

  private stop(): void {
    this.turn++;
    this.wait = undefined;
    this.running?.cancel();
    this.running = undefined;
  }

  private async run(turn: number, text: string, name: string): Promise<void> {
    const { platform, changed, paired } = this.parts;
    let home: string | undefined;
    try {
      const link = checkLink(text, platform.origin);
      const keys = await platform.vault.newKeys();
      if (turn !== this.turn) return;
      const { dial, random, clock } = platform;
      this.running = pair({
        link,
        name: name.trim().slice(0, 64),
        keys: keys.keys,
        dial,
        random,
        clock,
        waiting: (told) => {
          home = told.home;
          this.wait = { told, key: link.offer.home, since: clock.now() };
          changed();
        },
      });
      const record = await this.running.done;
      if (turn !== this.turn) return;
      await paired(record, keys);
      this.end({ step: 'done', home: record.home, name: record.name });
    } catch (error) {
      if (turn === this.turn) this.end(failed(codeOf(error, 'config-unreadable'), home));
    }
  }

  private end(state: PairingState): void {
    this.running = undefined;
    this.wait = undefined;
    this.now = state;
    this.parts.changed();
  }
}

function failed(code: ErrorCode, home: string | undefined): PairingState {
  return { step: 'failed', code, ...(home === undefined ? {} : { home }) };
}
