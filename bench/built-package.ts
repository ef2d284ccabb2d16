import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** A build of the package. */
export interface BuiltPackage {
  /** The file that `npx lambda-managed-runtime` runs. */
  readonly entry: string;
  readonly version: string;
}

/**
 * Finds the build to measure: the given file, or this project's build.
 *
 * @throws Error when there is no build, or the build is older than its sources.
 */
export function findBuiltPackage(given: string | undefined): BuiltPackage {
  const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string };
  if (given !== undefined) return { entry: resolve(given), version };
  const entry = join(ROOT, 'dist/src/cli/main.js');
  const builtMs = modifiedMs(entry);
  if (builtMs === undefined) throw new Error(`${relative(ROOT, entry)} does not exist. ${BUILD}`);
  const newer = ['src', 'workers'].flatMap(sourceFiles).find((file) => (modifiedMs(file) ?? 0) > builtMs);
  if (newer !== undefined) throw new Error(`dist is older than ${relative(ROOT, newer)}. ${BUILD}`);
  return { entry, version };
}

const ROOT = fileURLToPath(new URL('..', import.meta.url));
/** What the development server and the browser tests build of the console's page, without an effect on `dist`. */
const PAGE_BUNDLE = '/console/page/bundle/';
const BUILD = 'Run `npm run build` first: it is the built package that is measured.';

function sourceFiles(folder: string): string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((file) => !file.includes(PAGE_BUNDLE));
}

function modifiedMs(file: string): number | undefined {
  return statSync(file, { throwIfNoEntry: false })?.mtimeMs;
}
