import { packageFolder } from '../package-folder.ts';

/** Raising a limit is a decision: scripts/build.ts bundles what Lambda does not need. */
const LIMITS = { tarballBytes: 700_000, installedBytes: 7_500_000, packages: 21 };

/** What users download and install. */
export interface Size {
  readonly tarballBytes: number;
  readonly packages: readonly PackageSize[];
}

interface PackageSize {
  /** The path of its folder. */
  readonly folder: string;
  readonly files: number;
  readonly bytes: number;
}

/** A file of an installation. */
export interface InstalledFile {
  /** Relative to the project. */
  readonly path: string;
  readonly bytes: number;
}

/** Adds up the files of each package. The largest package is first; npm's own files belong to none. */
export function packageSizes(files: readonly InstalledFile[]): PackageSize[] {
  const byPackage = Map.groupBy(files, ({ path }) => packageFolder(path));
  return [...byPackage]
    .flatMap(([folder, own]) =>
      folder === undefined ? [] : [{ folder, files: own.length, bytes: sum(own) }],
    )
    .toSorted((one, other) => other.bytes - one.bytes);
}

/** Formats sizes and limits, and a table of the packages. */
export function describeSize({ tarballBytes, packages }: Size): string {
  const rows = packages.map(({ folder, files, bytes }) => {
    const name = folder.replace('node_modules/', '');
    return `  ${name.padEnd(32)} ${kB(bytes).padStart(9)} in ${files} files`;
  });
  return [
    `tarball    ${kB(tarballBytes)} (limit: ${kB(LIMITS.tarballBytes)})`,
    `installed  ${kB(sum(packages))} (limit: ${kB(LIMITS.installedBytes)}), file sizes without the rounding to disk blocks`,
    `packages   ${packages.length} (limit: ${LIMITS.packages}), this one included`,
    ...rows,
    '',
  ].join('\n');
}

/** Describes each limit that is exceeded. */
export function excessOf({ tarballBytes, packages }: Size): string[] {
  const installedBytes = sum(packages);
  const excess: string[] = [];
  if (tarballBytes > LIMITS.tarballBytes)
    excess.push(`The tarball has ${kB(tarballBytes)}; the limit is ${kB(LIMITS.tarballBytes)}.`);
  if (installedBytes > LIMITS.installedBytes)
    excess.push(`The installation has ${kB(installedBytes)}; the limit is ${kB(LIMITS.installedBytes)}.`);
  if (packages.length > LIMITS.packages)
    excess.push(`The installation has ${packages.length} packages; the limit is ${LIMITS.packages}.`);
  return excess;
}

const sum = (parts: readonly { readonly bytes: number }[]) =>
  parts.reduce((total, { bytes }) => total + bytes, 0);

/** Rounded up, so that a size above its limit never looks like the limit. */
const kB = (bytes: number) => `${Math.ceil(bytes / 1000).toLocaleString('en')} kB`;
