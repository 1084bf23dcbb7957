import { LatchkeyError, remedyOf, sentenceOf } from '../../lib/errors.ts';
import { shownText } from '../../lib/shown-text.ts';

/** `code: sentence (detail) remedy`, as it stands on stderr. A detail may have several lines, and words of strangers. */
export function errorLine(error: LatchkeyError): string {
  const lines = error.detail?.split('\n').map(shownText);
  const detail = lines === undefined ? '' : ` (${lines.join('\n')})`;
  return `${error.code}: ${sentenceOf(error.code)}${detail} ${remedyOf(error.code)}`;
}

/**
 * Says what was thrown, and which exit status it is: 1 refused, 2 wrong usage. With `json` the same stands on stdout
 * for scripts. What is not ours is a bug, and is shown whole.
 */
export function fail(error: unknown, json: boolean): 1 | 2 {
  if (!(error instanceof LatchkeyError)) {
    process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
    return 1;
  }
  const { code, detail } = error;
  process.stderr.write(`${errorLine(error)}\n`);
  if (json)
    process.stdout.write(
      `${JSON.stringify({ error: { code, sentence: sentenceOf(code), detail, remedy: remedyOf(code) } })}\n`,
    );
  return code === 'config-usage' ? 2 : 1;
}
