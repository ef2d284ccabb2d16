import { readFileSync } from 'node:fs';
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

/** With one slot, the runtime runs in single mode, which a number of threads would turn off. */
export function ownEnvironment(setup: Setup): NodeJS.ProcessEnv {
  const variables = { ...lambdaEnvironment(setup), ...MALLOC_VARIABLES };
  return setup.slots === 1 ? { ...variables, AWS_LAMBDA_NODEJS_WORKER_COUNT: undefined } : variables;
}

/** Read from the script that sets them. It also sets the size of libuv's pool, as the command does itself. */
const MALLOC_VARIABLES = Object.fromEntries(
  readFileSync(new URL('../../deploy/start-managed-runtime.sh', import.meta.url), 'utf8')
    .matchAll(/^export (MALLOC_\w+)="\$\{\w+:-(\d+)\}"$/gm)
    .map(([, name, value]) => [name, value] as const),
);

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
