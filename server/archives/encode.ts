import {
  dialects,
  sourceStates,
  storageClasses,
  type Dialect,
  type SourceState,
  type StorageClass,
} from '../../lib/archive.ts';

/** Words as small numbers in the database; the lists in lib/archive.ts only ever grow at their end. */
export const dialectNumber = (dialect: Dialect): number => dialects.indexOf(dialect);
export const classNumber = (name: StorageClass): number => storageClasses.indexOf(name);
export const stateNumber = (state: SourceState): number => sourceStates.indexOf(state);

export const own = { none: 0, uploaded: 1, deleted: 2 } as const;

/** 52 bits of a text (cyrb53's mixing): two that collide only cost a comparison. */
export function hashOf(text: string): number {
  let one = 0xdeadbeef;
  let two = 0x41c6ce57;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    one = Math.imul(one ^ code, 2654435761);
    two = Math.imul(two ^ code, 1597334677);
  }
  one = Math.imul(one ^ (one >>> 16), 2246822507) ^ Math.imul(two ^ (two >>> 13), 3266489909);
  two = Math.imul(two ^ (two >>> 16), 2246822507) ^ Math.imul(one ^ (one >>> 13), 3266489909);
  return (two & 0xfffff) * 4294967296 + (one >>> 0);
}

/** Room for so many archives in one millisecond before they are counted into the next. */
const perMs = 2048;
/** ord stays a whole number of a double until the year 2109. */
const latest = 4.398e12;

/** The first `ord` of archives created then; null: unknown, before all others. */
export function firstOrd(createdAt: number | null): number {
  return Math.min(Math.max(createdAt ?? 0, 0), latest) * perMs + 1;
}

export function yearOf(createdAt: number | null): number {
  return createdAt === null ? 0 : new Date(createdAt).getUTCFullYear();
}
