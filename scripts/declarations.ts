import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

/** Removes declarations in `folder` that are not reachable from the entry points. Most belong to internal modules. */
export function dropUnreachable(folder: string, entries: readonly string[]): void {
  const reached = new Set<string>();
  for (const entry of entries) reach(entry, reached);
  for (const file of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    const path = join(folder, file);
    if (file.endsWith('.d.ts') && !reached.has(path)) rmSync(path);
  }
}

function reach(file: string, reached: Set<string>): void {
  if (reached.has(file)) return;
  reached.add(file);
  for (const [, specifier = ''] of readFileSync(file, 'utf8').matchAll(SPECIFIERS)) {
    const imported = resolve(dirname(file), specifier.replace(/\.[jt]s$/, '.d.ts'));
    // Examples in comments import files that do not exist.
    if (existsSync(imported)) reach(imported, reached);
  }
}

/** `from './a.js'`, `import './a.js'` and `import('./a.js')`. */
const SPECIFIERS = /\b(?:from|import)\s*\(?\s*['"](\.[^'"]+)['"]/g;
