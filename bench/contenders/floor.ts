import { fileURLToPath } from 'node:url';
import type { Contender } from './contender.ts';
import { lambdaEnvironment } from './environment.ts';

/** The lower bound of a runtime's cost in Node.js. See `floor-runtime.ts`. */
export function floor(): Contender {
  return {
    name: 'floor',
    version: '',
    polls: ({ slots }) => slots,
    command: () => [process.execPath, ENTRY],
    environment: lambdaEnvironment,
  };
}

const ENTRY = fileURLToPath(new URL('floor-runtime.ts', import.meta.url));
