import { isCanonical } from '../../../lib/address.ts';
import { banKey, type Ban } from '../../../lib/ban.ts';
import { codeOf, LatchkeyError } from '../../../lib/errors.ts';
import { parseNetwork } from '../../../lib/network.ts';
import { readPermissions } from '../../../lib/permission.ts';
import type { RequestOf } from '../../../lib/protocol/message.ts';
import type { BanHost } from '../../bans/host.ts';
import type { Audit } from '../audit.ts';
import { provenAddresses, type Policy } from '../authorize.ts';
import type { Clock } from '../clock.ts';
import type { Devices } from '../devices.ts';
import type { LiveSession } from '../live-sessions.ts';
import type { StepObserver } from '../openings.ts';
import type { Outcome, Requests } from '../requests.ts';
import type { RequestRow, Row } from '../store/rows.ts';
import type { Feed } from './feed.ts';
import type { Note } from './history-messages.ts';
import type { OwnAddresses } from './own.ts';

/** What challenges for lifting a ban are made for: no door has a name like it, so none serves the other. */
export const unbanDoor = ' unban';
/** So long an unban can be taken back by the device that asked for it: ms. The helper's own limit is longer. */
export const undoMs = 60_000;

interface UnbanIntent {
  readonly value: string;
  /** What stood before, of exactly this value. */
  readonly hits: readonly Ban[];
}

interface RebanIntent extends UnbanIntent {
  readonly unban: string;
}

interface Parts {
  readonly host: Omit<BanHost, 'attacks'>;
  readonly feed: Feed;
  readonly own: OwnAddresses;
  readonly note: (...notes: readonly Note[]) => void;
  readonly requests: Requests;
  readonly devices: Devices;
  readonly audit: Audit;
  readonly clock: Clock;
  readonly policy: Policy;
  readonly observe: StepObserver | undefined;
}

/** Lifts bans and takes that back, in this order and no other: intent on disk, verb, asked again, outcome on disk. */
export class Lifting {
  private readonly parts: Parts;
  /** When a value was lifted last, Unix ms. */
  private readonly lifts = new Map<string, number>();

  constructor(parts: Parts) {
    this.parts = parts;
  }

  /** Undefined: not lately, as far as home remembers. */
  liftedAt(value: string): number | undefined {
    return this.lifts.get(value);
  }

  remember(value: string, at: number): void {
    this.lifts.delete(value);
    this.lifts.set(value, at);
    const [oldest] = this.lifts.keys();
    if (this.lifts.size > 1000 && oldest !== undefined) this.lifts.delete(oldest);
  }

  /**
   * The bans of this value: an own address by evidence of this request, anything else with the permission. Throws
   * `refused-*`; nothing has happened then.
   */
  async unban(request: RequestOf<'unban'>, live: LiveSession): Promise<Outcome> {
    const { requests, devices, clock, observe } = this.parts;
    const { device } = live;
    const { id, value } = request;
    return requests.once(device, id, { kind: 'unban', on: value }, async (begin) => {
      await observe?.('received');
      let hits: readonly Ban[];
      try {
        await this.authorize(request, live);
        hits = (await this.standing(value)).filter((ban) => ban.value === value);
        // Signatures and sources took their time.
        devices.require(device);
      } catch (error) {
        await this.noteRefusal(value, device, error);
        throw error;
      }
      const intent: UnbanIntent = { value, hits };
      const row = await begin({ door: '', at: clock.wall(), intent: JSON.stringify(intent) });
      await observe?.('intent');
      if (devices.get(device)?.revokedAt !== null) return this.fail(row, 'session-revoked');
      let error: unknown;
      // No verb carries what is neither an address nor on a list.
      if (hits.length > 0 || isCanonical(value) !== undefined) {
        const asked = this.parts.host.unban(value);
        asked.catch(() => undefined);
        await observe?.('verb');
        await asked.catch((thrown: unknown) => (error = thrown));
      }
      await observe?.('rule');
      return this.conclude(row, intent, error);
    });
  }

  /** What was lifted is what stood before and, asked again, does not. */
  private async conclude(row: RequestRow, { value, hits }: UnbanIntent, error: unknown): Promise<Outcome> {
    const { clock, feed, note } = this.parts;
    let left: readonly Ban[];
    try {
      left = await this.standing(value);
    } catch {
      // What came of it is found out and written later.
      throw new LatchkeyError('tool-helper-gone', 'not settled yet');
    }
    const lifted = hits.filter((hit) => !left.some((one) => isStill(hit, one)));
    if (error !== undefined && lifted.length === 0) return this.fail(row, codeOf(error, 'tool-failed'));
    const at = clock.wall();
    const comesBack = error !== undefined && codeOf(error, 'tool-failed') === 'tool-comes-back';
    const outcome: Outcome = { ok: true, lifted, left, at, ...(comesBack ? { comesBack } : {}) };
    await this.settleWith(row, outcome, 'unbanned', lifted);
    if (lifted.length === 0) return outcome;
    this.remember(value, at);
    note(...lifted.map((ban) => ({ op: 'gone', ban, at, end: 'lifted', by: row.device }) as const));
    feed.lifted(lifted);
    return outcome;
  }

