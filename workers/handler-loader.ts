import { existsSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { types } from 'node:util';
import { Promise } from '../src/builtins.ts';
import { listDirectory, importFault, joinNames } from '../src/invocation/import-error.ts';
import type { HandlerSource } from '../src/thread-settings.ts';
import { STREAMING } from './awslambda.ts';
import type { Handler, ManagedContext } from './context.ts';
import { HandlerError } from './handler-error.ts';
import { loadModule } from './load-module.ts';

/**
 * Loads the user's module and returns its handler.
 *
 * Rejects with `Runtime.MalformedHandlerName`, `Runtime.ImportModuleError`, `Runtime.UserCodeSyntaxError`,
 * `Runtime.HandlerNotFound`, or with an error that the module itself throws.
 */
export async function loadHandler(source: HandlerSource): Promise<Handler> {
  const location = locateHandler(source);
  const module = await importHandlerModule(location);
  const handler = find(module, location);
  if (typeof handler !== 'function') {
    throw HandlerError.at('Runtime.HandlerNotFound', notFound(location, module, handler), []);
  }
  return handler.length >= 3 && !(STREAMING in handler)
    ? refusingCallbacks(handler as CallbackHandler, location)
    : (handler as Handler);
}

/** Imports a user module; rejects as {@link loadHandler} does. */
export async function importHandlerModule({
  url,
  shown,
  from,
}: Pick<HandlerLocation, 'url' | 'shown' | 'from'>): Promise<Record<string, unknown>> {
  try {
    return await loadModule(url);
  } catch (error) {
    const fault = await importFault(error, url, from);
    if (fault !== undefined)
      throw HandlerError.at(fault.errorType, `${shown}: ${fault.message}`, fault.frame);
    // The module itself threw it, for example from `new RegExp` or `JSON.parse`; the stack has the position.
    if (types.isNativeError(error) && error.name === 'SyntaxError')
      throw new HandlerError('Runtime.UserCodeSyntaxError', `${shown}: ${error.message}`, { cause: error });
    throw error;
  }
}

function notFound(
  { url, shown, exportPath = ['handler'] }: HandlerLocation,
  module: Record<string, unknown>,
  found: unknown,
): string {
  const exported = exportsOf(module);
  return found === undefined
    ? `${shown}: ${url} exports no function \`${exportPath.join('.')}\`; it exports ${exported}.`
    : `${shown} is not a function in ${url}. It exports: ${exported}.`;
}

function exportsOf(module: Record<string, unknown>): string {
  const names = Object.keys(module).filter((name) => name !== 'module.exports');
  const { default: own } = module;
  const below = typeof own === 'object' && own !== null ? Object.keys(own) : [];
  return joinNames([...new Set([...names, ...below])]);
}

/** Looks for a named export, then for a member of `default` (`module.exports` in CommonJS), then for the default export. */
function find(module: Record<string, unknown>, { exportPath }: HandlerLocation): unknown {
  const path = exportPath ?? ['handler'];
  const named = descend(module, path) ?? descend(module['default'], path);
  if (named !== undefined) return named;
  const fallback =
    typeof module['default'] === 'object' ? descend(module['default'], ['default']) : module['default'];
  return exportPath === undefined || exportPath.join('.') === 'handler' ? (fallback ?? undefined) : undefined;
}

function descend(from: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>(
    (value, key) =>
      (typeof value === 'object' && value !== null) || typeof value === 'function'
        ? (value as Record<string, unknown>)[key]
        : undefined,
    from,
  );
}

type CallbackHandler = (event: unknown, context: ManagedContext, callback: () => void) => unknown;

/**
 * Wraps a handler with three parameters. Instrumentation makes such functions around asynchronous handlers, so only what would
 * never be answered fails: a call that returns no promise, or that uses the callback.
 */
function refusingCallbacks(handler: CallbackHandler, location: HandlerLocation): Handler {
  return (event, context) => {
    const called = Promise.withResolvers<never>();
    // It may reject after the handler's promise has settled.
    called.promise.catch(() => undefined);
    const result = handler(event, context, () => called.reject(callbackHandler(location)));
    if (!isThenable(result)) throw callbackHandler(location);
    return Promise.race([result, called.promise]);
  };
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as { readonly then?: unknown } | null | undefined)?.then === 'function';
}

