import { defineConfig } from 'vitest/config';
import { LongestFirst } from './tests/support/longest-first.ts';

export default defineConfig({
  test: {
    sequence: { sequencer: LongestFirst },
    projects: [
      {
        test: {
          name: 'unit',
          globalSetup: 'tests/support/bundle-setup.ts',
          include: ['tests/unit/**/*.test.ts'],
          testTimeout: 90_000,
          hookTimeout: 60_000,
          // Half of their time is waiting, for clocks and children.
          maxWorkers: 4,
        },
      },
      {
        test: {
          name: 'lab',
          globalSetup: 'tests/support/bundle-setup.ts',
          // Real kernels, daemons and browsers on two cores: what fails is tried once more, and that is printed.
          retry: 1,
          include: ['tests/lab/**/*.test.ts'],
          testTimeout: 120_000,
          hookTimeout: 120_000,
          // Labs share nothing but the cores, and wait most of the time.
          maxWorkers: 3,
        },
      },
      {
        test: {
          name: 'e2e',
          globalSetup: 'tests/support/bundle-setup.ts',
          retry: 1,
          include: ['tests/e2e/**/*.test.ts'],
          testTimeout: 240_000,
          hookTimeout: 120_000,
          maxWorkers: 2,
        },
      },
    ],
  },
});
