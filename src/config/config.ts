import { availableParallelism } from 'node:os';
import type { ResourceLimits } from 'node:worker_threads';
import type { Logger } from 'pino';
import * as v from 'valibot';
import { isWritten } from '../thread-settings.ts';
import type { HandlerSource, LambdaFunction, LogFormat, LogLevel, LogTarget } from '../thread-settings.ts';
import { changeEnvironment, originalEnvironment, runtimeApiAddress } from './environment.ts';
import { descriptorsPerSlot, fitDescriptors, heapShare, planConcurrency } from './concurrency-plan.ts';
import type { Descriptors, ConcurrencyPlan } from './concurrency-plan.ts';
import type { Environment } from './environment.ts';
import { heapFlags } from './heap-flags.ts';
import { handlerSource, moduleUrl, optionalModuleUrl } from './module-location.ts';
import type {
  DevHooks,
  HandlerReference,
  LogInvocations,
  ManagedRuntimeOptions,
  OnDeadline,
} from './options.ts';
import { validateConfig } from './raw-config.ts';
import type { IgnoredVariable, RawConfig } from './raw-config.ts';

/** The complete and validated configuration, read once when the runtime is created. */
export interface Config extends ConcurrencyPlan {
  readonly handler: HandlerSource;
  /** A `file:` URL, or undefined for JSON. */
  readonly codec: string | undefined;
  /** The number of slots that the configuration asks for, before the limit of file descriptors is applied. */
  readonly slotsWanted: number;
  readonly descriptors: Descriptors | undefined;
  readonly devHooks: DevHooks | undefined;
  /** Whether callers use the local server, of `run()` or of the command `dev`, in this process instead of Lambda. */
  readonly isLocal: boolean;
  readonly cpus: number;
  readonly memoryMiB: number | undefined;
  /** `host:port`; if undefined, the local server is started. */
  readonly runtimeApi: string | undefined;
  readonly local: LocalSettings;
  readonly lambda: LambdaFunction;
  /** The value of `AWS_LAMBDA_INITIALIZATION_TYPE`, set by Lambda or an emulator. */
  readonly initializationType: string | undefined;
  readonly signal: AbortSignal | undefined;
  readonly logger: Logger | undefined;
  /** The minimum level of the runtime's own lines. */
  readonly logLevel: LogLevel;
  /** The minimum level of the handlers' lines. */
  readonly handlerLogLevel: LogLevel;
  readonly logFormat: LogFormat;
  readonly logTarget: LogTarget;
  readonly outputTimeoutMs: number;
  readonly logInvocations: LogInvocations;
  /** Undefined for the default, which depends on the time that the invocation has. */
  readonly deadlineMarginMs: number | undefined;
  /** Undefined for the default: until shortly before the deadline. */
  readonly deadlineGraceMs: number | undefined;
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
  /** Environment variables that are ignored because their values are invalid. */
  readonly ignored: readonly IgnoredVariable[];
}

/**
 * Builds the {@link Config} from options and environment.
 *
 * @param descriptors the file descriptors of this process; omitted, the number of slots is not limited by them.
 * @throws ManagedRuntimeError `CONFIG_INVALID`, with all errors in one message.
 */
export function readConfig(
  reference: HandlerReference,
  options: ManagedRuntimeOptions,
  env: NodeJS.ProcessEnv = process.env,
  descriptors?: Descriptors,
  devHooks?: DevHooks,
): Config {
  const raw = validateConfig(reference, options, originalEnvironment(env), devHooks);
  // The variable is meant for the runtime only; AWS's client removes it as well.
  if (env[LOG_FD] !== undefined) changeEnvironment(env, { [LOG_FD]: undefined });
  return Object.freeze(complete(raw, descriptors));
}

const LOG_FD = '_LAMBDA_TELEMETRY_LOG_FD';

/**
 * Sets the environment variables that code in threads should see: the effective concurrency, which may come from an option,
 * and in local mode the initialization type. Libraries use them to decide whether to isolate invocations. Threads copy the
 * environment when they start.
 *
 * The option `env` of a `Worker` is not used, because with it Node.js rejects process-wide flags in NODE_OPTIONS, such as
 * `--use-openssl-ca`.
 *
 * @returns a function that restores the environment.
 */
export function exposeConcurrencyInEnv(config: Config, env: NodeJS.ProcessEnv = process.env): () => void {
  const { concurrency, slots, isLocal, initializationType } = config;
  const isSet = env[MAX_CONCURRENCY_VARIABLE] !== undefined;
  return changeEnvironment(env, {
    ...((concurrency > 1 || isSet) && { [MAX_CONCURRENCY_VARIABLE]: String(concurrency) }),
    ...(isLocal &&
      slots > 1 &&
      initializationType === undefined && {
        AWS_LAMBDA_INITIALIZATION_TYPE: 'lambda-managed-instances',
      }),
  });
}

