import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // Files run real processes and threads; more of them at once than this only wait for each other.
    maxWorkers: 2,
  },
});
