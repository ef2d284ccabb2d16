/** The process that {@link finishBundle} starts after `NodejsFunction` has bundled the handler. */
import { chmodSync, copyFileSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { listRuntimeFiles, ownPackageJson } from '../deployment/runtime-files.ts';
import { bundleBootstrap } from './bundle-bootstrap.ts';
import type { BootstrapBundle } from './bundle-bootstrap.ts';

interface Task {
  /** The function's folder. */
  readonly output: string;
  readonly projectRoot: string;
  readonly bootstrap?: BootstrapBundle;
}

const [, , encoded = ''] = process.argv;
const { output, projectRoot, bootstrap } = JSON.parse(Buffer.from(encoded, 'base64url').toString()) as Task;

for (const { path, source, isExecutable } of listRuntimeFiles(ownPackageJson())) {
  const file = join(output, path);
  mkdirSync(dirname(file), { recursive: true });
  copyFileSync(source, file);
  chmodSync(file, isExecutable ? 0o755 : 0o644);
}
if (bootstrap !== undefined) await bundleBootstrap(bootstrap, output, projectRoot);
