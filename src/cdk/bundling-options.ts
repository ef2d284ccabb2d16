import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { Token } from 'aws-cdk-lib';
import type { Runtime } from 'aws-cdk-lib/aws-lambda';
import { OutputFormat } from 'aws-cdk-lib/aws-lambda-nodejs';
import type { BundlingOptions } from 'aws-cdk-lib/aws-lambda-nodejs';
import { OWN_NAME } from '../deployment/runtime-files.ts';
import type { BootstrapBundle } from './bundle-bootstrap.ts';
import { finishBundle } from './bundling-hook.ts';
import type { ManagedNodejsFunctionProps } from './managed-nodejs-function-props.ts';

/** The name of the bundled bootstrap. */
export const BOOTSTRAP = 'bootstrap.mjs';

/** How `NodejsFunction` bundles the handler, and what follows. */
export function bundlingOf(props: ManagedNodejsFunctionProps, runtime: Runtime): BundlingOptions {
  const { bundling = {}, architecture } = props;
  const format = bundling.format ?? OutputFormat.ESM;
  // With a loader for binaries, the function brings them in its own way.
  const bringsBinaries = bundling.loader?.['.node'] !== undefined;
  const loader = { '.node': 'empty', ...bundling.loader };
  return {
    ...bundling,
    format,
    loader,
    // CommonJS packages in an ES module require modules of Node.js.
    ...(format === OutputFormat.ESM && { banner: bannerOf(bundling) }),
    ...(!bringsBinaries && { metafile: true }),
    // Also keeps NodejsFunction from leaving out the AWS SDK, which ES modules do not find in Lambda's runtime.
    externalModules: [...(bundling.externalModules ?? []), OWN_NAME],
    environment: {
      // For `npm ci` of `nodeModules`, which would install the binaries of this machine.
      npm_config_os: 'linux',
      npm_config_cpu: architecture?.name === 'arm64' ? 'arm64' : 'x64',
      npm_config_libc: 'glibc',
      ...bundling.environment,
    },
    commandHooks: finishBundle(
      {
        bootstrap: bootstrapOf(props, { format, loader, target: targetOf(bundling, runtime) }),
        requiredFile: requiredFileOf(props),
        native: bringsBinaries
          ? undefined
          : {
              keepsMetafile: bundling.metafile === true,
              dockerDirectory: bundling.workingDirectory ?? '/',
            },
        projectRoot: projectRootOf(props),
      },
      bundling.commandHooks,
    ),
  };
}

interface Resolved {
  readonly format: OutputFormat;
  readonly loader: Readonly<Record<string, string>>;
  readonly target: string;
}

function bootstrapOf(
  { bundling = {}, bootstrap, entry }: ManagedNodejsFunctionProps,
  { format, loader, target }: Resolved,
): BootstrapBundle | undefined {
  if (bootstrap === undefined) return undefined;
  return {
    file: resolve(bootstrap),
    output: BOOTSTRAP,
    handler: { file: resolve(entry), output: format === OutputFormat.ESM ? 'index.mjs' : 'index.js' },
    banner: bannerOf(bundling),
    external: [...(bundling.externalModules ?? []), ...(bundling.nodeModules ?? []), OWN_NAME],
    target,
    minify: bundling.minify ?? false,
    keepNames: bundling.keepNames ?? false,
    sourceMap: bundling.sourceMap ?? false,
    define: bundling.define ?? {},
    loader,
  };
}

/** The file of a bootstrap that the hooks of the function bring. */
function requiredFileOf({ environment, bootstrap }: ManagedNodejsFunctionProps): string | undefined {
  const file = environment?.['LMR_BOOTSTRAP'];
  if (bootstrap !== undefined || file === undefined || Token.isUnresolved(file)) return undefined;
  return file.startsWith('/') ? undefined : file;
}

function targetOf({ target }: BundlingOptions, runtime: Runtime): string {
  return target ?? runtime.name.replace(/^nodejs(\d+).*/, 'node$1');
}

function bannerOf({ banner = '' }: BundlingOptions): string {
  return `import { createRequire as createRequireOfBundle } from 'node:module'; const require = createRequireOfBundle(import.meta.url);${banner}`;
}

/** The folder that `NodejsFunction` takes for the root of the project: where the lock file is. */
function projectRootOf({ projectRoot, depsLockFilePath }: ManagedNodejsFunctionProps): string {
  if (projectRoot !== undefined) return resolve(projectRoot);
  if (depsLockFilePath !== undefined) return dirname(resolve(depsLockFilePath));
  let folder = resolve('.');
  while (!LOCK_FILES.some((file) => existsSync(join(folder, file)))) {
    if (dirname(folder) === folder) return resolve('.');
    folder = dirname(folder);
  }
  return folder;
}

const LOCK_FILES = ['pnpm-lock.yaml', 'yarn.lock', 'bun.lockb', 'bun.lock', 'package-lock.json'];
