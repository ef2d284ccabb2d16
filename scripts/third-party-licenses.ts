import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Metafile } from 'esbuild';
import { packageFolder } from './package-folder.ts';

/** A package whose code is part of a bundle. */
export interface BundledPackage {
  readonly name: string;
  readonly version: string;
  /** The identifier in its package.json, `MIT` for example. */
  readonly license: string;
  /** Its license, and its notice if it has one. */
  readonly text: string;
}

/** Reads the packages whose code is in the outputs of builds, sorted by name. `root` is the directory of the builds. */
export function bundledPackages(root: string, builds: readonly Metafile[]): BundledPackage[] {
  return bundledFolders(builds)
    .map((folder) => readPackage(join(root, folder)))
    .toSorted((one, other) => compare(one.name, other.name) || compare(one.version, other.version));
}

/** Lists the folders of packages of which at least one byte is in an output. */
export function bundledFolders(builds: readonly Metafile[]): string[] {
  const inputs = builds.flatMap(({ outputs }) =>
    Object.values(outputs).flatMap((output) => Object.entries(output.inputs)),
  );
  const folders = inputs
    .filter(([, { bytesInOutput }]) => bytesInOutput > 0)
    .flatMap(([file]) => packageFolder(file) ?? []);
  return [...new Set(folders)];
}

/** @throws Error when the package has no license text, because then it must not be bundled. */
function readPackage(folder: string): BundledPackage {
  const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as {
    name: string;
    version: string;
    license?: string;
  };
  const files = readdirSync(folder).filter((file) => LICENSE_FILE.test(file));
  if (license === undefined || !files.some((file) => !/^notice/i.test(file)))
    throw new Error(`${name} ${version} cannot be bundled: the package has no license or no license text.`);
  const text = files.toSorted(compare).map((file) => readFileSync(join(folder, file), 'utf8').trim());
  return { name, version, license, text: text.join('\n\n') };
}

const LICENSE_FILE = /^(?:licen[cs]e|copying|notice)(?:[-.].*)?$/i;

/** Formats a list of the packages, followed by their licenses. */
export function licenseFile(packages: readonly BundledPackage[]): string {
  const titles = packages.map(({ name, version, license }) => `${name} ${version} (${license})`);
  const sections = packages.map(({ text }, index) => `${RULE}\n${titles[index]}\n${RULE}\n\n${text}\n`);
  return [
    'lambda-managed-runtime contains code of these packages:\n',
    ...titles.map((title) => `- ${title}`),
    '',
    sections.join('\n'),
  ].join('\n');
}

const RULE = '-'.repeat(80);

const compare = (one: string, other: string): number => (one < other ? -1 : Number(one > other));
