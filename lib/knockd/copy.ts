import { pieces } from './c-text.ts';
import { readLine } from './read.ts';
import type { KnockdDoor, KnockdFile, KnockdLine } from './read.ts';

/**
 * The text of a knockd.conf for a second instance on `lo`, from an accepted file: LogFile, PidFile and
 * Interface are our own, UseSyslog is gone (both would write about our knocks into the outer instance's
 * logs), and so is every door that `keep` refuses. Comments and spacing are lost, meaning is not.
 */
export function copyForLo(
  text: string,
  file: KnockdFile,
  pidFile: string,
  keep: (door: KnockdDoor) => boolean,
): string {
  const out: string[] = [];
  let index = -1;
  let within = false;
  for (const piece of pieces(text)) {
    const line = readLine(piece);
    if (line === undefined) continue;
    if (line.kind === 'section') {
      const isDoor = line.name !== 'options';
      if (isDoor) index += 1;
      const door = file.doors[index];
      within = isDoor && door !== undefined && keep(door);
    }
    if (within && !isSyslog(line)) out.push(print(line));
  }
  out.push('[options]', 'Interface = lo', `PidFile = ${pidFile}`);
  return `${out.join('\n')}\n`;
}

function isSyslog(line: KnockdLine): boolean {
  return line.kind === 'directive' && line.value === undefined;
}

/** Never longer than it was: a space more could push the end of a line past knockd's 4095 bytes. */
function print(line: KnockdLine): string {
  return line.kind === 'section' ? `[${line.name}]` : `${line.key}=${line.value ?? ''}`;
}
