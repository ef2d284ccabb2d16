import { fileURLToPath } from 'node:url';
import * as v from 'valibot';
import { ManagedRuntimeError } from '../errors.ts';
import { optionsSchema } from './options.ts';
import type { ManagedRuntimeOptions } from './options.ts';
import { environmentSchema, LOCAL_ONLY, TOLERATED } from './environment.ts';
import type { Environment } from './environment.ts';

/** Where a handler is, before it is resolved: a worker file, or a handler string as `_HANDLER` has it. */
export type HandlerReference =
  | { readonly kind: 'file'; readonly workerFile: string | URL }
  | { readonly kind: 'handler-string'; readonly handlerString: string | undefined };

/** What the runtime was told, valid but not complete yet. */
export interface RawConfig {
  readonly reference: HandlerReference;
  readonly options: ManagedRuntimeOptions;
  readonly env: Environment;
  /** What is wrong with the variables that count as absent, for the log. */
  readonly ignored: readonly IgnoredVariable[];
}

/** An environment variable whose value is not valid, and does not matter enough to refuse it. */
export interface IgnoredVariable {
  readonly variable: string;
  readonly value: string;
  /** What a valid value is. */
  readonly must: string;
}

/** @throws ManagedRuntimeError `CONFIG_INVALID`, with all faults in one message. */
export function validated(
  reference: HandlerReference,
  options: ManagedRuntimeOptions,
  env: NodeJS.ProcessEnv,
): RawConfig {
  const given = v.safeParse(optionsSchema, withoutUndefined(options));
  const present = withoutEmpty(env);
  const first = v.safeParse(environmentSchema, present);
  const isLocal = (options?.runtimeApi ?? present['AWS_LAMBDA_RUNTIME_API']) === undefined;
  const ignored = toleratedIn(first.issues ?? [], present, isLocal);
  const found = ignored.length === 0 ? first : v.safeParse(environmentSchema, without(present, ignored));
  const faults = [
    ...(given.issues ?? []).map((issue) => fault('option', issue)),
    ...(found.issues ?? []).map((issue) => fault('environment variable', issue)),
    ...unusable(reference),
    ...(found.success ? missing(reference, found.output) : []),
  ];
  if (!given.success || !found.success || faults.length > 0) {
    throw new ManagedRuntimeError(
      'CONFIG_INVALID',
      ['The configuration is invalid:', ...faults].join('\n  - '),
    );
  }
  return { reference, options: given.output, env: found.output, ignored };
}

function withoutUndefined(options: ManagedRuntimeOptions): unknown {
  if (typeof options !== 'object' || options === null) return options;
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}

/** Lambda and shells set variables to the empty string where they mean nothing. */
function withoutEmpty(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ''));
}

function toleratedIn(
  issues: readonly v.BaseIssue<unknown>[],
  env: NodeJS.ProcessEnv,
  isLocal: boolean,
): IgnoredVariable[] {
  return issues
    .map((issue) => ({ variable: v.getDotPath(issue) ?? '', must: issue.message }))
    .filter(({ variable }) => TOLERATED.has(variable) || (!isLocal && LOCAL_ONLY.has(variable)))
    .map(({ variable, must }) => ({ variable, value: env[variable] ?? '', must }));
}

function without(env: NodeJS.ProcessEnv, ignored: readonly IgnoredVariable[]): NodeJS.ProcessEnv {
  const names = new Set(ignored.map(({ variable }) => variable));
  return Object.fromEntries(Object.entries(env).filter(([name]) => !names.has(name)));
}

function fault(source: string, issue: v.BaseIssue<unknown>): string {
  const path = v.getDotPath(issue);
  return `${path === null ? `${source}s` : `${source} ${path}`}: ${issue.message}, but it is ${shown(issue.input)}`;
}

function unusable(reference: HandlerReference): string[] {
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
    // One with a host, or with an escaped slash, is no path.
    return fileURLToPath(workerFile) !== '';
  } catch {
    return false;
  }
}

function missing(reference: HandlerReference, env: Environment): string[] {
  return reference.kind === 'handler-string' && (reference.handlerString ?? env._HANDLER) === undefined
    ? ['_HANDLER is not set: set it, or give the handler as an argument, for example index.handler']
    : [];
}

function shown(input: unknown): string {
  return typeof input === 'string' ? JSON.stringify(input) : String(input);
}
