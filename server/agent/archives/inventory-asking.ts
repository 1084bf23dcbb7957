import { codeOf, LatchkeyError } from '../../../lib/errors.ts';
import { readPermissions } from '../../../lib/permission.ts';
import type { RequestOf } from '../../../lib/protocol/message.ts';
import type { ArchiveWatch } from '../../archives/watch.ts';
import type { Audit } from '../audit.ts';
import type { Clock } from '../clock.ts';
import type { Devices } from '../devices.ts';
import type { LiveSession } from '../live-sessions.ts';
import type { Outcome, Requests } from '../requests.ts';
import type { RequestRow } from '../store/rows.ts';
import { withinAnswer } from './within-answer.ts';

interface Parts {
  readonly watched: () => Promise<Pick<ArchiveWatch, 'ask'> | undefined>;
  readonly requests: Requests;
  readonly devices: Devices;
  readonly audit: Audit;
  readonly clock: Clock;
  readonly log: (line: string) => void;
}

interface Intent {
  /** Absent: all. */
  readonly vault?: string;
}

/** An intent of an earlier life is carried on for so long, and tried so often: ms. */
const carriedOn = 3_600_000;
const retryEvery = 60_000;

/**
 * A device asks for lists of vaults: intent on disk, AWS, outcome on disk. Carrying an intent on after a restart asks
 * nothing twice, since each vault's job is on the disk before AWS hears of it (server/archives/inventory-jobs.ts).
 */
export class InventoryAsking {
  private readonly parts: Parts;
  /** By request: intents of an earlier life that are carried on, and when the next try is due (monotonic ms). */
  private readonly tries = new Map<string, number>();

  constructor(parts: Parts) {
    this.parts = parts;
  }

  /**
   * Throws `refused-permission`, `archives-no-source`, with nothing asked; `archives-working` where it takes longer
   * than an answer may: the same request asked again waits on.
   */
  async ask({ id, vault }: RequestOf<'inventory'>, live: LiveSession): Promise<Outcome> {
    const { requests, devices, clock } = this.parts;
    const act = { kind: 'inventory', on: vault ?? '' } as const;
    const outcome = requests.once(live.device, id, act, async (begin) => {
      if (!readPermissions(devices.require(live.device).allowed).includes('restore')) {
        await this.noteRefusal(live.device);
        throw new LatchkeyError('refused-permission');
      }
      if ((await this.parts.watched()) === undefined) throw new LatchkeyError('archives-no-source');
      const intent: Intent = vault === undefined ? {} : { vault };
      return this.carryOut(await begin({ door: '', at: clock.wall(), intent: JSON.stringify(intent) }));
    });
    return withinAnswer(outcome);
  }

  /** At home, by whoever may use its control socket; resolves with for how many a list is on its way or there. Throws `archives-*`. */
  async askAtHome(vault: string | undefined): Promise<number> {
    const watch = await this.parts.watched();
    if (watch === undefined) throw new LatchkeyError('archives-no-source');
    const vaults = await watch.ask(vault, null);
    await this.parts.audit.note({ kind: 'inventory-asked', ...nameOf(vault) });
    return vaults;
  }

  /** An intent of an earlier life: carried on behind the caller, who has doors to look after. */
  settle(row: RequestRow): void {
    const { clock, log } = this.parts;
    const key = `${row.device} ${row.id}`;
    if ((this.tries.get(key) ?? 0) > clock.now()) return;
    this.tries.set(key, Infinity);
    this.carryOut(row, clock.wall() - row.at < carriedOn).then(
      () => this.tries.delete(key),
      (error: unknown) => {
        log(`archives: a list is not asked for yet: ${String(error)}`);
        this.tries.set(key, clock.now() + retryEvery);
      },
    );
  }

  /** `patient`: throws what passes by itself. */
  private async carryOut(row: RequestRow, patient = false): Promise<Outcome> {
    const { requests, devices, audit } = this.parts;
    const { vault } = JSON.parse(row.intent) as Intent;
    const device = devices.nameOf(row.device);
    let vaults: number;
    try {
      const watch = await this.parts.watched();
      if (watch === undefined) throw new LatchkeyError('archives-no-source');
      vaults = await watch.ask(vault, device ?? null);
    } catch (error) {
      const code = codeOf(error, 'tool-failed');
      if (patient && passing.has(code)) throw error;
      const failed: Outcome = { ok: false, code };
      await requests.settle(row, failed);
      return failed;
    }
    const outcome: Outcome = { ok: true, vaults };
    const by = device === undefined ? {} : { device };
    const event = audit.draft({ kind: 'inventory-asked', ...nameOf(vault), ...by });
    await requests.settle(row, outcome, event);
    audit.tell(event);
    return outcome;
  }

  private async noteRefusal(id: string): Promise<void> {
    const device = this.parts.devices.nameOf(id);
    const by = device === undefined ? {} : { device };
    // A disk that is full changes nothing about the refusal.
    await this.parts.audit
      .note({ kind: 'refused', code: 'refused-permission', ...by })
      .catch(() => undefined);
  }
}

const passing: ReadonlySet<string> = new Set([
  'archives-unreachable',
  'archives-throttled',
  'archives-busy',
  'tool-failed',
]);

/** Of a key or a name: the name, which is the last of an ARN. */
function nameOf(vault: string | undefined): { vault?: string } {
  return vault === undefined ? {} : { vault: vault.slice(vault.lastIndexOf('/') + 1).slice(-255) };
}
