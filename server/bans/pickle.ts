import { LatchkeyError } from '../../lib/errors.ts';

/**
 * Python's pickle, as far as fail2ban speaks it (the opcodes of its replies, protocols 2 to 5): text in, plain values
 * out. Nothing is looked up, called or made: the only call that is understood is `builtins.str(text)`, which fail2ban
 * writes around every address; every other class becomes a `PickledError`.
 */
export type Pickled =
  | null
  | boolean
  | number
  | string
  | PickledError
  /** Lists and tuples alike. */
  | readonly Pickled[]
  /** Dicts: a key such as `__proto__` is a key like any other. */
  | ReadonlyMap<Pickled, Pickled>;

/** An object of a class, as fail2ban's errors are: its name and what it was made of, as data. */
export class PickledError {
  /** `module.Class` */
  readonly name: string;
  readonly args: readonly Pickled[];

  constructor(name: string, args: readonly Pickled[]) {
    this.name = name;
    this.args = args;
  }
}

/** A class that a pickle names, on its way to being called. Never a value. */
class Named {
  readonly name: string;

  constructor(name: string) {
    this.name = name;
  }
}

/**
 * Bytes that decoding may hold at once, estimated from above. Some opcodes of one byte make objects of 200, so the size
 * of the input limits nothing. 100,000 bans need 20 MB of it.
 */
const mostMemory = 40 * 1024 * 1024;
const cost = { slot: 32, text: 32, list: 96, map: 320, object: 160 } as const;
/** Values inside values. fail2ban's are 5 deep. */
const deepest = 16;

/** A list of words, as fail2ban reads its commands: protocol 2. */
export function encodeWords(words: readonly string[]): Buffer {
  const parts: Buffer[] = [Buffer.of(0x80, 2, 0x5d, 0x28)];
  for (const word of words) {
    const text = Buffer.from(word, 'utf8');
    const head = Buffer.alloc(5);
    head[0] = 0x58;
    head.writeUInt32LE(text.length, 1);
    parts.push(head, text);
  }
  parts.push(Buffer.of(0x65, 0x2e));
  return Buffer.concat(parts);
}

/** Throws LatchkeyError `tool-failed` for anything but one whole pickle, and nothing else. */
export function decodePickle(bytes: Buffer): Pickled {
  const value = new Decoder(bytes).run();
  requireShallow(value);
  return value;
}

function wrong(what: string): LatchkeyError {
  return new LatchkeyError('tool-failed', `fail2ban: ${what}`);
}

const mark = Symbol('mark');
type Item = Pickled | Named | typeof mark;

class Decoder {
  readonly #bytes: Buffer;
  readonly #stack: Item[] = [];
  readonly #memo: Item[] = [];
  #at = 0;
  #left = mostMemory;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  run(): Pickled {
    const bytes = this.#bytes;
    const stack = this.#stack;
    for (;;) {
      if (this.#at >= bytes.length) throw wrong('a reply without an end');
      const opcode = bytes[this.#at++];
      switch (opcode) {
        case 0x80: // PROTO
          this.#skip(1);
          break;
        case 0x95: // FRAME: only a hint where to read
          this.#skip(8);
          break;
        case 0x8c: // SHORT_BINUNICODE
          this.#text(this.#byte());
          break;
        case 0x58: // BINUNICODE
          this.#text(this.#uint32());
          break;
        case 0x94: // MEMOIZE
          this.#spend(cost.slot);
          this.#memo.push(this.#top());
          break;
        case 0x68: // BINGET
          this.#recall(this.#byte());
          break;
        case 0x6a: // LONG_BINGET
          this.#recall(this.#uint32());
          break;
        case 0x4b: // BININT1
          this.#push(this.#byte());
          break;
        case 0x4d: // BININT2
          this.#push(bytes.readUInt16LE(this.#skip(2)));
          break;
        case 0x4a: // BININT
          this.#push(bytes.readInt32LE(this.#skip(4)));
          break;
        case 0x8a: // LONG1
          this.#long(this.#byte());
          break;
        case 0x47: // BINFLOAT
          this.#push(bytes.readDoubleBE(this.#skip(8)));
          break;
        case 0x4e: // NONE
          this.#push(null);
          break;
        case 0x88: // NEWTRUE
          this.#push(true);
          break;
        case 0x89: // NEWFALSE
          this.#push(false);
          break;
        case 0x28: // MARK
          this.#push(mark);
          break;
        case 0x5d: // EMPTY_LIST
        case 0x29: // EMPTY_TUPLE
          this.#spend(cost.list);
          this.#push([]);
          break;
        case 0x7d: // EMPTY_DICT
          this.#spend(cost.map);
          this.#push(new Map());
          break;
        case 0x61: // APPEND
          this.#append([this.#pop()]);
          break;
        case 0x65: // APPENDS
          this.#append(this.#toMark());
          break;
        case 0x73: {
          // SETITEM
          const value = this.#pop();
          this.#set([this.#pop(), value]);
          break;
        }
        case 0x75: // SETITEMS
          this.#set(this.#toMark());
          break;
        case 0x85: // TUPLE1
        case 0x86: // TUPLE2
        case 0x87: {
          // TUPLE3
          const size = opcode - 0x84;
          if (stack.length < size) throw wrong('a tuple of nothing');
          this.#tuple(stack.splice(stack.length - size));
          break;
        }
        case 0x74: // TUPLE
          this.#tuple(this.#toMark());
          break;
        case 0x93: {
          // STACK_GLOBAL
          const name = this.#pop();
          const module = this.#pop();
          if (typeof name !== 'string' || typeof module !== 'string') throw wrong('a class without a name');
          this.#spend(cost.object + 2 * (name.length + module.length));
          this.#push(new Named(`${module}.${name}`));
          break;
        }
        case 0x52: // REDUCE
          this.#reduce();
          break;
        case 0x2e: {
          // STOP
          const value = plain(this.#pop());
          if (stack.length > 0 || this.#at !== bytes.length) throw wrong('a reply with something left over');
          return value;
        }
        default:
          throw wrong(`opcode 0x${(opcode ?? 0).toString(16)} at byte ${this.#at - 1}`);
      }
    }
  }

  #spend(bytes: number): void {
    this.#left -= bytes;
    if (this.#left < 0) throw wrong('a reply too large to hold');
  }

  /** Where the next bytes begin. */
  #skip(count: number): number {
    const from = this.#at;
    if (count > this.#bytes.length - from) throw wrong('a reply cut short');
    this.#at = from + count;
    return from;
  }

  #byte(): number {
    return this.#bytes.readUInt8(this.#skip(1));
  }

  #uint32(): number {
    return this.#bytes.readUInt32LE(this.#skip(4));
  }

  #push(item: Item): void {
    this.#spend(cost.slot);
    this.#stack.push(item);
  }

