import { readEffects } from './effects.ts';
import type { CommandEffects } from './effects.ts';
import type { KnockdDirective, KnockdFile, ReadOther } from './read.ts';

/** What the machine says, where somebody can ask it. What is absent is not judged. */
export interface LintFacts {
  /** Reads one-time sequences files. */
  readonly other?: ReadOther;
  /** Names of this machine's network interfaces. */
  readonly interfaces?: readonly string[];
  /** False where the machine has no IPv6 but its loopback: nothing is then said about its commands. */
  readonly ipv6?: boolean;
}

/** An accepted file under the linter, with what several of its parts look up. */
export interface LintCase {
  readonly file: KnockdFile;
  readonly facts: LintFacts;
  /**
   * The line of the last of these directives (in capitals) in a door, or in `[options]` where `door` is undefined;
   * else the line of the section.
   */
  at(door: number | undefined, ...keys: readonly string[]): number;
  directives(door: number | undefined): readonly KnockdDirective[];
  effects(command: string): CommandEffects;
}

export function lintCase(file: KnockdFile, facts: LintFacts): LintCase {
  const byDoor = new Map<number | undefined, KnockdDirective[]>();
  for (const directive of file.directives) {
    const some = byDoor.get(directive.door);
    if (some === undefined) byDoor.set(directive.door, [directive]);
    else some.push(directive);
  }
  const read = new Map<string, CommandEffects>();
  const directives = (door: number | undefined) => byDoor.get(door) ?? [];
  return {
    file,
    facts,
    directives,
    at(door, ...keys) {
      const found = directives(door).findLast((one) => keys.includes(one.key));
      return found?.line ?? (door === undefined ? 1 : (file.doors[door]?.line ?? 1));
    },
    effects(command) {
      const known = read.get(command) ?? readEffects(command);
      read.set(command, known);
      return known;
    },
  };
}
