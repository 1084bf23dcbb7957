import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          // Real sockets, processes and kernels on two cores: a try that ran out of time is made once more, and said.
          retry: 1,
          include: ['tests/unit/**/*.test.ts'],
          testTimeout: 90_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'lab',
          retry: 1,
          include: ['tests/lab/**/*.test.ts'],
          testTimeout: 120_000,
          hookTimeout: 120_000,
          // Labs share nothing, but they share two cores: one file at a time keeps their clocks honest.
          fileParallelism: false,
        },
      },
      {
        test: {
          name: 'e2e',
          retry: 2,
          include: ['tests/e2e/**/*.test.ts'],
          testTimeout: 240_000,
          hookTimeout: 60_000,
          fileParallelism: false,
        },
      },
    ],
  },
});
