import { posix, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { AssetStaging } from 'aws-cdk-lib';
import type { ICommandHooks } from 'aws-cdk-lib/aws-lambda-nodejs';
import { ENTRY_FILES } from '../package-files.ts';
import type { BootstrapBundle } from './bundle-bootstrap.ts';

/** What happens after `NodejsFunction` has bundled the handler. */
export interface FinishedBundle {
  readonly bootstrap: BootstrapBundle | undefined;
  /** The folder that Docker sees, if bundling runs there. */
  readonly projectRoot: string;
}

/** Adds a command to the hooks of `NodejsFunction`, which copies the runtime and bundles the bootstrap. */
export function finishBundle(
  { bootstrap, projectRoot }: FinishedBundle,
  hooks?: ICommandHooks,
): ICommandHooks {
  return {
    beforeBundling: (...folders) => hooks?.beforeBundling(...folders) ?? [],
    beforeInstall: (...folders) => hooks?.beforeInstall(...folders) ?? [],
    afterBundling(inputFolder, outputFolder) {
      const isDocker = inputFolder === AssetStaging.BUNDLING_INPUT_DIR;
      const seen = (path: string): string =>
        isDocker ? posix.join(inputFolder, relative(projectRoot, path).replaceAll(sep, '/')) : path;
      const task = {
        output: outputFolder,
        projectRoot: inputFolder,
        bootstrap: bootstrap && {
          ...bootstrap,
          file: seen(bootstrap.file),
          handler: { ...bootstrap.handler, file: seen(bootstrap.handler.file) },
        },
      };
      // Encoded, so that no shell changes it.
      const encoded = Buffer.from(JSON.stringify(task)).toString('base64url');
      const node = isDocker ? 'node' : process.execPath;
      const script = seen(fileURLToPath(ENTRY_FILES.finishCdkBundle));
      const command = [node, script].map((part) =>
        isDocker || sep === '/' ? posixQuoted(part) : `"${part}"`,
      );
      return [[...command, encoded].join(' '), ...(hooks?.afterBundling(inputFolder, outputFolder) ?? [])];
    },
  };
}

function posixQuoted(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