  #pop(): Item {
    const item = this.#stack.pop();
    if (item === undefined || item === mark) throw wrong('nothing to take');
    return item;
  }

  #top(): Item {
    const item = this.#stack.at(-1);
    if (item === undefined || item === mark) throw wrong('nothing to remember');
    return item;
  }

  #text(length: number): void {
    const from = this.#skip(length);
    this.#spend(cost.text + 2 * length); // two bytes a letter, if only one of them is not Latin
    this.#push(this.#bytes.toString('utf8', from, from + length));
  }

  /** Little-endian two's complement. Beyond 2^53 it is the nearest number. */
  #long(length: number): void {
    if (length > 16) throw wrong('a number too long');
    const from = this.#skip(length);
    let value = 0;
    for (let i = length - 1; i >= 0; i--) value = value * 256 + (this.#bytes[from + i] ?? 0);
    const negative = length > 0 && ((this.#bytes[from + length - 1] ?? 0) & 0x80) !== 0;
    this.#push(negative ? value - 256 ** length : value);
  }

  /**
   * fail2ban's replies share words, never lists: what has no two parents can hold neither itself nor a tower of
   * copies that fills memory once somebody walks through it.
   */
  #recall(n: number): void {
    const item = this.#memo[n];
    if (item === undefined) throw wrong(`nothing remembered as ${n}`);
    if (typeof item === 'object' && item !== null && !(item instanceof Named)) throw wrong('a shared list');
    this.#push(item);
  }

  #toMark(): Item[] {
    const from = this.#stack.lastIndexOf(mark);
    if (from < 0) throw wrong('no mark');
    const items = this.#stack.splice(from);
    items.shift();
    return items;
  }

  #append(items: readonly Item[]): void {
    const list = this.#stack.at(-1);
    if (!Array.isArray(list)) throw wrong('appended to what is no list');
    this.#spend(items.length * cost.slot);
    for (const item of items) list.push(plain(item));
  }

  #set(items: readonly Item[]): void {
    const map = this.#stack.at(-1);
    if (!(map instanceof Map) || items.length % 2 !== 0) throw wrong('set in what is no dict');
    this.#spend(items.length * cost.slot);
    for (let i = 0; i < items.length; i += 2) map.set(plain(items[i]), plain(items[i + 1]));
  }

  #tuple(items: Item[]): void {
    this.#spend(cost.list);
    this.#push(items.map(plain));
  }

  #reduce(): void {
    const args = this.#pop();
    const callable = this.#pop();
    if (!(callable instanceof Named) || !Array.isArray(args)) throw wrong('a call of what is no class');
    const [only, more] = args as Pickled[];
    if (callable.name === 'builtins.str' && typeof only === 'string' && more === undefined) this.#push(only);
    else {
      this.#spend(cost.object);
      this.#push(new PickledError(callable.name, args as Pickled[]));
    }
  }
}

/** fail2ban never sends a class alone. */
function plain(item: Item | undefined): Pickled {
  if (item === undefined || item === mark || item instanceof Named) throw wrong('a value that is none');
  return item;
}

/** By hand, so that depth costs no stack. */
function requireShallow(value: Pickled): void {
  let level: Pickled[] = [value];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > deepest) throw wrong('values nested too deep');
    const next: Pickled[] = [];
    for (const item of level) {
      if (typeof item !== 'object' || item === null) continue;
      const inner = item instanceof PickledError ? item.args : item;
      if (Array.isArray(inner)) for (const one of inner as Pickled[]) next.push(one);
      else for (const [key, one] of inner as ReadonlyMap<Pickled, Pickled>) next.push(key, one);
    }
    level = next;
  }
}
