import { readFileSync, readdirSync, realpathSync } from 'node:fs';
import { findPackageJSON } from 'node:module';
import { dirname, join, relative, sep } from 'node:path';

export const OWN_NAME = 'lambda-managed-runtime';

/** A file of this package, or of a package that it depends on, which runs on Lambda. */
export interface RuntimeFile {
  /** Where it belongs, from the folder that has `node_modules`, with `/`. */
  readonly path: string;
  readonly source: string;
  readonly isExecutable: boolean;
}

/**
 * Lists the files that a function needs to run this package: its own and those of its dependencies, without types, source
 * maps, documentation and native binaries, so that they suit every architecture.
 *
 * @param packageJson the package.json of this package.
 */
export function listRuntimeFiles(packageJson: string): RuntimeFile[] {
  return [...placePackages(dirname(realpathSync(packageJson)))]
    .flatMap(([place, folder]) => filesOf(place, folder))
    .toSorted((one, other) => (one.path < other.path ? -1 : 1));
}

/** The package.json of this package. */
export function ownPackageJson(): string {
  return findPackageJSON(import.meta.url) as string;
}

/**
 * Finds this package and its dependencies, and gives each a place where those that depend on it look for it. All are below
 * this package, so that they never mix with packages of the function or of other layers.
 */
function placePackages(own: string): Map<string, string> {
  const root = `node_modules/${OWN_NAME}`;
  const placed = new Map([[root, own]]);
  // Packages that are placed while the loop runs have their turn, too.
  for (const [place, folder] of placed) {
    for (const name of Object.keys(readManifest(folder).dependencies ?? {})) {
      if (name.startsWith('@types/')) continue;
      const found = folderOf(name, folder);
      const visible = visiblePlaces(name, place).find((candidate) => placed.has(candidate));
      if (visible === undefined) placed.set(`${root}/node_modules/${name}`, found);
      else if (placed.get(visible) !== found) placed.set(`${place}/node_modules/${name}`, found);
    }
  }
  return placed;
}

/** Where Node.js looks for a package that another one imports, the nearest place first. */
function visiblePlaces(name: string, place: string): string[] {
  const parent = place.slice(0, Math.max(0, place.lastIndexOf('/node_modules/')));
  return [`${place}/node_modules/${name}`, ...(parent === '' ? [] : visiblePlaces(name, parent))];
}

/** @throws Error that names both packages if the dependency is not installed. */
function folderOf(name: string, dependent: string): string {
  return dirname(realpathSync(findPackageJSON(name, join(dependent, 'package.json')) as string));
}

function readManifest(folder: string): Manifest {
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest;
}

interface Manifest {
  readonly name: string;
  readonly dependencies?: Readonly<Record<string, string>>;
}

function filesOf(place: string, folder: string): RuntimeFile[] {
  const isOwn = readManifest(folder).name === OWN_NAME;
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)).replaceAll(sep, '/'))
    .filter((file) => (RUNS_ON_LAMBDA.test(file) || isLicense(file)) && !LEFT_OUT.test(file))
    .filter((file) => !isOwn || OWN_FILES.test(file))
    .map((file) => ({
      path: `${place}/${file}`,
      source: join(folder, file),
      isExecutable: isOwn && SCRIPTS.test(file),
    }));
}

/** Modules, what they read, and the scripts that start the runtime. */
const RUNS_ON_LAMBDA = /\.(?:[cm]?js|json|wasm)$|^deploy\//;

/** Packages in packages, which have places of their own, and tests, settings and tools of packages. */
const LEFT_OUT =
  /(?:^|\/)(?:node_modules|tests?|bench|benchmarks?|examples?|docs|scripts|\.[^/]+|tsconfig[^/]*\.json|renovate\.json)(?:\/|$)/;

/** Of this package, what Lambda needs; in its repository, the folder has more. The commands for developers are left out. */
const OWN_FILES =
  /^(?:deploy\/|dist\/workers\/|dist\/src\/(?!console\/page\/|cli\/bench\/|bench-|dev-|layer-|cdk\/)|package\.json$|LICENSE$|THIRD-PARTY-LICENSES$)/;

/** The files in `deploy` that Lambda executes. */
const SCRIPTS = /^deploy\/[\w-]+$/;

function isLicense(file: string): boolean {
  return /(?:^|\/)(?:licen[cs]e|copying|notice|third-party-licenses)(?:\.\w+)?$/i.test(file);
}
