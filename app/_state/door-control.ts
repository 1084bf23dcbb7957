import type { Client } from '../../lib/client/client.ts';
import { HomeRefusal, type Answer } from '../../lib/client/requests.ts';
import type { Armed, OpeningStep } from '../../lib/client/opening.ts';
import type { ShownDoor } from '../../lib/client/doors.ts';
import type { Clock } from '../../lib/client/transport.ts';
import { codeOf, LatchkeyError } from '../../lib/errors.ts';
import type { DoorView } from '../../lib/protocol/message.ts';
import { dialOf, doingNothing, isOpenish, type Doing } from './dial.ts';
import type { DialState, Reach } from './types.ts';

/** A challenge older than this is fetched anew before it is used: ms, short of the home's 10 s. */
const armedFor = 8000;
const addSeconds = 300;

interface Parts {
  readonly door: string;
  readonly client: Client;
  readonly clock: Clock;
  readonly wall: () => number;
  readonly changed: () => void;
}

/** What a person does with one door, and what came of it. Nothing in here is a state of the door itself. */
export class DoorControl {
  private readonly parts: Parts;
  private doing: Doing = doingNothing;
  private steps: readonly OpeningStep[] = [];
  private releasedAt: number | undefined;
  private address: string | undefined;
  private vouched: boolean | undefined;
  private busy: DialState['busy'];
  private failed: DialState['failed'];
  private arming: { readonly armed: Promise<Armed>; readonly at: number } | undefined;
  /** What an earlier act still waits for is nobody's business once another has begun. */
  private turn = 0;

  constructor(parts: Parts) {
    this.parts = parts;
  }

  state(shown: ShownDoor, reach: Reach, seconds: number): DialState {
    const { phase, code } = dialOf(this.doing, shown, reach, this.steps);
    const failed = this.doing.kind === 'failed' ? this.doing : undefined;
    const last = this.steps.at(-1)?.step;
    return {
      phase,
      steps: this.steps,
      ...(this.releasedAt === undefined ? {} : { releasedAt: this.releasedAt }),
      seconds,
      ...(code === undefined ? {} : { code }),
      ...(failed?.reasonMs === undefined ? {} : { reasonMs: failed.reasonMs }),
      ...(failed === undefined || last === undefined ? {} : { step: last }),
      ...(failed === undefined ? {} : { wasOpen: failed.wasOpen }),
      ...(this.address === undefined ? {} : { address: this.address }),
      ...(this.vouched === undefined ? {} : { vouched: this.vouched }),
      ...(this.busy === undefined ? {} : { busy: this.busy }),
      ...(this.failed === undefined ? {} : { failed: this.failed }),
    };
  }

  armStart(): void {
    this.turn++;
    this.failed = undefined;
    this.busy = undefined;
    this.steps = [];
    this.releasedAt = undefined;
    this.doing = { kind: 'holding' };
    void this.arm();
    this.parts.changed();
  }

  cancel(): void {
    if (this.doing.kind !== 'holding') return;
    this.turn++;
    this.arming = undefined;
    this.doing = doingNothing;
    this.parts.changed();
  }

  /** `seconds` absent: the door's own length. */
  release(seconds: number | undefined): void {
    if (this.doing.kind !== 'holding') this.armStart();
    this.doing = { kind: 'opening' };
    this.releasedAt = this.parts.wall();
    this.parts.changed();
    void this.open(++this.turn, seconds);
  }

  /** Nothing sent: nothing happens. Else whatever may be in place is closed. */
  stop(): void {
    if (this.doing.kind === 'holding') this.cancel();
    else if (this.doing.kind === 'opening' && this.steps.length === 0) this.abandon();
    else void this.close();
  }

  dismiss(): void {
    if (this.doing.kind === 'failed') this.abandon();
  }

  async close(): Promise<boolean> {
    const { client, door, clock, changed } = this.parts;
    const turn = ++this.turn;
    this.failed = undefined;
    this.doing = { kind: 'closing' };
    this.busy = 'closing';
    const at = clock.now();
    changed();
    try {
      await client.close(door);
      if (turn === this.turn) this.doing = doingNothing;
      return turn === this.turn;
    } catch (error) {
      if (turn !== this.turn) return false;
      const code = codeOf(error, 'relay-no-answer');
      this.failed = { what: 'closing', code };
      this.doing =
        error instanceof HomeRefusal ? doingNothing : { kind: 'unsure', what: 'closing', code, at };
      void this.ask();
      return false;
    } finally {
      if (turn === this.turn) this.busy = undefined;
      changed();
    }
  }

  async add(shown: ShownDoor): Promise<void> {
    const { client, door, changed } = this.parts;
    if (this.busy !== undefined || this.doing.kind !== 'nothing') return;
    const { turn } = this;
    const left = Math.ceil((shown.own?.remainingMs ?? 0) / 1000);
    const seconds = Math.min(shown.longestSeconds, left + addSeconds);
    this.busy = 'adding';
    this.failed = undefined;
    changed();
    try {
      const opened = await client.release(await client.arm(door), { seconds });
      if (turn === this.turn) this.vouched = opened.value.vouched;
    } catch (error) {
      if (turn !== this.turn) return;
      this.failed = { what: 'adding', code: codeOf(error, 'relay-no-answer') };
      // The time may have been lengthened all the same.
      if (!(error instanceof HomeRefusal)) void this.ask();
    } finally {
      if (this.busy === 'adding') this.busy = undefined;
      changed();
    }
  }

