import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname, extname, join, relative, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { types } from 'node:util';
import { syntaxPlace } from './syntax-error-location.ts';

/** Explains to the module's author why it could not be loaded. */
export interface ImportFault {
  readonly errorType: 'Runtime.UserCodeSyntaxError' | 'Runtime.ImportModuleError';
  readonly message: string;
  /** Lines of the code around the error, shown below the message. */
  readonly frame: readonly string[];
}

/**
 * Explains why an import was rejected. Undefined if the module itself threw the error.
 *
 * @param url the module that was imported.
 * @param from the directory to which file names in the message are relative.
 */
export async function importFault(
  error: unknown,
  url: string,
  from: string,
): Promise<ImportFault | undefined> {
  if (!types.isNativeError(error)) return undefined;
  if (error.name === 'SyntaxError') return syntaxFault(error, url, from);
  const { code } = error as NodeJS.ErrnoException;
  if (code !== 'ERR_MODULE_NOT_FOUND' && code !== 'MODULE_NOT_FOUND') return undefined;
  return { errorType: 'Runtime.ImportModuleError', message: explainMissing(error, from), frame: [] };
}

/** Describes the content of a directory in which a file was not found. */
export function listDirectory(directory: string, from?: string): string {
  const shown = from === undefined ? directory : short(directory, from);
  try {
    return `${shown} has ${joinNames(readdirSync(directory).filter((name) => !name.startsWith('.')))}.`;
  } catch {
    return `There is no directory ${shown}.`;
  }
}

/** Joins names for a message, limited in number. */
export function joinNames(names: readonly string[]): string {
  if (names.length === 0) return 'nothing';
  const more = names.length > MAX_NAMES ? ` and ${names.length - MAX_NAMES} more` : '';
  return `${names.slice(0, MAX_NAMES).join(', ')}${more}`;
}

const MAX_NAMES = 12;

async function syntaxFault(error: Error, url: string, from: string): Promise<ImportFault | undefined> {
  const place = await syntaxPlace(error, url);
  if (place === undefined) return undefined;
  const { file, line, column, frame } = place;
  return {
    errorType: 'Runtime.UserCodeSyntaxError',
    message: `${[short(file, from), line, ...(column === undefined ? [] : [column])].join(':')}: ${error.message.trim().replaceAll(/\n+/g, ' ')}${exportsInstead(error, file)}`,
    frame,
  };
}

/** Lists the exports of the imported module if the error is about a missing export. */
function exportsInstead({ message }: Error, importer: string): string {
  const [, specifier, name] =
    /^The requested module '(.+)' does not provide an export named '(.+)'$/.exec(message) ?? [];
  if (specifier === undefined || !specifier.startsWith('.')) return '';
  const names = exportsOf(resolve(dirname(importer), specifier));
  const isType = extname(importer).endsWith('ts') ? ` If ${name} is a type, write: import type.` : '';
  return `. It exports: ${names}.${isType}`;
}

/** Finds exports by reading the source, because loading the module would execute it. */
function exportsOf(file: string): string {
  let source: string;
  try {
    source = readFileSync(file, 'utf8');
  } catch {
    return 'nothing that can be read';
  }
  const declared = [
    ...source.matchAll(/^\s*export\s+(?:async\s+)?(?:const|let|var|class|function)\s*\*?\s*([\w$]+)/gm),
  ].map(([, name = '']) => name);
  const named = [...source.matchAll(/^\s*export\s*\{([^}]*)\}/gm)].flatMap(([, list = '']) =>
    list
      .split(',')
      .map(
        (part) =>
          part
            .trim()
            .split(/\s+as\s+/)
            .at(-1) ?? '',
      )
      .filter((name) => name !== '' && !name.startsWith('type ')),
  );
  return joinNames([...declared, ...named, ...(/^\s*export\s+default\b/m.test(source) ? ['default'] : [])]);
}

function explainMissing({ message, ...more }: Error, from: string): string {
  const [first = ''] = message.split('\n');
  const [, kind, missing = '', by] =
    /^Cannot find (module|package) '(.+?)'(?: imported from (.+))?$/.exec(first) ?? [];
  const importer = pathOf(by ?? (more as { requireStack?: readonly string[] }).requireStack?.[0]);
  if (kind === undefined || importer === undefined) return first;
  const says = `Cannot find ${kind} '${short(missing, from)}' imported from ${short(importer, from)}.`;
  const isPath = missing.startsWith('.') || missing.startsWith(sep);
  return `${says} ${isPath ? pathInstead(resolve(dirname(importer), missing), from) : packagesInstead(importer)}`;
}

function pathInstead(path: string, from: string): string {
  const directory = dirname(path);
  if (!existsSync(directory)) return listDirectory(directory, from);
  if (existsSync(path) && statSync(path).isDirectory())
    return `It is a directory: name a file. ${listDirectory(path, from)}`;
  const stem = basename(path, extname(path));
  const alike = readdirSync(directory).filter((name) =>
    [stem, basename(path)].some((start) => name.startsWith(`${start}.`)),
  );
  const hint = alike.length === 0 ? '' : ` Did you mean ${alike.join(' or ')}?`;
  return `${listDirectory(directory, from)}${hint}`;
}

function packagesInstead(importer: string): string {
  const looked: string[] = [];
  for (let at = dirname(importer); ; at = dirname(at)) {
    const directory = join(at, 'node_modules');
    if (existsSync(directory)) looked.push(directory);
    if (dirname(at) === at) break;
  }
  return looked.length === 0
    ? `There is no node_modules in ${dirname(importer)} and above: install the packages of the function, or bundle them.`
    : `It is not in ${looked.join(', nor in ')}.`;
}

function pathOf(importer: string | undefined): string | undefined {
  return importer?.startsWith('file:') === true ? fileURLToPath(importer) : importer;
}

function short(file: string, from: string): string {
  const path = relative(from, file);
  return !file.startsWith(sep) || path.startsWith('..') || path === '' ? file : path;
}
