import type { KnockdDoor } from '../../lib/knockd/read.ts';

/** What knockd's own debug lines (`config: d: sequence: 1:tcp`) say of one door; the last line of a key counts. */
export interface DoorSaid {
  readonly name: string;
  readonly values: Record<string, string>;
}

/** Reads `knockd -D`, one character a byte. */
export function doorsSaid(output: string): DoorSaid[] {
  const said: DoorSaid[] = [];
  let inOptions = false;
  for (const line of output.split('\n')) {
    const section = /^config: new section: '([^]*)'$/.exec(line)?.[1];
    if (section !== undefined) {
      inOptions = section === 'options';
      if (!inOptions) said.push({ name: section.slice(0, 127), values: {} });
      continue;
    }
    const door = said.at(-1);
    if (door === undefined || inOptions) continue;
    const flag = /^config: tcp flag: (.*)$/.exec(line)?.[1];
    if (flag !== undefined) {
      const before = door.values['tcp flags'] ?? '';
      door.values['tcp flags'] = before === '' ? flag : `${before},${flag}`;
      continue;
    }
    const start = `config: ${door.name}: `;
    if (!line.startsWith(start)) continue;
    const value = /^([a-z_0-9 ]+): ([^]*)$/.exec(line.slice(start.length));
    if (value !== null) door.values[value[1] ?? ''] = value[2] ?? '';
  }
  return said;
}

/** The same, from what our reader understood of a door: undefined where the file says nothing. */
export function debugValues(door: KnockdDoor): Record<string, string | undefined> {
  return {
    sequence: door.sequence.map(({ port, protocol }) => `${port}:${protocol}`).join(','),
    'one time sequences file': door.oneTimeSequences,
    seq_timeout: String(door.seqTimeout),
    target: door.target,
    start_command: door.startCommand,
    start_command_6: door.startCommand6,
    cmd_timeout: String(door.cmdTimeout),
    stop_command: door.stopCommand,
    stop_command_6: door.stopCommand6,
  };
}
