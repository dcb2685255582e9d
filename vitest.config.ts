import { defineConfig } from 'vitest/config';
import LongestFirst from './test/support/order.ts';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/support/postgres.ts', 'test/support/templates.ts', 'test/support/node24.ts'],
    reporters: ['default', ['json', { outputFile: '.tmp/tests.json' }]],
    // For two cores: tests wait much of their time, for processes, servers and pauses that belong to what they test.
    maxWorkers: 4,
    // The product's modules are loaded once a worker: loading them for each file took a fifth of the time.
    isolate: false,
    sequence: { sequencer: LongestFirst },
    testTimeout: 300_000,
    hookTimeout: 300_000,
  },
});
