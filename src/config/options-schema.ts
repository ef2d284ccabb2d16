import type { Logger } from 'pino';
import * as v from 'valibot';
import { MAX_CONCURRENCY, runtimeApiAddress } from './environment.ts';
import { LONGEST_TIMER_MS } from '../invocation/time.ts';

const count = (max: number) => {
  const message = `must be a whole number from 1 to ${max}`;
  return v.pipe(v.number(message), v.integer(message), v.minValue(1, message), v.maxValue(max, message));
};

const milliseconds = v.pipe(
  v.number('must be a number of milliseconds'),
  v.minValue(0, 'must be a number of milliseconds, 0 or more'),
  v.maxValue(LONGEST_TIMER_MS, `must be a number of milliseconds, at most ${LONGEST_TIMER_MS}`),
);

const megabytes = v.pipe(
  v.number('must be a number of MiB'),
  v.minValue(1, 'must be a number of MiB, 1 or more'),
);

const text = v.pipe(v.string('must be a string'), v.nonEmpty('must not be empty'));

const moduleReference = v.union([text, v.instance(URL)], 'must be a path, a file: URL or a URL object');

const action = v.custom<() => unknown>((input) => typeof input === 'function', 'must be a function');

/**
 * Checks `ManagedRuntimeOptions`. It is apart from them, so that the package's declarations do not name valibot, which users do
 * not install.
 */
export const optionsSchema = v.strictObject(
  {
    handler: v.optional(text),
    codec: v.optional(moduleReference),
    concurrency: v.optional(count(MAX_CONCURRENCY)),
    threads: v.optional(count(MAX_CONCURRENCY)),
    invocationsPerThread: v.optional(count(MAX_CONCURRENCY)),
    signal: v.optional(v.instance(AbortSignal, 'must be an AbortSignal')),
    runtimeApi: v.optional(runtimeApiAddress),
    logger: v.optional(v.custom<Logger>(isLogger, 'must be a pino logger')),
    outputTimeoutMs: v.optional(milliseconds),
    logInvocations: v.optional(
      v.union(
        [v.picklist(['failures', 'all', 'none']), v.boolean()],
        "must be 'failures', 'all', 'none', true or false",
      ),
    ),
    deadlineMarginMs: v.optional(milliseconds),
    deadlineGraceMs: v.optional(milliseconds),
    onDeadline: v.optional(
      v.picklist(['terminate', 'keep', 'exit'], "must be 'terminate', 'keep' or 'exit'"),
    ),
    initTimeoutMs: v.optional(milliseconds),
    threadRecoveryTimeoutMs: v.optional(milliseconds),
    shutdownTimeoutMs: v.optional(milliseconds),
    registerExtension: v.optional(v.boolean('must be true or false')),
    resourceLimits: v.optional(
      v.strictObject(
        {
          maxOldGenerationSizeMb: v.optional(megabytes),
          maxYoungGenerationSizeMb: v.optional(megabytes),
          codeRangeSizeMb: v.optional(megabytes),
          stackSizeMb: v.optional(megabytes),
        },
        unknownKey,
      ),
    ),
    maxInvocationsPerThread: v.optional(count(Number.MAX_SAFE_INTEGER)),
    maxThreadHeapMb: v.optional(megabytes),
    preload: v.optional(v.array(moduleReference, 'must be an array of modules')),
    services: v.optional(moduleReference),
    sharedData: v.optional(moduleReference),
    onShutdown: v.optional(action),
  },
  unknownKey,
);

function unknownKey(issue: v.StrictObjectIssue): string {
  return `is not known (${issue.expected} was expected)`;
}

function isLogger(input: unknown): boolean {
  const levels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'child'];
  return (
    typeof input === 'object' &&
    input !== null &&
    levels.every((level) => typeof (input as Record<string, unknown>)[level] === 'function')
  );
}
