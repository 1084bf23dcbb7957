/**
 * Names and descriptions are text of whoever wrote the archive: perhaps `../../etc/passwd`, a formula, or letters that
 * run backwards. They are shown as text, and nothing else is made of them.
 */

/** Steers a terminal or a reader's eye: controls, line separators, invisible and direction-changing characters. */
const steering =
  /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]|\udb40[\udc00-\udfff]/g;

/** For a screen: what would steer it is shown as a dot. */
export function shown(text: string): string {
  return text.replace(steering, '·');
}

/** Names that Windows keeps for devices, with or without an ending. */
const devices = /^(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$|clock\$)(?:\.|$)/i;
const encoder = new TextEncoder();
/** Of most file systems, in bytes; room is left for a number before the ending. */
const longestName = 240;

/**
 * One name of one file, safe in any folder of any system: never a path, hidden, or empty. Different texts may give the
 * same name; the caller numbers them.
 */
export function safeFileName(text: string): string {
  const last = text.split(/[/\\]/).findLast((part) => part.trim() !== '' && !/^\.+$/.test(part.trim())) ?? '';
  const name = last
    .replace(steering, '_')
    .replace(/[<>:"|?*%`$;&']/g, '_')
    // a leading dot hides, a leading dash is an option, a leading tilde a home; Windows drops dots and spaces at the end
    .replace(/^[\s.~-]+/, '')
    .replace(/[\s.]+$/, '');
  const safe = devices.test(name) ? `_${name}` : name;
  return shorten(safe) || 'archive';
}

/** Whole characters of at most `longestName` bytes; the ending stays. */
function shorten(name: string): string {
  if (encoder.encode(name).length <= longestName) return name;
  const ending = /\.[A-Za-z0-9]{1,10}$/.exec(name)?.[0] ?? '';
  let bytes = encoder.encode(ending).length;
  let start = '';
  for (const letter of name.slice(0, name.length - ending.length)) {
    bytes += encoder.encode(letter).length;
    if (bytes > longestName) break;
    start += letter;
  }
  return `${start}${ending}`;
}
