import { shownText } from '../../lib/shown-text.ts';
import { dayOf, dayStart, timeOfDay } from '../_ui/durations.ts';
import { bannedText } from '../_text/banned.ts';

/** Jails whose failures are logins, and those whose are requests that no honest visitor makes: by their usual names. */
const logins = /ssh|login|auth|pam|ftp|dovecot|imap|pop3|postfix|sasl|webmin|vnc|mysql/i;
const probes = /nginx|apache|http|bot|scan|probe|web|php|traefik|caddy/i;
const repeats = /recidive|repeat/i;

/** 5 failed logins, 41 probes, banned 6 times; undefined where the home does not tell. */
export function whyWords(
  jail: string,
  { failures, times }: { readonly failures?: number; readonly times?: number },
): string | undefined {
  if (times !== undefined && (repeats.test(jail) || failures === undefined)) return bannedText.times(times);
  if (failures === undefined) return undefined;
  if (logins.test(jail)) return bannedText.failedLogins(failures);
  return probes.test(jail) ? bannedText.probes(failures) : bannedText.failures(failures);
}

/** Today the time alone, before and after that the date too: 11 May, 10:31. */
export function momentOf(at: number, wall: number, seconds = false): string {
  const time = timeOfDay(at, seconds);
  return dayStart(at) === dayStart(wall) ? time : `${dayOf(at, wall)}, ${time}`;
}

/** root, key not accepted. */
export function triedWords(
  lines: readonly { readonly user?: string; readonly method?: string }[],
): { readonly users: readonly string[]; readonly how?: string } | undefined {
  const users = [...new Set(lines.flatMap(({ user }) => (user === undefined ? [] : [shownText(user)])))];
  if (users.length === 0) return undefined;
  const methods = new Set(lines.flatMap(({ method }) => (method === undefined ? [] : [method])));
  const [method] = methods;
  const how =
    users.length > 3
      ? bannedText.andMore(users.length - 3)
      : methods.size === 1 && method !== undefined
        ? (bannedText.methods[method] ?? shownText(method))
        : undefined;
  return { users: users.slice(0, 3), ...(how === undefined ? {} : { how }) };
}
