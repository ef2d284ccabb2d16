import { availableParallelism } from 'node:os';
import type { ResourceLimits } from 'node:worker_threads';
import type { Logger } from 'pino';
import * as v from 'valibot';
import { LOG_LEVELS } from '../thread-settings.ts';
import type { HandlerSource, LambdaFunction, LogFormat, LogLevel, LogTarget } from '../thread-settings.ts';
import { asGiven, changeEnvironment, runtimeApiAddress } from './environment.ts';
import { descriptorsPerSlot, fitDescriptors, heapShare, planConcurrency } from './concurrency-plan.ts';
import type { Descriptors, ConcurrencyPlan } from './concurrency-plan.ts';
import type { Environment } from './environment.ts';
import { heapFlags } from './heap-flags.ts';
import { handlerSource, moduleUrl, optionalModuleUrl } from './module-location.ts';
import type { ManagedRuntimeOptions, OnDeadline } from './options.ts';
import { validated } from './raw-config.ts';
import type { RawConfig, HandlerReference, IgnoredVariable } from './raw-config.ts';

/** Everything that the runtime was told, validated and complete. Read once, when the runtime is created. */
export interface Config extends ConcurrencyPlan {
  readonly handler: HandlerSource;
  /** A `file:` URL, or undefined for JSON. */
  readonly codec: string | undefined;
  /** Most invocations at once, if there were descriptors for all of them. */
  readonly slotsWanted: number;
  readonly descriptors: Descriptors | undefined;
  /** Else they run in the main thread. */
  readonly inThreads: boolean;
  readonly development: Development | undefined;
  readonly cpus: number;
  readonly memoryMiB: number | undefined;
  /** `host:port`; where there is none, the local server is started. */
  readonly runtimeApi: string | undefined;
  readonly local: LocalSettings;
  readonly lambda: LambdaFunction;
  /** What Lambda, or whoever stands for it, says of the kind of environment. */
  readonly initializationType: string | undefined;
  readonly signal: AbortSignal | undefined;
  readonly logger: Logger | undefined;
  /** Of the runtime's own lines. */
  readonly logLevel: LogLevel;
  /** Of the handlers' lines. */
  readonly handlerLogLevel: LogLevel;
  readonly logFormat: LogFormat;
  readonly logTarget: LogTarget;
  readonly outputTimeoutMs: number;
  readonly logInvocations: boolean;
  readonly deadlineMarginMs: number;
  readonly deadlineGraceMs: number;
  readonly onDeadline: OnDeadline;
  readonly initTimeoutMs: number;
  readonly threadRecoveryTimeoutMs: number;
  readonly shutdownTimeoutMs: number;
  readonly registerExtension: boolean;
  readonly resourceLimits: ResourceLimits;
  readonly maxInvocationsPerThread: number | undefined;
  readonly maxThreadHeapMb: number | undefined;
  readonly preload: readonly string[];
  /** A `file:` URL, or undefined for none. */
  readonly services: string | undefined;
  /** A `file:` URL, or undefined for none. */
  readonly sharedData: string | undefined;
  readonly onShutdown: (() => unknown) | undefined;
  /** Environment variables that the runtime does without, since their values are not valid. */
  readonly ignored: readonly IgnoredVariable[];
}

/** What the command `dev` asks for: threads at any concurrency, since they can be replaced, and the way to do it. */
export interface Development {
  /**
   * Called when threads serve.
   *
   * @param reload has all threads replaced by ones that load the code anew; resolves when only these get invocations,
   *   rejects when the code cannot be loaded, and then the others go on.
   */
  onServing(reload: () => Promise<void>): void;
}

/**
 * Options and environment → {@link Config}.
 *
 * @param descriptors of this process; where they are not given, there is enough of them.
 * @throws ManagedRuntimeError `CONFIG_INVALID`, with all faults in one message.
 */
export function readConfig(
  reference: HandlerReference,
  options: ManagedRuntimeOptions,
  env: NodeJS.ProcessEnv = process.env,
  descriptors?: Descriptors,
): Config {
  const given = validated(reference, options, asGiven(env));
  // Only for the runtime: AWS's client takes it away as well.
  if (env[LOG_FD] !== undefined) changeEnvironment(env, { [LOG_FD]: undefined });
  return Object.freeze(complete(given, descriptors));
}

const LOG_FD = '_LAMBDA_TELEMETRY_LOG_FD';

/** Whether callers come to the local server, of `run()` or of the command `dev`, and not to Lambda. */
export function isLocal({ runtimeApi, development }: Config): boolean {
  return runtimeApi === undefined || development !== undefined;
}

/**
 * Makes the environment what code in threads should see, which copy it when they start: the concurrency in force, also
 * where it is an option, and locally what Lambda says of itself. Libraries decide by these whether to keep
 * invocations apart.
 *
 * The option `env` of a thread cannot do it: with that Node.js refuses flags of the process in NODE_OPTIONS, such as
 * `--use-openssl-ca`.
 *
 * @returns what undoes it.
 */
export function showConcurrency(config: Config, env: NodeJS.ProcessEnv = process.env): () => void {
  const { concurrency, slots, initializationType } = config;
  const isGiven = env[MAX_CONCURRENCY] !== undefined;
  return changeEnvironment(env, {
    ...((concurrency > 1 || isGiven) && { [MAX_CONCURRENCY]: String(concurrency) }),
    ...(isLocal(config) &&
      slots > 1 &&
      initializationType === undefined && {
        AWS_LAMBDA_INITIALIZATION_TYPE: 'lambda-managed-instances',
      }),
  });
}

