import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

/** The position of a syntax error or of an import of a missing export. */
export interface SyntaxPlace {
  readonly file: string;
  readonly line: number;
  /** Undefined if the error has no single position in the line. */
  readonly column: number | undefined;
  /** Lines of the code, with a marker below the column of the error. */
  readonly frame: readonly string[];
}

/**
 * Finds the position of a syntax error from an import. Node.js puts the position before the stack, except for ES modules in
 * JavaScript. For those, it writes the position only to the stderr of a process that ends with the error.
 *
 * @param url the module that was imported; the error may be in one of its imports.
 */
export async function syntaxPlace(error: Error, url: string): Promise<SyntaxPlace | undefined> {
  const stack = error.stack ?? '';
  return placeIn(stack) ?? (/^ +at compileSourceTextModule /m.test(stack) ? search(error, url) : undefined);
}

/** Parses the text before the stack: a line with file and line number, then lines of code, one of which may mark the column. */
function placeIn(text: string): SyntaxPlace | undefined {
  const [head = '', ...lines] = text.split('\n');
  const [, file, line] = /^(file:.+|\/.+|[A-Za-z]:\\.+):(\d+)$/.exec(head) ?? [];
  if (file === undefined) return undefined;
  const code = lines.slice(
    0,
    lines.findIndex((each) => each.startsWith('SyntaxError')),
  );
  while (code.at(-1)?.trim() === '') code.pop();
  const pointer = code.find((each) => /^[ \t]*\^+$/.test(each));
  const column = pointer === undefined ? undefined : pointer.indexOf('^') + 1;
  const from = Math.max(0, (column ?? 1) - 1 - BEFORE_COLUMN);
  return {
    file: file.startsWith('file:') ? fileURLToPath(file) : file,
    line: Number(line),
    column,
    frame: code.slice(0, MAX_LINES).map((each) => each.slice(from, from + MAX_LINE_LENGTH)),
  };
}

/** A bundle may have all of its code in one line. */
const MAX_LINE_LENGTH = 160;
const BEFORE_COLUMN = 80;
const MAX_LINES = 10;

/** Starts a process that parses the module and its imports without running them. */
async function search(error: Error, url: string): Promise<SyntaxPlace | undefined> {
  // A single executable application cannot run other code.
  if (process.getBuiltinModule('node:sea').isSea()) return undefined;
  const code = `(${String(parseAll)})(import.meta.resolve, ...process.argv.slice(1))`;
  try {
    // Every thread would load it at its start, which takes 2 ms of CPU time.
    const { execFile } = process.getBuiltinModule('node:child_process');
    await promisify(execFile)(process.execPath, [...PARSER, code, url, error.message], {
      env: { ...process.env, NODE_OPTIONS: '' },
      timeout: SEARCH_TIMEOUT_MS,
      killSignal: 'SIGKILL',
    });
    return undefined;
  } catch (failed) {
    return placeIn((failed as { readonly stderr?: string }).stderr ?? '');
  }
}

const PARSER = [
  '--experimental-vm-modules',
  '--experimental-import-meta-resolve',
  '--no-warnings',
  '--input-type=module',
  '--eval',
];

/** The function cannot start in any case, so the search is allowed to take some time. */
const SEARCH_TIMEOUT_MS = 5_000;

/**
 * Parses a module and its imports until a parse error has the given message, then throws that error. It is passed to a separate
 * process as source text, so it must not use anything but its parameters.
 */
function parseAll(
  resolve: (specifier: string, from: string) => string,
  start: string,
  message: string,
): void {
  const { readFileSync } = process.getBuiltinModule('node:fs');
  const { createRequire, stripTypeScriptTypes } = process.getBuiltinModule('node:module');
  const { fileURLToPath: pathOf, pathToFileURL } = process.getBuiltinModule('node:url');
  const { SourceTextModule } = process.getBuiltinModule('node:vm');
  const known = new Set([start]);
  const ownModules = [start];
  const packageModules: string[] = [];
  const find = (specifier: string, from: string): string | undefined => {
    try {
      return resolve(specifier, from);
    } catch {
      // CommonJS resolution follows.
    }
    try {
      return pathToFileURL(createRequire(from).resolve(specifier)).href;
    } catch {
      return undefined;
    }
  };
  for (let url = ownModules.shift(); url !== undefined; url = ownModules.shift() ?? packageModules.shift()) {
    const file = pathOf(url);
    let source: string;
    try {
      source = readFileSync(file, 'utf8');
      if (/\.[mc]?ts$/.test(file)) source = stripTypeScriptTypes(source);
      if (!/\.c[jt]s$/.test(file)) void new SourceTextModule(source, { identifier: file });
    } catch (error) {
      if ((error as Error).message === message) throw error;
      continue;
    }
    for (const [, , specifier = ''] of source.matchAll(
      /\b(?:from|import|require)\s*\(?\s*(['"])([^'"\n]+)\1/g,
    )) {
      const found = find(specifier, url);
      if (found === undefined || !found.startsWith('file:') || known.has(found)) continue;
      known.add(found);
      (found.includes('/node_modules/') ? packageModules : ownModules).push(found);
    }
  }
}
