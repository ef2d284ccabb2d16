import * as v from 'valibot';
import { ManagedRuntimeError } from '../errors.ts';
import { optionsSchema } from '../settings.ts';
import type { ManagedRuntimeOptions } from '../settings.ts';
import { environmentSchema } from './environment.ts';
import type { Environment } from './environment.ts';

/** Where a handler is, before it is resolved: a worker file, or a handler string as `_HANDLER` has it. */
export type HandlerReference =
  | { readonly kind: 'file'; readonly workerFile: string | URL }
  | { readonly kind: 'handler-string'; readonly handlerString: string | undefined };

/** What the runtime was told, valid but not complete yet. */
export interface Given {
  readonly reference: HandlerReference;
  readonly options: ManagedRuntimeOptions;
  readonly env: Environment;
}

/** @throws ManagedRuntimeError `CONFIG_INVALID`, with all faults in one message. */
export function validated(
  reference: HandlerReference,
  options: ManagedRuntimeOptions,
  env: NodeJS.ProcessEnv,
): Given {
  const given = v.safeParse(optionsSchema, withoutUndefined(options));
  const found = v.safeParse(environmentSchema, withoutEmpty(env));
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
  return { reference, options: given.output, env: found.output };
}

function withoutUndefined(options: ManagedRuntimeOptions): unknown {
  if (typeof options !== 'object' || options === null) return options;
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}

/** Lambda and shells set variables to the empty string where they mean nothing. */
function withoutEmpty(env: NodeJS.ProcessEnv): object {
  return Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ''));
}

function fault(source: string, issue: v.BaseIssue<unknown>): string {
  const path = v.getDotPath(issue);
  return `${path === null ? `${source}s` : `${source} ${path}`}: ${issue.message}, but it is ${shown(issue.input)}`;
}

function unusable(reference: HandlerReference): string[] {
  if (reference.kind === 'handler-string') return [];
  const { workerFile } = reference;
  const isFile = workerFile instanceof URL ? workerFile.protocol === 'file:' : typeof workerFile === 'string';
  return isFile
    ? []
    : [`the worker file must be a path, a file: URL or a URL object, but it is ${shown(workerFile)}`];
}

function missing(reference: HandlerReference, env: Environment): string[] {
  return reference.kind === 'handler-string' && (reference.handlerString ?? env._HANDLER) === undefined
    ? ['_HANDLER is not set: set it, or give the handler as an argument, for example index.handler']
    : [];
}

function shown(input: unknown): string {
  return typeof input === 'string' ? JSON.stringify(input) : String(input);
}
