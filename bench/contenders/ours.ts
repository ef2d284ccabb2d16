import type { Contender, Setup } from './contender.ts';
import { lambdaEnvironment } from './environment.ts';

/** This package as published, with its defaults, started as the scripts in `deploy` start it. */
export function ours(entry: string, version: string): Contender {
  return {
    name: 'ours',
    version,
    polls: ({ slots }) => slots,
    command: () => [process.execPath, '--max-semi-space-size=16', entry],
    environment: ownEnvironment,
  };
}

/**
 * Lambda's variables and those that `deploy/start-managed-runtime.sh` sets. With one slot, the runtime runs in single mode, which
 * a number of threads would turn off.
 */
export function ownEnvironment(setup: Setup): NodeJS.ProcessEnv {
  const variables = {
    ...lambdaEnvironment(setup),
    MALLOC_ARENA_MAX: '2',
    MALLOC_MMAP_THRESHOLD_: '8388608',
    MALLOC_TRIM_THRESHOLD_: '16777216',
    UV_THREADPOOL_SIZE: String(Math.min(64, Math.max(4, setup.slots))),
  };
  return setup.slots === 1 ? { ...variables, AWS_LAMBDA_NODEJS_WORKER_COUNT: undefined } : variables;
}

/** Another build of this package. */
export function anotherBuild(entry: string): Contender {
  return { ...ours(entry, ''), name: 'another build' };
}

/** This package with a concurrency of 1: the handler runs on the main thread. */
export function singleMode(entry: string, version: string): Contender {
  return {
    ...ours(entry, version),
    name: 'single mode',
    polls: () => 1,
    command: () => [process.execPath, entry],
    environment: (setup) => ownEnvironment({ ...setup, slots: 1, threads: 1 }),
  };
}
