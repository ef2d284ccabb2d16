import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import { isAbsolute, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { ResourceLimits } from 'node:worker_threads';
import type { Logger } from 'pino';
import * as v from 'valibot';
import { ManagedRuntimeError } from './errors.ts';
import type { HandlerSource, LambdaFunction, LogFormat, LogLevel, LogTarget } from './protocol.ts';
import { environmentSchema, optionsSchema } from './settings.ts';
import type { Environment, ManagedRuntimeOptions, OnDeadline } from './settings.ts';

/** Everything that the runtime was told, validated and complete. Read once, when the runtime is created. */
export interface Config {
  readonly handler: HandlerSource;
  /** A `file:` URL, or undefined for JSON. */
  readonly codec: string | undefined;
  /** Most invocations at once: never more than the threads can take. */
  readonly slots: number;
  readonly concurrency: number;
  readonly threads: number;
  readonly invocationsPerThread: number;
  readonly cpus: number;
  readonly memoryMiB: number | undefined;
  readonly runtimeApi: string;
  readonly lambda: LambdaFunction;
  readonly signal: AbortSignal | undefined;
  readonly logger: Logger | undefined;
  /** Of the runtime's own lines. */
  readonly logLevel: LogLevel;
  /** Of the handlers' lines. */
  readonly handlerLogLevel: LogLevel;
  readonly logFormat: LogFormat;
  readonly logTarget: LogTarget;
  readonly outputTimeoutMs: number;
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
}

/** Where a handler is, before it is resolved: a worker file, or a handler string as `_HANDLER` has it. */
export type HandlerReference =
  | { readonly kind: 'file'; readonly workerFile: string | URL }
  | { readonly kind: 'handler-string'; readonly handlerString: string | undefined };

/**
 * Options and environment → {@link Config}.
 *
 * @throws ManagedRuntimeError `CONFIG_INVALID`, with all faults in one message.
 */
export function readConfig(
  reference: HandlerReference,
  options: ManagedRuntimeOptions,
  env: NodeJS.ProcessEnv = process.env,
): Config {
  const given = v.safeParse(optionsSchema, withoutUndefined(options));
  const found = v.safeParse(environmentSchema, withoutEmpty(env));
  const faults = [
    ...(given.issues ?? []).map((issue) => fault('option', issue)),
    ...(found.issues ?? []).map((issue) => fault('environment variable', issue)),
    ...unusable(reference),
    ...(given.success && found.success ? missing(reference, given.output, found.output) : []),
  ];
  if (!given.success || !found.success || faults.length > 0) {
    throw new ManagedRuntimeError(
      'CONFIG_INVALID',
      ['The configuration is invalid:', ...faults].join('\n  - '),
    );
  }
  // Only for the runtime: AWS's client takes it away as well.
  delete env['_LAMBDA_TELEMETRY_LOG_FD'];
  return Object.freeze(complete(reference, given.output, found.output));
}

function complete(reference: HandlerReference, options: ManagedRuntimeOptions, env: Environment): Config {
  const concurrency = options.concurrency ?? env.AWS_LAMBDA_MAX_CONCURRENCY ?? 1;
  const workerCount = options.threads ?? env.AWS_LAMBDA_NODEJS_WORKER_COUNT;
  const threads = Math.min(workerCount ?? concurrency, concurrency);
  const invocationsPerThread =
    options.invocationsPerThread ?? (workerCount === undefined ? 1 : Math.ceil(concurrency / threads));
  const slots = Math.min(concurrency, threads * invocationsPerThread);
  const memoryMiB = env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE;
  return {
    handler: handlerSource(reference, options, env),
    codec: optionalModuleUrl(options.codec),
    slots,
    concurrency,
    threads: Math.ceil(slots / invocationsPerThread),
    invocationsPerThread,
    cpus: availableParallelism(),
    memoryMiB,
    runtimeApi: options.runtimeApi ?? env.AWS_LAMBDA_RUNTIME_API ?? '',
    lambda: {
      functionName: env.AWS_LAMBDA_FUNCTION_NAME ?? '',
      functionVersion: env.AWS_LAMBDA_FUNCTION_VERSION ?? '',
      memoryLimitInMB: String(memoryMiB ?? ''),
      logGroupName: env.AWS_LAMBDA_LOG_GROUP_NAME ?? '',
      logStreamName: env.AWS_LAMBDA_LOG_STREAM_NAME ?? '',
    },
    signal: options.signal,
    logger: options.logger as Logger | undefined,
    logLevel: env.AWS_LAMBDA_LOG_LEVEL ?? 'INFO',
    handlerLogLevel: env.AWS_LAMBDA_LOG_LEVEL ?? 'TRACE',
    logFormat: env.AWS_LAMBDA_LOG_FORMAT ?? 'JSON',
    logTarget: logTarget(env),
    outputTimeoutMs: options.outputTimeoutMs ?? 5_000,
    deadlineMarginMs: options.deadlineMarginMs ?? 0,
    deadlineGraceMs: options.deadlineGraceMs ?? 500,
    onDeadline: options.onDeadline ?? 'terminate',
    initTimeoutMs: options.initTimeoutMs ?? 130_000,
    threadRecoveryTimeoutMs: options.threadRecoveryTimeoutMs ?? 30_000,
    shutdownTimeoutMs: options.shutdownTimeoutMs ?? 500,
    registerExtension: options.registerExtension ?? true,
    resourceLimits: {
      ...heapShare(memoryMiB, Math.ceil(slots / invocationsPerThread)),
      ...options.resourceLimits,
    },
    maxInvocationsPerThread: options.maxInvocationsPerThread,
    maxThreadHeapMb: options.maxThreadHeapMb,
    preload: (options.preload ?? []).map(moduleUrl),
    services: optionalModuleUrl(options.services),
    sharedData: optionalModuleUrl(options.sharedData),
    onShutdown: options.onShutdown,
  };
}

function unusable(reference: HandlerReference): string[] {
  if (reference.kind === 'handler-string') return [];
  const { workerFile } = reference;
  const isFile = workerFile instanceof URL ? workerFile.protocol === 'file:' : typeof workerFile === 'string';
  return isFile
    ? []
    : [`the worker file must be a path, a file: URL or a URL object, but it is ${shown(workerFile)}`];
}

/** What only options and environment together can tell. */
function missing(
  reference: HandlerReference,
  options: v.InferOutput<typeof optionsSchema>,
  env: Environment,
): string[] {
  const faults: string[] = [];
  if (options.runtimeApi === undefined && env.AWS_LAMBDA_RUNTIME_API === undefined) {
    faults.push(
      'AWS_LAMBDA_RUNTIME_API is not set: set it, or the option runtimeApi, to the host:port of the Runtime API',
    );
  }
  if (reference.kind === 'handler-string' && (reference.handlerString ?? env._HANDLER) === undefined) {
    faults.push('_HANDLER is not set: set it, or give the handler as an argument, for example index.handler');
  }
  return faults;
}

function handlerSource(
  reference: HandlerReference,
  options: ManagedRuntimeOptions,
  env: Environment,
): HandlerSource {
  if (reference.kind === 'file') {
    const given = String(reference.workerFile);
    return { kind: 'file', file: filePath(reference.workerFile), given, exportName: options.handler };
  }
  return {
    kind: 'handler-string',
    handlerString: reference.handlerString ?? env._HANDLER ?? '',
    taskRoot: env.LAMBDA_TASK_ROOT ?? process.cwd(),
  };
}

function logTarget(env: Environment): LogTarget {
  const { _LAMBDA_TELEMETRY_LOG_FD_PROVIDER_SOCKET: path, _LAMBDA_TELEMETRY_LOG_FD: fd } = env;
  if (path !== undefined) return { kind: 'socket', path };
  return fd === undefined ? { kind: 'stdout' } : { kind: 'frames', fd };
}

/** Threads share what the function has; a fifth stays for the main thread, for buffers and for native memory. */
function heapShare(memoryMiB: number | undefined, threads: number): ResourceLimits {
  if (memoryMiB === undefined) return {};
  return { maxOldGenerationSizeMb: Math.max(64, Math.floor((memoryMiB * 0.8) / threads)) };
}

function filePath(file: string | URL): string {
  if (file instanceof URL || file.startsWith('file:')) return fileURLToPath(file);
  return resolve(file);
}

function optionalModuleUrl(module: string | URL | undefined): string | undefined {
  return module === undefined ? undefined : moduleUrl(module);
}

/** A path becomes a `file:` URL; the name of a package is looked up as Node does, from the working directory. */
function moduleUrl(module: string | URL): string {
  if (module instanceof URL || module.startsWith('file:')) return String(module);
  if (isAbsolute(module) || module.startsWith('.') || existsSync(module))
    return pathToFileURL(resolve(module)).href;
  try {
    return pathToFileURL(createRequire(resolve('noop.js')).resolve(module)).href;
  } catch (cause) {
    const message = `The module ${JSON.stringify(module)} cannot be found from ${process.cwd()}.`;
    throw new ManagedRuntimeError('CONFIG_INVALID', message, { cause });
  }
}

function fault(source: string, issue: v.BaseIssue<unknown>): string {
  const path = v.getDotPath(issue);
  return `${path === null ? `${source}s` : `${source} ${path}`}: ${issue.message}, but it is ${shown(issue.input)}`;
}

function shown(input: unknown): string {
  return typeof input === 'string' ? JSON.stringify(input) : String(input);
}

function withoutUndefined(options: ManagedRuntimeOptions): unknown {
  if (typeof options !== 'object' || options === null) return options;
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}

/** Lambda and shells set variables to the empty string where they mean nothing. */
function withoutEmpty(env: NodeJS.ProcessEnv): object {
  return Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ''));
}
