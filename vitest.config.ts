import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    // The e2e tests start processes of their own, and wait for some: a few workers more than cores is the best on two.
    maxWorkers: 3,
    env: { NO_COLOR: '1' },
  },
});
