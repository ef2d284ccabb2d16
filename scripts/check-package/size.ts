import assert from 'node:assert/strict';
import { readFileSync, readdirSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import type { Check } from './check.ts';
import { describeSize, excessOf, packageSizes } from './package-size.ts';
import type { InstalledFile } from './package-size.ts';
import { createProject } from './project.ts';

/** Checks how much users download and install: the tarball alone, in an empty folder, on Linux x64, without devDependencies. */
export const size: Check = async ({ tarball }, log) => {
  const platform = ['--os=linux', '--cpu=x64', '--libc=glibc'];
  using project = await createProject(log, undefined, ['--omit=dev', ...platform, tarball]);
  const measured = {
    tarballBytes: statSync(tarball).size,
    packages: packageSizes(filesBelow(project.path)),
  };
  log.write(describeSize(measured));
  const excess = excessOf(measured);
  if (excess.length > 0) throw new Error(excess.join('\n'));
  const folders = measured.packages.map(({ folder }) => folder).filter((folder) => !folder.endsWith(OWN));
  const naming = folders.filter((folder) => hasPeers(join(project.path, folder)));
  assert.deepEqual(
    naming,
    [],
    'npm install --omit=dev keeps development dependencies that these packages name as peers.',
  );
};

const OWN = '/lambda-managed-runtime';

function hasPeers(folder: string): boolean {
  const { peerDependencies = {} } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as {
    readonly peerDependencies?: object;
  };
  return Object.keys(peerDependencies).length > 0;
}

function filesBelow(folder: string): InstalledFile[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .map((path) => ({ path: relative(folder, path), bytes: statSync(path).size }));
}
