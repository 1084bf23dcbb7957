import { randomInt } from 'node:crypto';
import { sendKnocks } from './raw-knock.ts';
import type { KnockdEvent } from '../../lib/knockd/log.ts';
import type { KnockdFile } from '../../lib/knockd/read.ts';

/**
 * A section of our own in the copy of a knockd.conf: one knock, no command. Heard, it shows that the whole way
 * works (packet, filter, matching, output), and opens nothing.
 */
export interface KnockdEar {
  /** Unlike every name in the file. */
  readonly name: string;
  /** Lines to put at the end of the copy. */
  readonly text: string;
  /** Knocks. Throws as sendKnocks. */
  knock(): Promise<void>;
  isHeard(event: KnockdEvent): boolean;
}

export function makeEar(file: KnockdFile): KnockdEar {
  let name = 'latchkey hears';
  while (file.doors.some((door) => door.name === name)) name += '+';
  const taken = new Set(file.doors.flatMap((door) => door.sequence.map((knock) => knock.port)));
  let port: number;
  do port = randomInt(49152, 65536);
  while (taken.has(port));
  return {
    name,
    text: `[${name}]\nsequence = ${port}:udp\nseq_timeout = 1\n`,
    // From another address each time: what knockd still holds of one source could spoil its next knock.
    knock: () =>
      sendKnocks(
        `127.${randomInt(1, 255)}.${randomInt(256)}.${randomInt(1, 255)}`,
        [{ port, protocol: 'udp' }],
        new Map(),
      ),
    isHeard: (event) => event.kind === 'sesame' && event.door === name,
  };
}
