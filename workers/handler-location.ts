import { existsSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { HandlerSource } from '../src/thread-settings.ts';
import { contentOf } from '../src/invocation/import-error.ts';
import { HandlerError } from './handler-error.ts';

/** Which module to import, and what to call in it. */
export interface HandlerLocation {
  readonly url: string;
  /** The names to follow from the module to the handler; undefined where none was given. */
  readonly exportPath: readonly string[] | undefined;
  /** How the user named it, for messages. */
  readonly shown: string;
  /** The directory below which messages name files. */
  readonly from: string;
}

export function locateHandler(source: HandlerSource): HandlerLocation {
  return source.kind === 'file' ? locateFile(source) : locateString(source);
}

function locateFile({ file, given, exportName }: HandlerSource & { kind: 'file' }): HandlerLocation {
  if (!isFile(file)) {
    const from =
      given === file ? '' : ` (given as ${JSON.stringify(given)}, working directory ${process.cwd()})`;
    const message = `There is no worker file: looked for ${file}${from}. ${contentOf(dirname(file))}`;
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

const EXTENSIONS = ['', '.js', '.mjs', '.cjs', '.ts', '.mts', '.cts'];

function findModule(taskRoot: string, file: string): string {
  const path = resolve(taskRoot, file);
  const extension = EXTENSIONS.find((candidate) => isFile(path + candidate));
  if (extension !== undefined) return pathToFileURL(path + extension).href;
  try {
    const require = createRequire(join(resolve(taskRoot), 'noop.js'));
    // A directory has its index file or a package.json, as it has for AWS's client.
    return pathToFileURL(require.resolve(existsSync(path) ? path : file)).href;
  } catch {
    throw HandlerError.at(
      'Runtime.ImportModuleError',
      `Cannot find the module ${JSON.stringify(file)}: looked for ${path} with the extensions ` +
        `${EXTENSIONS.slice(1).join(', ')}, then for a package of that name from ${taskRoot}. ` +
        contentOf(dirname(path)),
      [],
    );
  }
}

function isFile(path: string): boolean {
  return existsSync(path) && statSync(path).isFile();
}
