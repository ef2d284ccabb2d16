import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Metafile } from 'esbuild';

/** A package with native code that is part of a bundle, where its binaries are missing. */
export interface NativePackage {
  /** The package, or the path of a binary that belongs to no package. */
  readonly name: string;
  /** A file that imports it, relative to the working directory of esbuild. */
  readonly importer: string;
}

/**
 * Finds packages with native code in a bundle. A package that only other native packages import, such as the binaries of one
 * platform, is left out.
 *
 * @param workingDirectory the working directory of esbuild, to which the paths of a metafile are relative.
 */
export function nativePackagesIn(metafile: Metafile, workingDirectory: string): NativePackage[] {
  const imports = importsOf(metafile);
  const binaries = new Set(imports.filter(({ to }) => isBinary(to)).map(({ to }) => folderOf(to) ?? to));
  const isNative = (place: string): boolean => binaries.has(place) || hasNativeCode(place, workingDirectory);
  const natives = new Set(imports.map(({ to }) => folderOf(to) ?? to).filter(isNative));
  const found = new Map<string, NativePackage>();
  for (const { from, to } of imports) {
    const place = folderOf(to) ?? to;
    if (!natives.has(place) || natives.has(folderOf(from) ?? from)) continue;
    if (!found.has(place)) found.set(place, { name: nameOf(place), importer: from });
  }
  return [...found.values()];
}

/** Says what to do about a package with native code. */
export function describeNativePackage({ name, importer }: NativePackage): string {
  if (isBinary(name))
    return `${importer} imports ${name}, which esbuild cannot bundle: set a loader for it in bundling.loader, { '.node': 'copy' } for example`;
  return [
    `${importer} imports ${name}, which has native code that esbuild cannot bundle: list it in bundling.nodeModules, from where it`,
    `is installed for the function's platform, or in bundling.externalModules if a layer has it or the function works without it`,
  ].join(' ');
}

interface Import {
  readonly from: string;
  readonly to: string;
}

/** The imports whose two files are in the output. The binaries themselves are empty there. */
function importsOf({ inputs, outputs }: Metafile): Import[] {
  const bundled = new Set(
    Object.values(outputs).flatMap((output) =>
      Object.entries(output.inputs)
        .filter(([, { bytesInOutput }]) => bytesInOutput > 0)
        .map(([file]) => file),
    ),
  );
  return Object.entries(inputs)
    .filter(([from]) => bundled.has(from))
    .flatMap(([from, { imports }]) =>
      imports
        .filter(({ path, external }) => external !== true && (bundled.has(path) || isBinary(path)))
        .map(({ path }) => ({ from, to: path })),
    );
}

function isBinary(file: string): boolean {
  return file.endsWith('.node');
}

/** The folder of the package to which a file belongs. */
function folderOf(file: string): string | undefined {
  return /^.*\bnode_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/.exec(file)?.[0];
}

function nameOf(place: string): string {
  return place.replace(/^.*\bnode_modules\//, '');
}

/** Whether the package.json of a package says that the package has, builds or downloads binaries. */
function hasNativeCode(folder: string, workingDirectory: string): boolean {
  const file = resolve(workingDirectory, folder, 'package.json');
  if (!existsSync(file)) return false;
  const { gypfile, binary, napi, dependencies, optionalDependencies } = JSON.parse(
    readFileSync(file, 'utf8'),
  ) as Manifest;
  return (
    gypfile === true ||
    binary !== undefined ||
    napi !== undefined ||
    Object.keys(dependencies ?? {}).some((name) => FOR_BINARIES.has(name)) ||
    Object.keys(optionalDependencies ?? {}).some((name) => OF_A_PLATFORM.test(name))
  );
}

interface Manifest {
  readonly gypfile?: boolean;
  readonly binary?: unknown;
  readonly napi?: unknown;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

/** Packages that build, download or load binaries. */
const FOR_BINARIES: ReadonlySet<string> = new Set([
  '@mapbox/node-pre-gyp',
  'bindings',
  'nan',
  'node-addon-api',
  'node-gyp-build',
  'node-gyp-build-optional-packages',
  'node-pre-gyp',
  'pkg-prebuilds',
  'prebuild-install',
]);

/** The name of a package with the binaries of one platform, such as `@img/sharp-linux-x64`. */
const OF_A_PLATFORM = /(?:^|[/-])linux(?:musl)?-(?:x64|arm64)\b/;
