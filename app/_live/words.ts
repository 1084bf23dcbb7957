import { remedyOf, sentenceOf, type ErrorCode } from '../../lib/errors.ts';
import { text } from '../_text/en.ts';

/** Door names are made for configuration files: `ssh`, `web_admin`. */
export function doorLabel(name: string): string {
  if (name === 'ssh') return 'SSH';
  const words = name.replaceAll('_', ' ');
  return words.charAt(0).toUpperCase() + words.slice(1);
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

/** For a link to a host: an IPv6 address stands in brackets. */
function bracketed(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}

export function sshCommand(
  host: string,
  port: number,
  user: string | undefined,
  /** The home as ssh's jump host, where the door is open for the home's own address. */
  jump?: string,
): { readonly text: string; readonly href?: string } {
  const at = user === undefined ? '' : `${user}@`;
  return {
    text: `ssh ${jump === undefined ? '' : `-J ${jump} `}${port === 22 ? '' : `-p ${port} `}${at}${host}`,
    // No ssh:// link names a jump host.
    ...(jump === undefined
      ? {
          href: `ssh://${at === '' ? '' : `${encodeURIComponent(user ?? '')}@`}${bracketed(host)}${port === 22 ? '' : `:${port}`}`,
        }
      : {}),
  };
}
