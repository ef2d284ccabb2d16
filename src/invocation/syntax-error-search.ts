/**
 * The entry of a process that parses a module and its imports, without running them, until a parse error has the given
 * message. It then throws that error, and Node.js writes the position to stderr. Arguments: the module's URL, the message.
 */
import { readFileSync, statSync } from 'node:fs';
import { createRequire, stripTypeScriptTypes } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { SourceTextModule } from 'node:vm';

/** The files that can have such an error: not JSON and addons. A module can have no extension. */
const CODE = /(?:\.[cm]?[jt]s|\/[^/.]+)$/;

const [, , start = '', message = ''] = process.argv;
const known = new Set([start]);
const ownModules = [start];
const packageModules: string[] = [];
for (let url = ownModules.shift(); url !== undefined; url = ownModules.shift() ?? packageModules.shift()) {
  const file = fileURLToPath(url);
  if (!CODE.test(file)) continue;
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

/** Finds what a module imports or requires. */
function find(specifier: string, from: string): string | undefined {
  try {
    const url = import.meta.resolve(specifier, from);
    // It completes no file name, and does not look whether there is such a file.
    if (!url.startsWith('file:') || isFile(url)) return url;
  } catch {
    // CommonJS resolution follows.
  }
  try {
    return pathToFileURL(createRequire(from).resolve(specifier)).href;
  } catch {
    return undefined;
  }
}

function isFile(url: string): boolean {
  return statSync(fileURLToPath(url), { throwIfNoEntry: false })?.isFile() === true;
}