const MAX_CONCURRENCY = 'AWS_LAMBDA_MAX_CONCURRENCY';

/** Where the Runtime API is, if that much can be read: it is told of a configuration that is not valid. */
export function readableRuntimeApi(given: unknown, env: NodeJS.ProcessEnv = process.env): string | undefined {
  return [given, env['AWS_LAMBDA_RUNTIME_API']].find((address) => v.is(runtimeApiAddress, address));
}

function complete(given: RawConfig, descriptors: Descriptors | undefined): Config {
  const { options, env } = given;
  const runtimeApi = options.runtimeApi ?? env.AWS_LAMBDA_RUNTIME_API;
  const wanted = planConcurrency(given);
  const layout = fitDescriptors(wanted, descriptors, descriptorsPerSlot(runtimeApi === undefined, false));
  const memoryMiB = env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE;
  return {
    handler: handlerSource(given),
    codec: optionalModuleUrl(options.codec),
    ...layout,
    slotsWanted: wanted.slots,
    descriptors,
    inThreads: layout.concurrency > 1,
    development: undefined,
    cpus: availableParallelism(),
    memoryMiB,
    runtimeApi,
    local: localSettings(env, layout.slots),
    lambda: {
      functionName: env.AWS_LAMBDA_FUNCTION_NAME ?? 'function',
      functionVersion: env.AWS_LAMBDA_FUNCTION_VERSION ?? '$LATEST',
      memoryLimitInMB: String(memoryMiB ?? ''),
      logGroupName: env.AWS_LAMBDA_LOG_GROUP_NAME ?? '',
      logStreamName: env.AWS_LAMBDA_LOG_STREAM_NAME ?? '',
    },
    initializationType: env.AWS_LAMBDA_INITIALIZATION_TYPE,
    signal: options.signal,
    logger: options.logger as Logger | undefined,
    logLevel: env.AWS_LAMBDA_LOG_LEVEL ?? 'INFO',
    handlerLogLevel: env.AWS_LAMBDA_LOG_LEVEL ?? 'TRACE',
    logFormat: env.AWS_LAMBDA_LOG_FORMAT ?? 'JSON',
    logTarget: logTarget(given),
    outputTimeoutMs: options.outputTimeoutMs ?? 5_000,
    logInvocations: (options.logInvocations ?? true) && writesInfo(given),
    deadlineMarginMs: options.deadlineMarginMs ?? 0,
    deadlineGraceMs: options.deadlineGraceMs ?? 500,
    onDeadline: options.onDeadline ?? 'terminate',
    initTimeoutMs: options.initTimeoutMs ?? 130_000,
    threadRecoveryTimeoutMs: options.threadRecoveryTimeoutMs ?? 30_000,
    shutdownTimeoutMs: options.shutdownTimeoutMs ?? 500,
    registerExtension: options.registerExtension ?? true,
    resourceLimits: {
      ...heapShare(memoryMiB, layout),
      ...heapFlags(env.NODE_OPTIONS),
      ...options.resourceLimits,
    },
    maxInvocationsPerThread: options.maxInvocationsPerThread,
    maxThreadHeapMb: options.maxThreadHeapMb,
    preload: (options.preload ?? []).map(moduleUrl),
    services: optionalModuleUrl(options.services),
    sharedData: optionalModuleUrl(options.sharedData),
    onShutdown: options.onShutdown,
    ignored: given.ignored,
  };
}

function logTarget({ env }: RawConfig): LogTarget {
  const { _LAMBDA_TELEMETRY_LOG_FD_PROVIDER_SOCKET: path, _LAMBDA_TELEMETRY_LOG_FD: fd } = env;
  if (path !== undefined) return { kind: 'socket', path };
  return fd === undefined ? { kind: 'stdout' } : { kind: 'frames', fd };
}

/** What a line of the level INFO would cost can be saved where it is not written. A user's logger decides by itself. */
function writesInfo({ options, env }: RawConfig): boolean {
  const { AWS_LAMBDA_LOG_LEVEL: level = 'INFO' } = env;
  return options.logger !== undefined || LOG_LEVELS.indexOf(level) <= LOG_LEVELS.indexOf('INFO');
}

/** How the local server presents the function. */
export interface LocalSettings {
  readonly host: string;
  /** 0 for any free one. */
  readonly port: number;
  /** The path to which an event is posted as it is. */
  readonly invocationEndpoint: string;
  readonly functionName: string;
  readonly timeoutMs: number;
  /** Most invocations at once. */
  readonly concurrency: number;
}

function localSettings(env: Environment, concurrency: number): LocalSettings {
  return {
    host: env.LOCAL_LAMBDA_HOST ?? '127.0.0.1',
    port: env.LOCAL_LAMBDA_PORT ?? 7000,
    invocationEndpoint: env.LOCAL_LAMBDA_INVOCATION_ENDPOINT ?? '/invoke',
    functionName: env.AWS_LAMBDA_FUNCTION_NAME ?? 'function',
    timeoutMs: (env.AWS_LAMBDA_FUNCTION_TIMEOUT ?? 30) * 1000,
    concurrency,
  };
}
