import { atoi, pieces, trim, upper } from './c-text.ts';

export type Protocol = 'tcp' | 'udp';

export interface Knock {
  readonly port: number;
  readonly protocol: Protocol;
}

const mostKnocks = 32; // SEQ_MAX

/** The value of a `Sequence`, or a line of a one-time sequences file (parse_port_sequence). A string says why not. */
export function readSequence(value: string): Knock[] | string {
  const knocks: Knock[] = [];
  for (const item of value.split(',')) {
    if (knocks.length >= mostKnocks) return 'too many ports in knock sequence';
    const [port = '', protocol] = item.split(':');
    const number = atoi(port);
    if (number > 65535) return `port ${port} is invalid`;
    const name = protocol === undefined ? 'TCP' : upper(trim(protocol));
    if (name !== 'TCP' && name !== 'UDP') return 'unknown protocol in knock sequence';
    knocks.push({ port: number & 0xffff, protocol: name === 'TCP' ? 'tcp' : 'udp' });
  }
  return knocks;
}

/** As knockd prints it: `7000:tcp,8000:udp`. */
export function printSequence(knocks: readonly Knock[]): string {
  return knocks.map(({ port, protocol }) => `${port}:${protocol}`).join(',');
}

export interface OneTimeSequences {
  /** Those that are left, in the order in which knockd will use them. */
  readonly sequences: readonly (readonly Knock[])[];
  /** Lines, from 1, that are neither comment nor sequence. knockd skips them, and marks the wrong line as used. */
  readonly unreadable: readonly number[];
}

/** The text of a one-time sequences file, one character a byte (get_next_one_time_sequence). */
export function readOneTimeSequences(text: string): OneTimeSequences {
  const sequences: Knock[][] = [];
  const unreadable: number[] = [];
  let number = 0;
  for (const piece of pieces(text)) {
    number += 1;
    const line = trim(piece);
    if (line === '' || line.startsWith('#')) continue;
    const knocks = readSequence(line);
    if (typeof knocks === 'string') unreadable.push(number);
    else sequences.push(knocks);
  }
  return { sequences, unreadable };
}
