import { chmod, copyFile, mkdir, readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { DeployedFunction } from './functions.ts';

const EXAMPLES = fileURLToPath(new URL('..', import.meta.url));
const SCRIPTS = ['exec-wrapper', 'bootstrap'];

/**
 * Writes the content of a function's zip file or image, except node_modules: its code, a package.json, and the scripts
 * that start the runtime.
 *
 * @param runtime the npm specifier of lambda-managed-runtime: a version, or `file:` and the path of a tarball.
 */
export async function writeFunctionFolder(
  { name, packages }: DeployedFunction,
  folder: string,
  runtime: string,
): Promise<void> {
  await mkdir(folder, { recursive: true });
  const source = join(EXAMPLES, name);
  const files = (await readdir(source)).filter((file) => file.endsWith('.ts') && file !== 'main.ts');
  for (const file of files) {
    const code = await readFile(join(source, file), 'utf8');
    // Within this repository, the examples import the package's sources.
    await writeFile(
      join(folder, file),
      code.replaceAll("'../../workers/index.ts'", "'lambda-managed-runtime/worker'"),
    );
  }
  const { devDependencies } = JSON.parse(await readFile(join(EXAMPLES, '../package.json'), 'utf8')) as {
    devDependencies: Readonly<Record<string, string>>;
  };
  const used = Object.fromEntries(packages.map((one) => [one, devDependencies[one]]));
  const description = {
    name,
    private: true,
    type: 'module',
    dependencies: { 'lambda-managed-runtime': runtime, ...used },
  };
  await writeFile(join(folder, 'package.json'), `${JSON.stringify(description, null, 2)}\n`);
  for (const script of SCRIPTS) {
    await copyFile(join(EXAMPLES, 'deploy/zip', script), join(folder, script));
    await chmod(join(folder, script), 0o755);
  }
}
