import { handlerOf } from '../behaviour.ts';
import type { Behaviour } from '../behaviour.ts';

const LINES = 'console.debug("debug"); console.info("info"); console.error("error"); return "served";';
const served = handlerOf(LINES);

/** What a handler sees of its environment, and odd values that AWS's client tolerates. */
export const environments: readonly Behaviour[] = [
  {
    name: 'reads its environment variables',
    files: handlerOf('return { ...process.env };'),
    events: [{ traceId: 'Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700' }],
  },
  {
    name: 'reads its environment variables while it loads',
    files: handlerOf('return atLoad;', 'const atLoad = { ...process.env };'),
  },
  {
    name: 'changes its environment variables',
    files: handlerOf('const seen = process.env.MINE; process.env.MINE = event.n; return { seen };'),
    events: [{ body: '{"n":1}' }, { body: '{"n":2}' }],
    layouts: ['single', 'shared'],
  },
  {
    name: 'looks at its process',
    files: handlerOf(
      'return { cwd: process.cwd(), argv: process.argv.length, execArgv: process.execArgv, main: isMainThread, title: process.title, listeners: process.eventNames().map(String).sort() };',
      'import { isMainThread } from "node:worker_threads";',
    ),
  },
  {
    name: 'looks at the globals',
    files: handlerOf(
      'const known = new Set(JSON.parse(execFileSync(process.execPath, ["-p", "JSON.stringify(Object.getOwnPropertyNames(globalThis))"], { encoding: "utf8" }))); return Object.getOwnPropertyNames(globalThis).filter((name) => !known.has(name)).sort();',
      'import { execFileSync } from "node:child_process";',
    ),
  },
  odd('the log level info', { AWS_LAMBDA_LOG_LEVEL: 'info' }),
  odd('an unknown log level', { AWS_LAMBDA_LOG_LEVEL: 'VERBOSE' }),
  odd('an empty log level', { AWS_LAMBDA_LOG_LEVEL: '' }),
  odd('the log format json', { AWS_LAMBDA_LOG_FORMAT: 'json' }),
  odd('the log format text', { AWS_LAMBDA_LOG_FORMAT: 'text' }),
  odd('an unknown log format', { AWS_LAMBDA_LOG_FORMAT: 'xml' }),
  odd('an empty log format', { AWS_LAMBDA_LOG_FORMAT: '' }),
  odd('no log format', { AWS_LAMBDA_LOG_FORMAT: undefined }),
  odd('a timeout of 3600', { AWS_LAMBDA_FUNCTION_TIMEOUT: '3600' }),
  odd('a timeout that is no number', { AWS_LAMBDA_FUNCTION_TIMEOUT: 'long' }),
  odd('a worker count of 0', { AWS_LAMBDA_NODEJS_WORKER_COUNT: '0' }),
  odd('a worker count that is no number', { AWS_LAMBDA_NODEJS_WORKER_COUNT: 'many' }),
  odd('a worker count of 2.5', { AWS_LAMBDA_NODEJS_WORKER_COUNT: '2.5' }),
  odd('a memory size that is no number', { AWS_LAMBDA_FUNCTION_MEMORY_SIZE: 'lots' }),
  odd('a memory size of 0', { AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '0' }),
  odd('no memory size', { AWS_LAMBDA_FUNCTION_MEMORY_SIZE: undefined }),
  odd('no names of function and logs', {
    AWS_LAMBDA_FUNCTION_NAME: '',
    AWS_LAMBDA_FUNCTION_VERSION: '',
    AWS_LAMBDA_LOG_GROUP_NAME: '',
    AWS_LAMBDA_LOG_STREAM_NAME: '',
  }),
  odd('an odd telemetry descriptor', { _LAMBDA_TELEMETRY_LOG_FD: 'none' }),
  odd('an empty telemetry socket', { _LAMBDA_TELEMETRY_LOG_FD_PROVIDER_SOCKET: '' }),
  odd('a telemetry socket that is not there', {
    _LAMBDA_TELEMETRY_LOG_FD_PROVIDER_SOCKET: '/no/such/socket',
  }),
  odd('odd values for the local server', {
    LOCAL_LAMBDA_HOST: '8.8.8.8',
    LOCAL_LAMBDA_PORT: 'x',
    LOCAL_LAMBDA_INVOCATION_ENDPOINT: 'x',
  }),
  odd('a task root that ends with a slash', { LAMBDA_TASK_ROOT: './' }),
  {
    ...odd('a concurrency of 1', { AWS_LAMBDA_MAX_CONCURRENCY: '1', AWS_LAMBDA_NODEJS_WORKER_COUNT: '1' }),
    layouts: ['single'],
  },
  { ...odd('a concurrency that is no number', { AWS_LAMBDA_MAX_CONCURRENCY: 'many' }), layouts: ['threads'] },
  { ...odd('an empty concurrency', { AWS_LAMBDA_MAX_CONCURRENCY: '' }), layouts: ['threads'] },
  {
    name: 'starts without a global awslambda',
    files: handlerOf('return { type: typeof globalThis.awslambda };'),
    env: { AWS_LAMBDA_NODEJS_NO_GLOBAL_AWSLAMBDA: '1' },
  },
  {
    name: 'starts with --max-old-space-size',
    files: served,
    env: { NODE_OPTIONS: '--max-old-space-size=512' },
  },
  {
    name: 'starts with a module that is preloaded',
    files: {
      'index.mjs': handlerOf('return { preloaded: globalThis.preloaded };'),
      'preloaded.mjs': 'globalThis.preloaded = true;',
    },
    env: { NODE_OPTIONS: '--import ./preloaded.mjs' },
  },
];

function odd(what: string, env: Behaviour['env'] & object): Behaviour {
  return { name: `starts with ${what}`, files: served, env, layouts: ['single', 'threads'] };
}
