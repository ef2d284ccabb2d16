import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Absentee, Contender, Setup } from './contender.ts';
import { lambdaEnvironment } from './environment.ts';

/** AWS's runtime interface client, installed and compiled in `bench/node_modules`. */
export function awsLambdaRic(): Contender | Absentee {
  const entry = fileURLToPath(new URL('../node_modules/aws-lambda-ric/index.mjs', import.meta.url));
  const root = dirname(entry);
  if (!existsSync(entry)) return { name: 'aws-lambda-ric', reason: `it is not installed: ${INSTALL}` };
  if (!existsSync(join(root, 'rapid-client.node'))) {
    return { name: 'aws-lambda-ric', reason: `its native part was not compiled: ${INSTALL}` };
  }
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
  return {
    name: 'aws-lambda-ric',
    version,
    polls: ({ threads }) => threads,
    command: () => [process.execPath, entry],
    environment: (setup) => ({ ...lambdaEnvironment(setup), UV_THREADPOOL_SIZE: String(threadpool(setup)) }),
  };
}

const INSTALL = '`npm install --prefix bench` (it needs cmake, g++, make and autotools)';

/** Each open `/next` occupies a thread of libuv's pool, so the pool must be larger than the number of worker threads. */
function threadpool(setup: Setup): number {
  return setup.threadpool ?? Math.max(64, setup.threads + 16);
}
