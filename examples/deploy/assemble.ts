/**
 * Creates the folder build/<function> with the content of the zip file for each function.
 *
 *     node examples/deploy/assemble.ts lambda-managed-runtime-0.1.0.tgz
 *
 * The argument is the tarball that `npm pack` created.
 */
import { spawnSync } from 'node:child_process';
import { copyFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { writeFunctionFolder } from './function-folder.ts';
import { FUNCTIONS } from './functions.ts';

const build = fileURLToPath(new URL('build', import.meta.url));
const [tarball] = process.argv.slice(2);
if (tarball === undefined) throw new Error('Pass the tarball that `npm pack` created.');

await rm(build, { recursive: true, force: true });
for (const one of FUNCTIONS) {
  const folder = join(build, one.name);
  await writeFunctionFolder(one, folder, 'file:lambda-managed-runtime.tgz');
  await copyFile(tarball, join(folder, 'lambda-managed-runtime.tgz'));
  // sharp and argon2 contain native binaries, so npm must install those for the function's platform.
  const install = ['install', '--omit=dev', '--os=linux', '--cpu=arm64', '--libc=glibc', '--no-audit'];
  const { status } = spawnSync('npm', install, { cwd: folder, stdio: 'inherit' });
  if (status !== 0) throw new Error(`npm install failed in ${folder}.`);
}
