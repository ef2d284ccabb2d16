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
  // Every thread would load these at its start; node:child_process alone takes 2 ms of CPU time.
  const { execFile } = process.getBuiltinModule('node:child_process');
  const { ENTRY_FILES } = await import('../package-files.ts');
  const entry = fileURLToPath(ENTRY_FILES.syntaxErrorSearch);
  try {
    await promisify(execFile)(process.execPath, [...FLAGS, entry, url, error.message], {
      env: { ...process.env, NODE_OPTIONS: '' },
      timeout: SEARCH_TIMEOUT_MS,
      killSignal: 'SIGKILL',
    });
    return undefined;
  } catch (failed) {
    return placeIn((failed as { readonly stderr?: string }).stderr ?? '');
  }
}

const FLAGS = ['--experimental-vm-modules', '--experimental-import-meta-resolve', '--no-warnings'];

/** The function cannot start in any case, so the search is allowed to take some time. */
const SEARCH_TIMEOUT_MS = 5_000;
