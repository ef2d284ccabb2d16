/** The process that `finishBundle()` starts after `NodejsFunction` has bundled the handler. */
import { chmodSync, copyFileSync, existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import type { Metafile } from 'esbuild';
import { listRuntimeFiles, ownPackageJson } from '../deployment/runtime-files.ts';
import { bundleBootstrap } from './bundle-bootstrap.ts';
import { BundleError, storeBundleError } from './bundle-error.ts';
import type { FinishTask } from './bundling-hook.ts';
import { describeNativePackage, nativePackagesIn } from './native-packages.ts';

/** The name that `NodejsFunction` gives to what esbuild reports. */
const METAFILE = 'index.meta.json';

const [, , encoded = ''] = process.argv;
const task = JSON.parse(Buffer.from(encoded, 'base64url').toString()) as FinishTask;
try {
  await finish(task);
} catch (error) {
  if (!(error instanceof BundleError)) throw error;
  process.stderr.write(`${error.message}.\n`);
  storeBundleError(task.output, error);
  process.exitCode = 1;
}

async function finish({ output, projectRoot, bootstrap, requiredFile, native }: FinishTask): Promise<void> {
  if (requiredFile !== undefined) return requireFile(output, requiredFile);
  if (native !== undefined) {
    const file = join(output, METAFILE);
    if (existsSync(file)) refuseNativePackages([readMetafile(file)], native.workingDirectory, projectRoot);
    // Its paths are those of this machine.
    if (!native.keepsMetafile) rmSync(file, { force: true });
  }
  copyRuntime(output);
  if (bootstrap === undefined) return;
  const metafiles = await bundleBootstrap(bootstrap, output, projectRoot);
  if (native !== undefined) refuseNativePackages(metafiles, projectRoot, projectRoot);
}

function readMetafile(file: string): Metafile {
  return JSON.parse(readFileSync(file, 'utf8')) as Metafile;
}

function refuseNativePackages(
  metafiles: readonly Metafile[],
  workingDirectory: string,
  projectRoot: string,
): void {
  const found = metafiles
    .flatMap((metafile) => nativePackagesIn(metafile, workingDirectory))
    .map(({ name, importer }) => {
      const shown = relative(projectRoot, resolve(workingDirectory, importer));
      return describeNativePackage({ name, importer: shown });
    });
  if (found.length > 0) throw new BundleError([...new Set(found)].join('; '));
}

function copyRuntime(output: string): void {
  for (const { path, source, isExecutable } of listRuntimeFiles(ownPackageJson())) {
    const file = join(output, path);
    mkdirSync(dirname(file), { recursive: true });
    copyFileSync(source, file);
    chmodSync(file, isExecutable ? 0o755 : 0o644);
  }
}

function requireFile(output: string, file: string): void {
  if (!existsSync(join(output, file)))
    throw new BundleError(
      `environment.LMR_BOOTSTRAP is ${file}, but the bundle has no such file: name the source file of the bootstrap in the property bootstrap instead`,
    );
}
