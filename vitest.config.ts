import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: 'test/console/build-page.ts',
    // Files run real processes and threads, which keep two cores busy; some of them mostly wait.
    maxWorkers: 3,
    // They share nothing but modules, and loading these takes longer than many a test.
    isolate: false,
    // A limit for what hangs, not for what is slow on a busy machine.
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
});
