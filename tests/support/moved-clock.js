// Preloaded (`node --import`): the process lives at another time. LATCHKEY_TEST_CLOCK names a file with how many ms the
// clock on the wall is ahead of the machine's; timers go on as they are.
import { readFileSync } from 'node:fs';

const file = process.env.LATCHKEY_TEST_CLOCK ?? '';
const Machine = Date;
let [ahead, readAt] = [0, -Infinity];

function now() {
  if (performance.now() - readAt > 20) {
    readAt = performance.now();
    ahead = Number(readFileSync(file, 'utf8')) || ahead;
  }
  return Machine.now() + ahead;
}

globalThis.Date = class Date extends Machine {
  constructor(...given) {
    if (given.length === 0) super(now());
    else super(...given);
  }
  static now() {
    return now();
  }
};
