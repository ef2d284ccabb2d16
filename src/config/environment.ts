import * as v from 'valibot';
import { LOG_FORMATS, LOG_LEVELS } from '../thread-settings.ts';

/** Lambda's maximum number of concurrent invocations in an execution environment. */
export const MAX_CONCURRENCY = 1600;

/** An upper bound far above the memory of any function. */
export const MAX_MEMORY_MIB = 1_048_576;

/** Lambda's maximum function timeout, in seconds: 90 minutes, for asynchronous invocations and event sources. */
export const MAX_TIMEOUT_S = 5_400;

/** Whether other machines cannot reach the address. */
export function isLoopback(host: string): boolean {
  return /^(localhost|::1|127\.\d{1,3}\.\d{1,3}\.\d{1,3})$/.test(host);
}

/** The address of the Runtime API. */
export const runtimeApiAddress = v.pipe(
  v.string('must be host:port'),
  v.check(isHostAndPort, 'must be host:port, for example 127.0.0.1:9001'),
);

function isHostAndPort(value: string): boolean {
  const port = /^(?:[\w.-]+|\[[\da-f:.]+\]):(\d{1,5})$/i.exec(value)?.[1];
  return port !== undefined && Number(port) >= 1 && Number(port) <= 65_535;
}

const wholeNumber = (max: number) =>
  v.pipe(
    v.string(),
    v.regex(/^\d+$/, `must be a whole number from 1 to ${max}`),
    v.transform(Number),
    v.minValue(1, `must be a whole number from 1 to ${max}`),
    v.maxValue(max, `must be a whole number from 1 to ${max}`),
  );

const PORT = 'must be a port number, or 0 for any free port';

/**
 * Every environment variable that the runtime reads. Invalid values of {@link IGNORED_IF_INVALID} variables are ignored, and on Lambda
 * also those of {@link LOCAL_ONLY} variables.
 */
export const environmentSchema = v.object({
  AWS_LAMBDA_RUNTIME_API: v.optional(runtimeApiAddress),
  AWS_LAMBDA_MAX_CONCURRENCY: v.optional(wholeNumber(MAX_CONCURRENCY)),
  AWS_LAMBDA_NODEJS_WORKER_COUNT: v.optional(wholeNumber(MAX_CONCURRENCY)),
  AWS_LAMBDA_FUNCTION_MEMORY_SIZE: v.optional(wholeNumber(MAX_MEMORY_MIB)),
  AWS_LAMBDA_INITIALIZATION_TYPE: v.optional(v.string()),
  AWS_LAMBDA_FUNCTION_NAME: v.optional(v.string()),
  AWS_LAMBDA_FUNCTION_VERSION: v.optional(v.string()),
  AWS_LAMBDA_LOG_GROUP_NAME: v.optional(v.string()),
  AWS_LAMBDA_LOG_STREAM_NAME: v.optional(v.string()),
  AWS_LAMBDA_LOG_LEVEL: v.optional(
    v.pipe(
      v.string(),
      v.toUpperCase(),
      v.picklist(LOG_LEVELS, 'must be TRACE, DEBUG, INFO, WARN, ERROR or FATAL'),
    ),
  ),
  AWS_LAMBDA_LOG_FORMAT: v.optional(
    v.pipe(v.string(), v.toUpperCase(), v.picklist(LOG_FORMATS, 'must be JSON or Text')),
  ),
  _LAMBDA_TELEMETRY_LOG_FD: v.optional(
    v.pipe(v.string(), v.regex(/^\d+$/, 'must be the number of a file descriptor'), v.transform(Number)),
  ),
  _LAMBDA_TELEMETRY_LOG_FD_PROVIDER_SOCKET: v.optional(v.string()),
  NODE_OPTIONS: v.optional(v.string()),
  _HANDLER: v.optional(v.string()),
  LAMBDA_TASK_ROOT: v.optional(v.string()),
  AWS_LAMBDA_FUNCTION_TIMEOUT: v.optional(wholeNumber(MAX_TIMEOUT_S)),
  LOCAL_LAMBDA_HOST: v.optional(
    v.pipe(
      v.string(),
      v.check(
        isLoopback,
        'must be localhost, ::1 or an address in 127.0.0.0/8, so that other machines cannot call handlers',
      ),
    ),
  ),
  LOCAL_LAMBDA_PORT: v.optional(
    v.pipe(v.string(), v.regex(/^\d+$/, PORT), v.transform(Number), v.maxValue(65_535, PORT)),
  ),
  LOCAL_LAMBDA_INVOCATION_ENDPOINT: v.optional(
    v.pipe(v.string(), v.regex(/^\/[^?#\s]*$/, 'must be a path that begins with /, for example /invoke')),
  ),
});

export type Environment = v.InferOutput<typeof environmentSchema>;

/**
 * Variables whose invalid values are ignored with a warning. Lambda and AWS's client accept any value of these variables, and
 * the runtime works without them. All other variables must be valid, because they define where to listen and poll and how
 * many events to take concurrently.
 */
export const IGNORED_IF_INVALID: ReadonlySet<string> = new Set<keyof Environment>([
  'AWS_LAMBDA_NODEJS_WORKER_COUNT',
  'AWS_LAMBDA_FUNCTION_MEMORY_SIZE',
  'AWS_LAMBDA_FUNCTION_TIMEOUT',
  'AWS_LAMBDA_LOG_LEVEL',
  'AWS_LAMBDA_LOG_FORMAT',
  '_LAMBDA_TELEMETRY_LOG_FD',
]);

/** Also tolerated if there is a Runtime API, because no local server starts then. */
export const LOCAL_ONLY: ReadonlySet<string> = new Set<keyof Environment>([
  'LOCAL_LAMBDA_HOST',
  'LOCAL_LAMBDA_PORT',
  'LOCAL_LAMBDA_INVOCATION_ENDPOINT',
]);

/**
 * Changes variables of an environment; undefined removes a variable. {@link originalEnvironment} reverts the changes.
 *
 * @returns a function that restores the previous values.
 */
export function changeEnvironment(env: NodeJS.ProcessEnv, variables: Variables): () => void {
  const own = Object.entries(variables).map(([name, to]) => ({ name, from: env[name], to }));
  changes.set(env, [...changesOf(env), ...own]);
  for (const { name, to } of own) set(env, name, to);
  return () => {
    changes.set(
      env,
      changesOf(env).filter((change) => !own.includes(change)),
    );
    // A variable that other code has changed in the meantime keeps its value.
    for (const { name, from, to } of own) if (env[name] === to) set(env, name, from);
  };
}

/** A copy of the environment without the changes of runtimes, so that another runtime in the process reads the original. */
export function originalEnvironment(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const original = { ...env };
  for (const { name, from, to } of changesOf(env).toReversed()) {
    if (original[name] === to) set(original, name, from);
  }
  return original;
}

type Variables = Readonly<Record<string, string | undefined>>;

interface Change {
  readonly name: string;
  readonly from: string | undefined;
  readonly to: string | undefined;
}

const changes = new WeakMap<NodeJS.ProcessEnv, readonly Change[]>();

function changesOf(env: NodeJS.ProcessEnv): readonly Change[] {
  return changes.get(env) ?? [];
}

function set(env: NodeJS.ProcessEnv, name: string, value: string | undefined): void {
  if (value === undefined) delete env[name];
  else env[name] = value;
}
