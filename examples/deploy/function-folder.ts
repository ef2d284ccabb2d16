import { mkdir, readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { DeployedFunction } from './functions.ts';

const EXAMPLES = fileURLToPath(new URL('..', import.meta.url));

/**
 * Writes the content of a function's zip file or image, except node_modules: its code and a package.json. The scripts that
 * start the runtime are in the package.
 *
 * @param runtime the npm specifier of lambda-managed-runtime: a version, or `file:` and the path of a tarball.
 */
export async function writeFunctionFolder(
  { name, packages, bootstrap }: DeployedFunction,
  folder: string,
  runtime: string,
): Promise<void> {
  await mkdir(folder, { recursive: true });
  const source = join(EXAMPLES, name);
  const code = (await readdir(source)).filter((file) => file.endsWith('.ts'));
  // The command replaces the bootstraps without options.
  for (const file of code.filter((file) => file !== 'main.ts' || file === bootstrap)) {
    const text = await readFile(join(source, file), 'utf8');
    await writeFile(join(folder, file), withPackageNames(text));
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
}

/** Within this repository, the examples import the package's sources. */
function withPackageNames(code: string): string {
  return code
    .replaceAll("'../../src/index.ts'", "'lambda-managed-runtime'")
    .replaceAll("'../../workers/index.ts'", "'lambda-managed-runtime/worker'");
}
