import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

/** Where a file cannot be parsed, or names an import that is not there. */
export interface SyntaxPlace {
  readonly file: string;
  readonly line: number;
  /** Undefined where the fault is not in one place of the line. */
  readonly column: number | undefined;
  /** Lines of the code; below the one with the fault, what points to the column. */
  readonly frame: readonly string[];
}

/**
 * Finds the place of a syntax error that an import has met. Node.js has put it in front of the stack, except where a
 * JavaScript file is an ES module: there it writes the place only to the stderr of a process that ends with the error.
 *
 * @param url the module that was imported; the fault may be in what that imports.
 */
export async function syntaxPlace(error: Error, url: string): Promise<SyntaxPlace | undefined> {
  const stack = error.stack ?? '';
  return placeIn(stack) ?? (/^ +at compileSourceTextModule /m.test(stack) ? search(error, url) : undefined);
}

/** What stands in front of the stack: a line with file and line, then those of the code, one of which may point to the column. */
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
    frame: code.slice(0, MAX_LINES).map((each) => each.slice(from, from + LONGEST_LINE)),
  };
}

/** A bundle may have all of its code in one line. */
const LONGEST_LINE = 160;
const BEFORE_COLUMN = 80;
const MAX_LINES = 10;

/** Asks a process that parses, but does not run, the modules that this one leads to. */
async function search(error: Error, url: string): Promise<SyntaxPlace | undefined> {
  // A program that Node.js is part of cannot be started with other code.
  if (process.getBuiltinModule('node:sea').isSea()) return undefined;
  const code = `(${String(parseAll)})(import.meta.resolve, ...process.argv.slice(1))`;
  try {
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

/** The function cannot start in any case; its caller waits for the reason. */
const SEARCH_TIMEOUT_MS = 5_000;

/**
 * Throws what a module, or one that it leads to, throws when it is parsed, if that is this message. Runs in a process of
 * its own, as text: it sees nothing but its parameters.
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
  const own = [start];
  const ofPackages: string[] = [];
  const find = (specifier: string, from: string): string | undefined => {
    try {
      return resolve(specifier, from);
    } catch {
      // As `require` looks for it.
    }
    try {
      return pathToFileURL(createRequire(from).resolve(specifier)).href;
    } catch {
      return undefined;
    }
  };
  for (let url = own.shift(); url !== undefined; url = own.shift() ?? ofPackages.shift()) {
    const file = pathOf(url);
    let source: string;
    try {
      source = readFileSync(file, 'utf8');
      if (/\.[mc]?ts$/.test(file)) source = stripTypeScriptTypes(source);
      if (!/\.c[jt]s$/.test(file)) void new SourceTextModule(source, { identifier: file });
    } catch (fault) {
      if ((fault as Error).message === message) throw fault;
      continue;
    }
    for (const [, , specifier = ''] of source.matchAll(
      /\b(?:from|import|require)\s*\(?\s*(['"])([^'"\n]+)\1/g,
    )) {
      const found = find(specifier, url);
      if (found === undefined || !found.startsWith('file:') || known.has(found)) continue;
      known.add(found);
      (found.includes('/node_modules/') ? ofPackages : own).push(found);
    }
  }
}