const MAX_CONCURRENCY_VARIABLE = 'AWS_LAMBDA_MAX_CONCURRENCY';

/** The valid address of the Runtime API, if there is one: the runtime reports an invalid configuration to it. */
export function readableRuntimeApi(
  option: unknown,
  env: NodeJS.ProcessEnv = process.env,
): string | undefined {
  return [option, env['AWS_LAMBDA_RUNTIME_API']].find((address) => v.is(runtimeApiAddress, address));
}

function complete(raw: RawConfig, descriptors: Descriptors | undefined): Config {
  const { options, env, devHooks, isLocal } = raw;
  const runtimeApi = options.runtimeApi ?? env.AWS_LAMBDA_RUNTIME_API;
  const wanted = planConcurrency(raw);
  const plan = fitDescriptors(wanted, descriptors, descriptorsPerSlot(isLocal, false));
  const memoryMiB = env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE;
  return {
    handler: handlerSource(raw),
    codec: optionalModuleUrl(options.codec),
    ...plan,
    slotsWanted: wanted.slots,
    descriptors,
    devHooks,
    isLocal,
    cpus: availableParallelism(),
    memoryMiB,
    runtimeApi,
    local: localSettings(env, plan),
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
    logTarget: logTarget(raw),
    outputTimeoutMs: options.outputTimeoutMs ?? 5_000,
    logInvocations: logInvocations(raw),
    deadlineMarginMs: options.deadlineMarginMs,
    deadlineGraceMs: options.deadlineGraceMs,
    onDeadline: options.onDeadline ?? 'terminate',
    initTimeoutMs: options.initTimeoutMs ?? 130_000,
    threadRecoveryTimeoutMs: options.threadRecoveryTimeoutMs ?? 30_000,
    shutdownTimeoutMs: options.shutdownTimeoutMs ?? 500,
    registerExtension: options.registerExtension ?? true,
    resourceLimits: {
      ...heapShare(memoryMiB, plan),
      ...heapFlags(env.NODE_OPTIONS),
      ...options.resourceLimits,
    },
    maxInvocationsPerThread: options.maxInvocationsPerThread,
    maxThreadHeapMb: options.maxThreadHeapMb,
    preload: (options.preload ?? []).map(moduleUrl),
    services: optionalModuleUrl(options.services),
    sharedData: optionalModuleUrl(options.sharedData),
    onShutdown: options.onShutdown,
    ignored: raw.ignored,
  };
}

function logTarget({ env }: RawConfig): LogTarget {
  const { _LAMBDA_TELEMETRY_LOG_FD_PROVIDER_SOCKET: path, _LAMBDA_TELEMETRY_LOG_FD: fd } = env;
  if (path !== undefined) return { kind: 'socket', path };
  return fd === undefined ? { kind: 'stdout' } : { kind: 'frames', fd };
}

/** `none` if the lines would not pass the log level, so that the runtime does not create them. */
function logInvocations(raw: RawConfig): LogInvocations {
  if (!writesInfo(raw)) return 'none';
  const { logInvocations: option = 'failures' } = raw.options;
  if (typeof option === 'boolean') return option ? 'all' : 'none';
  return option;
}

/** Whether lines of the level INFO are written. A user's logger filters by itself. */
function writesInfo({ options, env }: RawConfig): boolean {
  const { AWS_LAMBDA_LOG_LEVEL: level = 'INFO' } = env;
  return options.logger !== undefined || isWritten('INFO', level);
}

/** How the local server presents the function. */
export interface LocalSettings {
  readonly host: string;
  /** 0 for any free port. */
  readonly port: number;
  /** The path to which callers post an event as the request body. */
  readonly invocationEndpoint: string;
  readonly functionName: string;
  readonly timeoutMs: number;
  /** Maximum number of concurrent invocations. */
  readonly concurrency: number;
  readonly invocationsPerThread: number;
}

function localSettings(env: Environment, { slots, invocationsPerThread }: ConcurrencyPlan): LocalSettings {
  return {
    host: env.LOCAL_LAMBDA_HOST ?? '127.0.0.1',
    port: env.LOCAL_LAMBDA_PORT ?? 7000,
    invocationEndpoint: env.LOCAL_LAMBDA_INVOCATION_ENDPOINT ?? '/invoke',
    functionName: env.AWS_LAMBDA_FUNCTION_NAME ?? 'function',
    timeoutMs: (env.AWS_LAMBDA_FUNCTION_TIMEOUT ?? 30) * 1000,
    concurrency: slots,
    invocationsPerThread,
  };
}
