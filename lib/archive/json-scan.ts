import { malformed } from './row.ts';

const space = /[ \t\n\r]*/y;
const literal = /(?:true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?)/y;
const plain = /[^"\\\x00-\x1f]*/y;
const escape = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y;
/** What may still become a literal, an escape or a number when more comes. */
const unfinishedEscape = /\\(?:u[0-9a-fA-F]{0,3})?$/y;
const unfinishedLiteral = /(?:t(?:ru?)?|f(?:al?s?)?|n(?:ul?)?|[-0-9.eE+]*)$/y;
const numberGoesOn = /[-0-9.eE+]/;

function matchEnd(pattern: RegExp, text: string, at: number): number {
  pattern.lastIndex = at;
  return pattern.test(text) ? pattern.lastIndex : -1;
}

/** Where the next thing stands; the text's length where only space follows. */
export function skipSpace(text: string, at: number): number {
  return matchEnd(space, text, at);
}

/** The end of the string that begins at `at` with its quote; -1: more is needed. `base` + index is the file's byte. */
export function stringEnd(text: string, at: number, base: number): number {
  if (text.charCodeAt(at) !== 34) throw malformed(base + at, 'no string in quotes');
  let index = at + 1;
  for (;;) {
    index = matchEnd(plain, text, index);
    if (index >= text.length) return -1;
    const code = text.charCodeAt(index);
    if (code === 34) return index + 1;
    if (code !== 92) throw malformed(base + index, 'a control character in a string');
    const next = matchEnd(escape, text, index);
    if (next < 0) {
      if (matchEnd(unfinishedEscape, text, index) >= 0) return -1;
      throw malformed(base + index, 'no escape of JSON');
    }
    index = next;
  }
}

/** RFC 8259, strictly, of one value in a text that may still grow: its end, or -1 where more is needed. */
export function valueEnd(text: string, at: number, base: number): number {
  /** What closes the objects and lists that are open here. */
  const open: number[] = [];
  let index = at;
  /** `value`: one must come. `first`: or the list or object closes at once. `after`: comma, close, or the end. */
  let expect: 'value' | 'first' | 'key' | 'firstKey' | 'after' = 'value';
  for (;;) {
    index = skipSpace(text, index);
    if (index >= text.length) return -1;
    const code = text.charCodeAt(index);
    if (expect === 'after') {
      if (code === open.at(-1)) {
        open.pop();
        index++;
      } else if (code === 44) {
        expect = open.at(-1) === 125 ? 'key' : 'value';
        index++;
        continue;
      } else throw malformed(base + index, 'a comma or the end of the list or object is missing');
    } else if ((expect === 'first' || expect === 'firstKey') && code === open.at(-1)) {
      open.pop();
      index++;
    } else if (expect === 'key' || expect === 'firstKey') {
      index = stringEnd(text, index, base);
      if (index < 0) return -1;
      index = skipSpace(text, index);
      if (index >= text.length) return -1;
      if (text.charCodeAt(index) !== 58) throw malformed(base + index, 'a colon is missing');
      index++;
      expect = 'value';
      continue;
    } else if (code === 123 || code === 91) {
      if (open.length >= 64) throw malformed(base + index, 'nested too deep');
      open.push(code + 2);
      expect = code === 123 ? 'firstKey' : 'first';
      index++;
      continue;
    } else if (code === 34) {
      index = stringEnd(text, index, base);
      if (index < 0) return -1;
    } else {
      const end = matchEnd(literal, text, index);
      if (end < 0) {
        if (matchEnd(unfinishedLiteral, text, index) >= 0) return -1;
        throw malformed(base + index, 'no value of JSON');
      }
      // a number may go on in the next piece; after one that is over nothing of a number may stand
      if (end >= text.length && code !== 116 && code !== 102 && code !== 110) return -1;
      if (end < text.length && numberGoesOn.test(text.charAt(end)))
        throw malformed(base + index, 'no number of JSON');
      index = end;
    }
    if (open.length === 0) return index;
    expect = 'after';
  }
}
