import { types } from 'node:util';
import { importFault, listed } from '../src/invocation/import-error.ts';
import type { HandlerSource } from '../src/thread-settings.ts';
import { STREAMING } from './awslambda.ts';
import type { Handler } from './context.ts';
import { HandlerError } from './handler-error.ts';
import { locateHandler } from './handler-location.ts';
import type { HandlerLocation } from './handler-location.ts';

/**
 * Loads the user's module and finds the handler in it.
 *
 * Rejects with `Runtime.MalformedHandlerName`, `Runtime.ImportModuleError`, `Runtime.UserCodeSyntaxError`,
 * `Runtime.HandlerNotFound`, `Runtime.CallbackHandlerDeprecated`, or with what the module itself throws.
 */
export async function loadHandler(source: HandlerSource): Promise<Handler> {
  const location = locateHandler(source);
  const module = await importModule(location);
  const handler = find(module, location);
  if (typeof handler !== 'function') {
    const problem = handler === undefined ? 'is undefined or not exported' : 'is not a function';
    const message = `${location.shown} ${problem} in ${location.url}. It exports: ${exportsOf(module)}.`;
    throw HandlerError.at('Runtime.HandlerNotFound', message, []);
  }
  if (handler.length >= 3 && !(STREAMING in handler)) throw callbackHandler(location);
  return handler as Handler;
}

/** Imports a module of the user's; rejects as {@link loadHandler} does. */
export async function importModule({
  url,
  shown,
  from,
}: Pick<HandlerLocation, 'url' | 'shown' | 'from'>): Promise<Record<string, unknown>> {
  try {
    return (await import(url)) as Record<string, unknown>;
  } catch (error) {
    const fault = await importFault(error, url, from);
    if (fault !== undefined)
      throw HandlerError.at(fault.errorType, `${shown}: ${fault.message}`, fault.frame);
    // `new RegExp`, `JSON.parse`: its stack says where.
    if (types.isNativeError(error) && error.name === 'SyntaxError')
      throw new HandlerError('Runtime.UserCodeSyntaxError', `${shown}: ${error.message}`, { cause: error });
    throw error;
  }
}

function exportsOf(module: Record<string, unknown>): string {
  const names = Object.keys(module).filter((name) => name !== 'module.exports');
  const { default: own } = module;
  const below = typeof own === 'object' && own !== null ? Object.keys(own) : [];
  return listed([...new Set([...names, ...below])]);
}

/** ESM exports by name; CommonJS under `default`, which is `module.exports`; and the default export itself. */
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

function callbackHandler({ shown }: HandlerLocation): HandlerError {
  return new HandlerError(
    'Runtime.CallbackHandlerDeprecated',
    `${shown} takes a callback as its third parameter, which is not supported. Write it as ` +
      'async (event, context) => result: return the result instead of calling callback(null, result), and throw ' +
      'instead of calling callback(error).',
  );
}
