import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    // The e2e tests start processes of their own: more workers than cores only makes them slower.
    maxWorkers: 2,
    env: { NO_COLOR: '1' },
  },
});
