import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { configDefaults, defineConfig } from 'vitest/config';

/**
 * What takes longest for each line that it watches: `npm test` leaves it out so that it stays below three minutes on two
 * cores, `npm run test:all` runs it too.
 */
const LONG = [
  // Around the runtime: examples, pages, packages of others, the command that measures.
  'test/deploy/*.test.ts',
  'test/examples/*.test.ts',
  'test/docs/code.test.ts',
  'test/docs/telemetry.test.ts',
  'test/docs/profiling.test.ts',
  'test/ecosystem.test.ts',
  'test/cli/bench.test.ts',
  'test/cli/dev.test.ts',
  'test/cli/handler-loading.test.ts',
  'test/cli/init-report.test.ts',
  // Many starts or threads, full heaps, native work, megabytes, thousands of invocations.
  'test/concurrency.test.ts',
  'test/console/bounds.test.ts',
  'test/context-follows.test.ts',
  'test/faults/answered-by-the-runtime.test.ts',
  'test/faults/background-work.test.ts',
  'test/faults/builtins.test.ts',
  'test/faults/crash-loops.test.ts',
  'test/faults/deadline-recipes.test.ts',
  'test/faults/deadlines-tell.test.ts',
  'test/faults/deadlines.test.ts',
  'test/faults/descriptors.test.ts',
  'test/faults/init.test.ts',
  'test/faults/late-errors.test.ts',
  'test/faults/listeners.test.ts',
  'test/faults/memory.test.ts',
  'test/faults/native-work.test.ts',
  'test/faults/one-thread.test.ts',
  'test/faults/out-of-memory.test.ts',
  'test/faults/recycling.test.ts',
  'test/faults/retired-threads.test.ts',
  'test/faults/shutdown.test.ts',
  'test/faults/supervisor.test.ts',
  'test/logging/frames.test.ts',
  'test/logging/full-pipe.test.ts',
  'test/logging/last-words.test.ts',
  'test/logging/locks.test.ts',
  'test/logging/many-threads.test.ts',
  'test/observing/channels.test.ts',
  'test/observing/cpu-time.test.ts',
  'test/observing/otel.test.ts',
  'test/observing/stats.test.ts',
  'test/observing/untraced.test.ts',
  'test/payloads.test.ts',
  'test/profiling/profiles.test.ts',
  'test/slots.test.ts',
  'test/streaming/faults.test.ts',
  'test/streaming/flow.test.ts',
];

/**
 * Long tests whose result does not depend on the version of Node.js: what tools make of sources (the bundles and templates of the
 * CDK, the zips), what the scripts of the examples print, and the text of pages. `npm run check` runs them on one version.
 * CONTRIBUTING.md has the criterion.
 */
const ANY_NODE = [
  'test/deploy/cdk*.test.ts',
  'test/examples/{compare-pool-sizes,demo,deploy,readmes}.test.ts',
];

/** Tests with a time limit of Lambda. They run when all others have ended, because those use both cores. */
const ON_THE_CLOCK = ['test/faults/shutdown-clock.test.ts'];

export default defineConfig({
  test: {
    projects: [
      {
        extends: true,
        test: {
          name: 'everyday',
          include: ['test/**/*.test.ts'],
          exclude: [...configDefaults.exclude, ...LONG, ...ANY_NODE, ...ON_THE_CLOCK],
        },
      },
      {
        extends: true,
        test: { name: 'long', include: LONG, exclude: [...configDefaults.exclude, ...ANY_NODE] },
      },
      { extends: true, test: { name: 'any-node', include: ANY_NODE } },
      { extends: true, test: { name: 'clock', include: ON_THE_CLOCK, sequence: { groupOrder: 1 } } },
      // Needs Debian's chromium.
      { extends: true, test: { name: 'browser', include: ['test/**/*.browser.ts'], maxWorkers: 1 } },
    ],
    globalSetup: 'test/console/build-page.ts',
    // For all processes that the tests start. Node.js 24 and later then keep the sources without their types, too.
    env: { NODE_COMPILE_CACHE: join(tmpdir(), 'lambda-managed-runtime-tests') },
    // Files run real processes and threads, which keep two cores busy; some of them mostly wait.
    maxWorkers: 3,
    // They share nothing but modules, and loading these takes longer than many a test.
    isolate: false,
    // A limit for what hangs, not for what is slow on a busy machine.
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
});
