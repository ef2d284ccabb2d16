import { fileURLToPath } from 'node:url';

const ROOT = new URL('../../', import.meta.url);

/**
 * Whether the processes of the tests load the built package instead of the sources (`PACKAGE=built`). CONTRIBUTING.md says which
 * tests do.
 */
const isBuilt = process.env['PACKAGE'] === 'built';

/** The environment of a process whose fixtures load the same files, by `importEntry()` of fixtures/import-entry.mjs. */
export const ENTRIES_ENV: NodeJS.ProcessEnv = isBuilt ? { BUILT_PACKAGE: new URL('dist/', ROOT).href } : {};

/** The path of an entry of the package, which the name of its source names. */
export function entryFile(source: string): string {
  return isBuilt
    ? fileURLToPath(new URL(source.replace(/\.ts$/, '.js'), new URL('dist/', ROOT)))
    : sourceFile(source);
}

export function sourceFile(source: string): string {
  return fileURLToPath(new URL(source, ROOT));
}
