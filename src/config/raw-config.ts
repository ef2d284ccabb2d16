import { fileURLToPath } from 'node:url';
import * as v from 'valibot';
import { ManagedRuntimeError } from '../errors.ts';
import { optionsSchema } from './options-schema.ts';
import type { DevHooks, HandlerReference, ManagedRuntimeOptions } from './options.ts';
import { environmentSchema, LOCAL_ONLY, IGNORED_IF_INVALID } from './environment.ts';
import type { Environment } from './environment.ts';

/** The validated options and environment, before defaults are applied. */
export interface RawConfig {
  readonly reference: HandlerReference;
  readonly options: ManagedRuntimeOptions;
  readonly env: Environment;
  /** Set by the command `dev`. */
  readonly devHooks: DevHooks | undefined;
  /** Whether callers use the local server, of `run()` or of the command `dev`, in this process instead of Lambda. */
  readonly isLocal: boolean;
  /** Variables that are ignored because of their values, for the log. */
  readonly ignored: readonly IgnoredVariable[];
}

/** An environment variable whose invalid value is ignored. */
export interface IgnoredVariable {
  readonly variable: string;
  readonly value: string;
  /** The requirement, as text that begins with `must`. */
  readonly must: string;
}

/** @throws ManagedRuntimeError `CONFIG_INVALID`, with all errors in one message. */
export function validateConfig(
  reference: HandlerReference,
  options: ManagedRuntimeOptions,
  env: NodeJS.ProcessEnv,
  devHooks: DevHooks | undefined,
): RawConfig {
  const parsedOptions = v.safeParse(optionsSchema, withoutUndefined(options));
  const present = withoutEmpty(env);
  const firstParse = v.safeParse(environmentSchema, present);
  const hasRuntimeApi = (options?.runtimeApi ?? present['AWS_LAMBDA_RUNTIME_API']) !== undefined;
  const isLocal = devHooks !== undefined || !hasRuntimeApi;
  const ignored = ignorableVariables(firstParse.issues ?? [], present, isLocal);
  const parsedEnv =
    ignored.length === 0 ? firstParse : v.safeParse(environmentSchema, without(present, ignored));
  const errors = [
    ...(parsedOptions.issues ?? []).map((issue) => describeIssue('option', issue)),
    ...(parsedEnv.issues ?? []).map((issue) => describeIssue('environment variable', issue)),
    ...workerFileErrors(reference),
    ...(parsedEnv.success ? missingHandlerErrors(reference, parsedEnv.output) : []),
  ];
  if (!parsedOptions.success || !parsedEnv.success || errors.length > 0) {
    throw new ManagedRuntimeError(
      'CONFIG_INVALID',
      ['The configuration is invalid:', ...errors].join('\n  - '),
    );
  }
  return { reference, options: parsedOptions.output, env: parsedEnv.output, devHooks, isLocal, ignored };
}

/** An omitted option and one that is undefined are the same; so are limits. */
function withoutUndefined(options: ManagedRuntimeOptions): unknown {
  if (typeof options !== 'object' || options === null) return options;
  const { resourceLimits } = options;
  return defined({
    ...options,
    resourceLimits: isObject(resourceLimits) ? defined(resourceLimits) : resourceLimits,
  });
}

function defined(members: object): object {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined));
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

/** Treats empty variables as unset, because Lambda and shells set empty strings for missing values. */
function withoutEmpty(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ''));
}

function ignorableVariables(
  issues: readonly v.BaseIssue<unknown>[],
  env: NodeJS.ProcessEnv,
  isLocal: boolean,
): IgnoredVariable[] {
  return issues
    .map((issue) => ({ variable: v.getDotPath(issue) ?? '', must: issue.message }))
    .filter(({ variable }) => IGNORED_IF_INVALID.has(variable) || (!isLocal && LOCAL_ONLY.has(variable)))
    .map(({ variable, must }) => ({ variable, value: env[variable] ?? '', must }));
}

function without(env: NodeJS.ProcessEnv, ignored: readonly IgnoredVariable[]): NodeJS.ProcessEnv {
  const names = new Set(ignored.map(({ variable }) => variable));
  return Object.fromEntries(Object.entries(env).filter(([name]) => !names.has(name)));
}

function describeIssue(source: string, issue: v.BaseIssue<unknown>): string {
  const path = v.getDotPath(issue);
  return `${path === null ? `${source}s` : `${source} ${path}`}: ${issue.message}, but it is ${shown(issue.input)}`;
}

function workerFileErrors(reference: HandlerReference): string[] {
  if (reference.kind === 'handler-string') return [];
  const { workerFile } = reference;
  return isFile(workerFile)
    ? []
    : [`the worker file must be a path, a file: URL or a URL object, but it is ${shown(workerFile)}`];
}

function isFile(workerFile: unknown): boolean {
  const isUrl =
    workerFile instanceof URL || (typeof workerFile === 'string' && workerFile.startsWith('file:'));
  if (!isUrl) return typeof workerFile === 'string';
  try {
    // Throws for a URL with a host or an escaped slash.
    return fileURLToPath(workerFile) !== '';
  } catch {
    return false;
  }
}

function missingHandlerErrors(reference: HandlerReference, env: Environment): string[] {
  return reference.kind === 'handler-string' && env._HANDLER === undefined
    ? ['_HANDLER is not set: set it, or pass the handler as an argument, for example index.handler']
    : [];
}

function shown(input: unknown): string {
  return typeof input === 'string' ? JSON.stringify(input) : String(input);
}
