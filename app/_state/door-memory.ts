import type { Answer } from '../../lib/client/requests.ts';
import type { DoorView } from '../../lib/protocol/message.ts';
import type { KeptDoors, Platform } from './platform.ts';

type Clocks = Pick<Platform, 'clock' | 'wall'>;

/** What did not change is kept again, with its age, after this: ms. */
const keepEvery = 10_000;

/** What a home said to a page before this one, as old as it is by the wall's clock. */
export function recalled({ at, doors }: KeptDoors, { clock, wall }: Clocks): Answer<DoorView>[] {
  const then = clock.now() - Math.max(0, wall() - at);
  return doors.map((value) => ({ value, sentAt: then, heardAt: then }));
}

/** Keeps what a home says of its doors: at once where a door's state is another, else now and then. */
export class DoorMemory {
  private readonly clocks: Clocks;
  private readonly save: (kept: KeptDoors) => void;
  private words = '';
  private savedAt = -Infinity;

  constructor(clocks: Clocks, save: (kept: KeptDoors) => void) {
    this.clocks = clocks;
    this.save = save;
  }

  keep(answers: readonly Answer<DoorView>[]): void {
    const now = this.clocks.clock.now();
    const words = JSON.stringify(
      answers.map(({ value }) => [value.name, value.state, value.openings.length]),
    );
    if (words === this.words && now - this.savedAt < keepEvery) return;
    this.words = words;
    this.savedAt = now;
    const oldest = Math.min(now, ...answers.map(({ sentAt }) => sentAt));
    const at = Math.round(this.clocks.wall() - (now - oldest));
    this.save({ at, doors: answers.map(({ value }) => value) });
  }
}