  /** Has the home read the door back; what it says comes with the client's events. */
  async ask(): Promise<void> {
    const { client, door, changed } = this.parts;
    const wasBusy = this.busy;
    this.busy ??= 'asking';
    changed();
    try {
      await client.inspect(door);
    } catch (error) {
      if (wasBusy === undefined) this.failed ??= { what: 'asking', code: codeOf(error, 'relay-no-answer') };
    } finally {
      if (this.busy === 'asking') this.busy = undefined;
      changed();
    }
  }

  /** The home has said something newer of this door: doubts end here. */
  heard(seen: Answer<DoorView>, shown: ShownDoor): void {
    const { doing } = this;
    if (doing.kind === 'unsure' && seen.sentAt > doing.at) {
      if (doing.what === 'closing' || isOpenish(shown)) this.doing = doingNothing;
      else if (shown.state === 'closed') {
        const { code, at } = doing;
        this.doing = { kind: 'failed', code, wasOpen: this.neverOpened(seen, at) ? 'no' : 'unknown', at };
      }
    } else if (doing.kind === 'failed' && seen.sentAt > doing.at) {
      if (isOpenish(shown) && shown.own !== undefined) this.doing = doingNothing;
      else if (doing.wasOpen === 'unknown' && shown.state === 'closed' && this.neverOpened(seen, doing.at)) {
        this.doing = { ...doing, wasOpen: 'no' };
      }
    }
  }

  /** Closed so soon after: an opening would still run, since none is shorter than a minute or so. */
  private neverOpened(seen: Answer<DoorView>, at: number): boolean {
    return seen.sentAt - at < 20_000 && !this.steps.some(({ step }) => step === 'rule' || step === 'checked');
  }

  private abandon(): void {
    this.turn++;
    this.arming = undefined;
    this.busy = undefined;
    this.doing = doingNothing;
    this.parts.changed();
  }

  private arm(): Promise<Armed> {
    const armed = this.parts.client.arm(this.parts.door);
    armed.catch(() => undefined); // said when it is used
    this.arming = { armed, at: this.parts.clock.now() };
    return armed;
  }

  private async open(turn: number, seconds: number | undefined): Promise<void> {
    const { client, clock, changed } = this.parts;
    const held = clock.now();
    try {
      const { arming } = this;
      const fresh = arming !== undefined && held - arming.at < armedFor;
      let armed = await (fresh ? arming.armed : this.arm());
      for (let again = true; ; again = false) {
        if (turn !== this.turn) return;
        // Steps count from the end of the hold, also where the address was not proved by then.
        const late = clock.now() - held;
        const onStep = (step: OpeningStep): void => {
          if (turn !== this.turn) return;
          this.steps = [...this.steps, { ...step, atMs: step.atMs + Math.round(late) }];
          changed();
        };
        try {
          const opened = await client.release(armed, {
            ...(seconds === undefined ? {} : { seconds }),
            onStep,
          });
          if (turn !== this.turn) return;
          this.steps = opened.value.steps.map((step) => ({ ...step, atMs: step.atMs + Math.round(late) }));
          this.address = opened.value.address;
          this.vouched = opened.value.vouched;
          this.doing = doingNothing;
          return;
        } catch (error) {
          // The session changed under the thumb, so nothing was sent: once more in the new one.
          const unsent = codeOf(error, 'relay-no-answer') === 'refused-challenge' && this.steps.length === 0;
          if (!again || !unsent || error instanceof HomeRefusal) throw error;
          armed = await this.arm();
        }
      }
    } catch (error) {
      if (turn === this.turn) this.notOpened(error);
    } finally {
      if (turn === this.turn) this.arming = undefined;
      changed();
    }
  }

  private notOpened(error: unknown): void {
    const code = codeOf(error, 'relay-no-answer');
    const at = this.parts.clock.now();
    if (error instanceof HomeRefusal) {
      const reached = this.steps.some(({ step }) => step === 'rule' || step === 'checked');
      // A tool that failed may have acted before: the home has to look.
      const wasOpen = reached ? 'yes' : code.startsWith('tool-') ? 'unknown' : 'no';
      const { remainingMs } = error;
      this.doing = {
        kind: 'failed',
        code,
        ...(remainingMs === undefined ? {} : { reasonMs: remainingMs }),
        wasOpen,
        at,
      };
      if (wasOpen !== 'no') void this.ask();
    } else if (this.steps.length > 0 && error instanceof LatchkeyError) {
      this.doing = { kind: 'unsure', what: 'opening', code, at };
      void this.ask();
    } else {
      this.doing = { kind: 'failed', code, wasOpen: 'no', at };
    }
  }
}
