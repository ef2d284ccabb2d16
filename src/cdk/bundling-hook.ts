import { posix, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { AssetStaging } from 'aws-cdk-lib';
import type { ICommandHooks } from 'aws-cdk-lib/aws-lambda-nodejs';
import { ENTRY_FILES } from '../package-files.ts';
import type { BootstrapBundle } from './bundle-bootstrap.ts';

/** What happens after `NodejsFunction` has bundled the handler. */
export interface FinishedBundle {
  readonly bootstrap: BootstrapBundle | undefined;
  /** A file that must be in the function's folder after all hooks have run. */
  readonly requiredFile: string | undefined;
  /** How packages with native code are found, unless the function handles binaries itself. */
  readonly native: { readonly keepsMetafile: boolean; readonly dockerDirectory: string } | undefined;
  /** The folder that Docker sees, if bundling runs there. */
  readonly projectRoot: string;
}

/** What the process after bundling is told, with paths as it sees them. */
export interface FinishTask {
  /** The function's folder. */
  readonly output: string;
  readonly projectRoot: string;
  readonly bootstrap?: BootstrapBundle | undefined;
  /** If it is set, the process only checks that this file exists. */
  readonly requiredFile?: string;
  readonly native?:
    | {
        readonly keepsMetafile: boolean;
        /** The working directory of esbuild. */
        readonly workingDirectory: string;
      }
    | undefined;
}

/** Adds commands to the hooks of `NodejsFunction`, which copy the runtime, bundle the bootstrap, and check the result. */
export function finishBundle(bundle: FinishedBundle, hooks?: ICommandHooks): ICommandHooks {
  const { bootstrap, requiredFile, native, projectRoot } = bundle;
  return {
    beforeBundling: (...folders) => hooks?.beforeBundling(...folders) ?? [],
    beforeInstall: (...folders) => hooks?.beforeInstall(...folders) ?? [],
    afterBundling(inputFolder, outputFolder) {
      const isDocker = inputFolder === AssetStaging.BUNDLING_INPUT_DIR;
      const seen = (path: string): string =>
        isDocker ? posix.join(inputFolder, relative(projectRoot, path).replaceAll(sep, '/')) : path;
      const task = { output: outputFolder, projectRoot: inputFolder };
      const finish = commandOf(
        {
          ...task,
          bootstrap: bootstrap && {
            ...bootstrap,
            file: seen(bootstrap.file),
            handler: { ...bootstrap.handler, file: seen(bootstrap.handler.file) },
          },
          native: native && {
            keepsMetafile: native.keepsMetafile,
            workingDirectory: isDocker ? native.dockerDirectory : inputFolder,
          },
        },
        seen,
        isDocker,
      );
      const check = requiredFile === undefined ? [] : [commandOf({ ...task, requiredFile }, seen, isDocker)];
      return [finish, ...(hooks?.afterBundling(inputFolder, outputFolder) ?? []), ...check];
    },
  };
}

function commandOf(task: FinishTask, seen: (path: string) => string, isDocker: boolean): string {
  // Encoded, so that no shell changes it.
  const encoded = Buffer.from(JSON.stringify(task)).toString('base64url');
  const node = isDocker ? 'node' : process.execPath;
  const script = seen(fileURLToPath(ENTRY_FILES.finishCdkBundle));
  const command = [node, script].map((part) => (isDocker || sep === '/' ? posixQuoted(part) : `"${part}"`));
  return [...command, encoded].join(' ');
}

function posixQuoted(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
