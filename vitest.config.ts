import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/support/postgres.ts', 'test/support/templates.ts', 'test/support/node24.ts'],
    reporters: ['default', ['json', { outputFile: '.tmp/tests.json' }]],
    // Two cores: one database server and a handful of workers is what fits.
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
