import { randomFillSync } from 'node:crypto';
import { generate } from 'generate-password';
import { classNames, shellSet } from '../../../lib/generator/character-sets.ts';
import { charactersMaker } from '../../../lib/generator/characters.ts';
import { requirementOf } from '../../../lib/generator/presets.ts';
import { ByteSource } from '../../../lib/generator/random.ts';
import type { Figure } from '../figure.ts';
import { shellPasswords } from '../peers/shell-passwords.ts';

const length = 20;

/** Passwords of 20 with lower, upper, digit and special required, on one core, checks of the recipe included. */
export const figure: Figure = {
  name: 'password.rate',
  unit: 'passwords/s',
  better: 'more',
  rounds: 15,
  warmUp: 3,
  prepare() {
    const { make } = charactersMaker(
      {
        kind: 'characters',
        length,
        alphabet: shellSet,
        required: classNames.map((name) => requirementOf(shellSet, name)),
      },
      new ByteSource((bytes) => randomFillSync(bytes)),
    );
    // strict: at least one of each kind that is switched on
    const options = { length, lowercase: true, uppercase: true, numbers: true, symbols: true, strict: true };
    return Promise.resolve({
      ours: () => Promise.resolve(rate(make, 300_000)),
      peers: {
        'generate-password': () => Promise.resolve(rate(() => generate(options), 300_000)),
        shell: () => shellPasswords(length, 25),
      },
      done: () => Promise.resolve(),
    });
  },
};

/** Whole strings: they are kept, and reading a character makes V8 write out what it may only have noted down to join. */
function rate(make: () => string, count: number): number {
  const made = new Array<string>(count);
  let read = 0;
  const began = performance.now();
  for (let at = 0; at < count; at++) {
    const password = make();
    read += password.charCodeAt(length - 1);
    made[at] = password;
  }
  const seconds = (performance.now() - began) / 1000;
  if (read === 0 || made.some((password) => password.length !== length)) throw new Error('not all were made');
  return count / seconds;
}