  /** Only its own unban, once, and only for a minute. Throws `refused-undo`. */
  async reban(request: RequestOf<'reban'>, live: LiveSession): Promise<Outcome> {
    const { requests, host, clock, observe } = this.parts;
    const act = { kind: 'reban', on: request.unban } as const;
    return requests.once(live.device, request.id, act, async (begin) => {
      const undone = requests.outcomeOf(live.device, request.unban, 'unban');
      const lifted = undone?.ok === true ? (undone.lifted ?? []) : [];
      const [first] = lifted;
      const isOpen = undone?.ok === true && this.undoLeft(undone) !== undefined;
      if (first === undefined || !isOpen || requests.wasBegun(live.device, act)) {
        await this.noteRefusal(first?.value ?? '', live.device, new LatchkeyError('refused-undo'));
        throw new LatchkeyError('refused-undo');
      }
      const intent: RebanIntent = { unban: request.unban, value: first.value, hits: lifted };
      const row = await begin({ door: '', at: clock.wall(), intent: JSON.stringify(intent) });
      await observe?.('intent');
      let error: unknown;
      for (const { source, jail, value } of lifted)
        await host.reban(source, jail, value).catch((thrown: unknown) => (error ??= thrown));
      await observe?.('rule');
      return this.concludeReban(row, intent, error);
    });
  }

  private async concludeReban(
    row: RequestRow,
    { value, hits }: RebanIntent,
    error: unknown,
  ): Promise<Outcome> {
    const standing = await this.standing(value).catch(() => {
      throw new LatchkeyError('tool-helper-gone', 'not settled yet');
    });
    const banned = standing.filter((ban) => hits.some((hit) => banKey(hit) === banKey(ban)));
    if (banned.length === 0) return this.fail(row, codeOf(error, 'tool-failed'));
    const outcome: Outcome = { ok: true, banned, at: this.parts.clock.wall() };
    await this.settleWith(row, outcome, 'rebanned', banned);
    this.lifts.delete(value);
    return outcome;
  }

  /** How long an unban can still be taken back; undefined: not, or no more. */
  undoLeft({ lifted = [], at = 0 }: Outcome & { ok: true }): number | undefined {
    const left = at + undoMs - this.parts.clock.wall();
    const can = lifted.some(({ source }) => this.parts.feed.stateOf(source)?.cannotBan !== true);
    return can && left > 0 && left <= undoMs ? left : undefined;
  }

  /** An intent of an earlier life: looked up, and never done again. Throws where it cannot be looked up yet. */
  async settle(row: RequestRow): Promise<void> {
    if (row.kind === 'reban') {
      await this.concludeReban(row, JSON.parse(row.intent) as RebanIntent, undefined);
      return;
    }
    const intent = JSON.parse(row.intent) as UnbanIntent;
    const error = intent.hits.length > 0 ? new LatchkeyError('tool-still-banned') : undefined;
    await this.conclude(row, intent, error);
  }

  private async authorize(
    { challenge, evidence, id, value }: RequestOf<'unban'>,
    live: LiveSession,
  ): Promise<void> {
    const { clock, devices, own, policy } = this.parts;
    const bytes = live.challenges.use(challenge, unbanDoor, id, clock.now());
    const may = readPermissions(devices.require(live.device).allowed).includes('unban');
    const isAddress = isCanonical(value) !== undefined;
    if (!isAddress && !may) throw new LatchkeyError('refused-permission');
    try {
      const proven = await provenAddresses(evidence, bytes, policy);
      const addresses = proven.map(({ address }) => address);
      own.proved(live.device, addresses, clock.now());
      if (!may && !addresses.includes(value)) throw new LatchkeyError('refused-permission');
    } catch (error) {
      if (!may) throw error;
    }
  }

  /** Everything that turns an address away, or all bans of another value, asked now. */
  private async standing(value: string): Promise<readonly Ban[]> {
    const { host, feed } = this.parts;
    if (isCanonical(value) !== undefined) return host.banned(value);
    const network = parseNetwork(value);
    if (network !== undefined) return (await host.banned(network.base)).filter((ban) => ban.value === value);
    // No source can be asked about it: what its lists say.
    if (feed.problem !== undefined || !feed.isRead) throw new LatchkeyError('tool-helper-gone');
    return feed.list.having(value);
  }

  private async fail(row: RequestRow, code: LatchkeyError['code']): Promise<Outcome> {
    const outcome: Outcome = { ok: false, code };
    await this.parts.requests.settle(row, outcome);
    return outcome;
  }

  private async settleWith(
    row: RequestRow,
    outcome: Outcome,
    kind: 'unbanned' | 'rebanned',
    bans: readonly Ban[],
  ): Promise<void> {
    const { audit, devices, requests, observe } = this.parts;
    const device = devices.nameOf(row.device);
    const named = device === undefined ? {} : { device };
    const events = bans.map((ban) => audit.draft({ kind, ...named, ...valueOf(ban.value), jail: ban.jail }));
    await requests.settle(row, outcome, ...(events as readonly Row[]));
    await observe?.('outcome');
    for (const event of events) audit.tell(event);
  }

  private async noteRefusal(value: string, id: string, error: unknown): Promise<void> {
    const code = codeOf(error, 'tool-failed');
    if (!code.startsWith('refused-')) return;
    const device = this.parts.devices.nameOf(id);
    const named = device === undefined ? {} : { device };
    // A disk that is full changes nothing about the refusal, nor about its reason.
    await this.parts.audit
      .note({ kind: 'refused', code, ...named, ...valueOf(value) })
      .catch(() => undefined);
  }
}

/** In an event: an address or network; what else somebody banned is no address. */
function valueOf(value: string): { address?: string } {
  const known = isCanonical(value) !== undefined || parseNetwork(value) !== undefined;
  return known && value.length <= 39 ? { address: value } : {};
}

/** The same ban, not a newer one of the same value. */
function isStill(before: Ban, now: Ban): boolean {
  const same = before.since === undefined || now.since === undefined || before.since === now.since;
  return same && banKey(before) === banKey(now);
}
