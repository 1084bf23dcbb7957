import { remedyOf, sentenceOf, type ErrorCode } from '../../lib/errors.ts';
import { text } from '../_text/en.ts';
import type { ShownDoor } from '../../lib/client/doors.ts';

/** Door names are made for configuration files: `ssh`, `web_admin`. */
export function doorLabel(name: string): string {
  if (name === 'ssh') return 'SSH';
  const words = name.replaceAll('_', ' ');
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** SSH, HTTPS; else the door's own name: what its dial opens. */
export function servedWord({ name, serves }: Pick<ShownDoor, 'name' | 'serves'>): string {
  return serves === 'other' ? doorLabel(name) : serves.toUpperCase();
}

/** SSH, port 22 */
export function servedAt({ serves, endpoint }: Pick<ShownDoor, 'serves' | 'endpoint'>): string {
  const { port, protocol } = endpoint;
  if (protocol === 'udp') return text.door.portUdp(port);
  return serves === 'other' ? text.door.port(port) : text.door.portOf(serves.toUpperCase(), port);
}

/** 1 min, 5, 15, 60: the unit stands on the first alone. */
export function lengthWord(seconds: number, first: boolean): string {
  if (seconds % 60 !== 0) return `${seconds} s`;
  return first ? `${seconds / 60} ${text.dial.unit}` : String(seconds / 60);
}

export function minutesWord(seconds: number): string {
  return seconds % 60 === 0 ? `${seconds / 60} min` : `${seconds} s`;
}

/** Sentences name commands in backticks; on a screen they stand as they are. */
export function plain(sentence: string): string {
  return sentence.replaceAll('`', '');
}

export function reasonWords(code: ErrorCode): string {
  return plain(sentenceOf(code));
}

export function remedyWords(code: ErrorCode): string {
  return plain(remedyOf(code));
}