function callbackHandler({ shown }: HandlerLocation): HandlerError {
  return new HandlerError(
    'Runtime.CallbackHandlerDeprecated',
    `${shown} takes a callback as its third parameter, which is not supported. Write it as ` +
      'async (event, context) => result: return the result instead of calling callback(null, result), and throw ' +
      'instead of calling callback(error).',
  );
}

/** The module to import and the handler's path in it. */
interface HandlerLocation {
  readonly url: string;
  /** The property names from the module to the handler; undefined if none were specified. */
  readonly exportPath: readonly string[] | undefined;
  /** The user's own notation, for messages. */
  readonly shown: string;
  /** The directory to which file names in messages are relative. */
  readonly from: string;
}

function locateHandler(source: HandlerSource): HandlerLocation {
  return source.kind === 'file' ? locateFile(source) : locateString(source);
}

function locateFile({ file, given, exportName }: HandlerSource & { kind: 'file' }): HandlerLocation {
  if (!isFile(file)) {
    const from =
      given === file ? '' : ` (given as ${JSON.stringify(given)}, working directory ${process.cwd()})`;
    const message = `There is no worker file: looked for ${file}${from}. ${listDirectory(dirname(file))}`;
    throw HandlerError.at('Runtime.ImportModuleError', message, []);
  }
  const shown = exportName === undefined ? given : `${given}, export ${exportName}`;
  return { url: pathToFileURL(file).href, exportPath: exportName?.split('.'), shown, from: process.cwd() };
}

/** @see https://docs.aws.amazon.com/lambda/latest/dg/nodejs-handler.html#nodejs-handler-naming */
function locateString({
  handlerString,
  taskRoot,
}: HandlerSource & { kind: 'handler-string' }): HandlerLocation {
  const [, moduleName, exportName] = /^([^.]+)\.(.+)$/.exec(basename(handlerString)) ?? [];
  if (moduleName === undefined || exportName === undefined || handlerString.includes('..')) {
    throw new HandlerError(
      'Runtime.MalformedHandlerName',
      `${JSON.stringify(handlerString)} is not a valid handler name. Write file.export or directory/file.export, ` +
        'without "..".',
    );
  }
  const file = join(dirname(handlerString), moduleName);
  return {
    url: findModule(taskRoot, file),
    exportPath: exportName.split('.'),
    shown: handlerString,
    from: taskRoot,
  };
}

const EXTENSIONS = ['', '.js', '.mjs', '.cjs', '.ts', '.mts', '.cts', '.tsx', '.jsx'];

function findModule(taskRoot: string, file: string): string {
  const path = resolve(taskRoot, file);
  const extension = EXTENSIONS.find((candidate) => isFile(path + candidate));
  if (extension !== undefined) return pathToFileURL(path + extension).href;
  try {
    const require = createRequire(join(resolve(taskRoot), 'noop.js'));
    // A directory resolves to its index file or package.json, as in AWS's client.
    return pathToFileURL(require.resolve(existsSync(path) ? path : file)).href;
  } catch {
    throw HandlerError.at(
      'Runtime.ImportModuleError',
      `Cannot find the module ${JSON.stringify(file)}: looked for ${path} with the extensions ` +
        `${EXTENSIONS.slice(1).join(', ')}, then for a package of that name from ${taskRoot}. ` +
        listDirectory(dirname(path)),
      [],
    );
  }
}

function isFile(path: string): boolean {
  return existsSync(path) && statSync(path).isFile();
}
