import { afterAll, beforeAll, expect, test } from 'vitest';
import { startDoctorLab, type DoctorLab } from './doctor-lab.ts';

let home: DoctorLab;
beforeAll(async () => {
  home = await startDoctorLab();
});
afterAll(() => home?.lab.destroy());

test('a sound home is ready', async () => {
  const { ready, checks } = await home.examine();
  expect(checks.filter(({ state }) => state !== 'ok')).toEqual([]);
  expect(ready).toBe(true);
});
