import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { isAbsolute, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { ManagedRuntimeError } from '../errors.ts';
import type { HandlerSource } from '../thread-settings.ts';
import type { RawConfig } from './raw-config.ts';

/** Resolves the handler reference for the thread that loads it. */
export function handlerSource({ reference, options, env }: RawConfig): HandlerSource {
  if (reference.kind === 'file') {
    const given = String(reference.workerFile);
    return { kind: 'file', file: filePath(reference.workerFile), given, exportName: options.handler };
  }
  return {
    kind: 'handler-string',
    handlerString: env._HANDLER ?? '',
    taskRoot: env.LAMBDA_TASK_ROOT ?? process.cwd(),
  };
}

/** {@link moduleUrl} of an optional module. */
export function optionalModuleUrl(module: string | URL | undefined): string | undefined {
  return module === undefined ? undefined : moduleUrl(module);
}

/**
 * The `file:` URL of a module. Package names are resolved from the working directory as Node.js does.
 *
 * @throws ManagedRuntimeError `CONFIG_INVALID` if the package cannot be resolved.
 */
export function moduleUrl(module: string | URL): string {
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

function filePath(file: string | URL): string {
  if (file instanceof URL || file.startsWith('file:')) return fileURLToPath(file);
  return resolve(file);
}
