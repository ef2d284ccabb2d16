import { defineConfig, mergeConfig } from 'vitest/config';
import config from './vitest.config.ts';

/** Tests, loaded by Node itself: what they import is the same text there as in the processes that they start. */
export default mergeConfig(
  config,
  defineConfig({
    test: { experimental: { viteModuleRunner: false }, setupFiles: 'test/coverage/take-coverage.ts' },
  }),
);
