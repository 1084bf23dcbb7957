import fc from 'fast-check';
import { expect, test } from 'vitest';
import { SlotTable } from '../../server/agent/bans/slot-table.ts';
import { count } from '../counts.ts';

test('finds what a Map would find, whatever comes and goes', () => {
  const step = fc.record({
    value: fc.nat(600).map((n) => `10.0.${n >> 8}.${n & 255}`),
    group: fc.nat(2),
    goes: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 4000, size: 'max' }), (steps) => {
      const values: string[] = [];
      const group: number[] = [];
      const table = new SlotTable({ values, group });
      const map = new Map<string, number>();
      for (const one of steps) {
        const key = `${one.group} ${one.value}`;
        expect(table.get(one.value, one.group)).toBe(map.get(key));
        if (one.goes) {
          table.delete(one.value, one.group);
          map.delete(key);
        } else {
          const slot = values.push(one.value) - 1;
          group.push(one.group);
          table.set(slot);
          map.set(key, slot);
        }
      }
      for (let n = 0; n <= 600; n++)
        for (const of of [0, 1, 2]) {
          const value = `10.0.${n >> 8}.${n & 255}`;
          expect(table.get(value, of)).toBe(map.get(`${of} ${value}`));
        }
    }),
    { numRuns: count(20, 500) },
  );
});

test('a hundred thousand, of which every other goes', () => {
  const values = Array.from({ length: 100_000 }, (_, n) => `2001:db8::${n.toString(16)}`);
  const table = new SlotTable({ values, group: new Uint16Array(values.length) });
  values.forEach((_, slot) => table.set(slot));
  values.forEach((value, slot) => {
    if (slot % 2 === 0) table.delete(value, 0);
  });
  const wrong = values.filter((value, slot) => table.get(value, 0) !== (slot % 2 === 0 ? undefined : slot));
  expect(wrong).toEqual([]);
  expect(table.get(values[1] ?? '', 1)).toBeUndefined();
});
