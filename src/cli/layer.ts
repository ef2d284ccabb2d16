import { writeFileSync } from 'node:fs';
import { LAYER_WRAPPER, makeLayer } from '../deployment/layer.ts';
import { ownPackageJson } from '../deployment/runtime-files.ts';
import { endProcessAfter } from './serve.ts';

/** `lambda-managed-runtime layer`: writes a Lambda layer with the runtime, its dependencies and the wrapper. */
export async function writeLayer({ out }: { readonly out: string }): Promise<void> {
  await endProcessAfter(async () => {
    const { zip, unzippedBytes, packages } = makeLayer(ownPackageJson());
    writeFileSync(out, zip);
    process.stdout.write(
      [
        `${out}: ${kB(zip.length)}, ${kB(unzippedBytes)} unzipped, ${packages} packages, for arm64 and x86_64.`,
        'Publish it:',
        `  aws lambda publish-layer-version --layer-name lambda-managed-runtime --zip-file fileb://${out}`,
        'Attach it to a function with the runtime nodejs22.x or nodejs24.x, and set the environment variable',
        `  AWS_LAMBDA_EXEC_WRAPPER=/opt/${LAYER_WRAPPER}`,
        '',
      ].join('\n'),
    );
  });
}

function kB(bytes: number): string {
  return `${Math.ceil(bytes / 1000).toLocaleString('en')} kB`;
}
