import { readFileSync } from 'node:fs';
import { zipSync } from 'fflate';
import type { ZipOptions } from 'fflate';
import { listRuntimeFiles } from './runtime-files.ts';
import type { RuntimeFile } from './runtime-files.ts';

/** The content of a Lambda layer with this package, as a zip file. */
export interface Layer {
  readonly zip: Uint8Array;
  /** The sum of its files, which counts towards Lambda's limit of 250 MB for a function with its layers. */
  readonly unzippedBytes: number;
  readonly packages: number;
}

/** The wrapper in the root of the layer, which Lambda unpacks to `/opt`: a short name for AWS_LAMBDA_EXEC_WRAPPER. */
export const LAYER_WRAPPER = 'lambda-managed-runtime';

/** Makes a Lambda layer. The same package gives the same bytes. */
export function makeLayer(packageJson: string): Layer {
  const files = listRuntimeFiles(packageJson);
  const wrapper = files.find(({ path }) => path.endsWith('/deploy/exec-wrapper')) as RuntimeFile;
  const entries = files.map((file) => entryOf(`nodejs/${file.path}`, file));
  entries.push(entryOf(LAYER_WRAPPER, wrapper));
  return {
    zip: zipSync(Object.fromEntries(entries), { level: 9 }),
    unzippedBytes: entries.reduce((sum, [, [bytes]]) => sum + bytes.length, 0),
    packages: files.filter(isManifest).length,
  };
}

type Entry = [path: string, file: [content: Uint8Array, options: ZipOptions]];

function entryOf(path: string, { source, isExecutable }: RuntimeFile): Entry {
  return [path, [readFileSync(source), { os: UNIX, attrs: attributesOf(isExecutable), mtime: EARLIEST }]];
}

const UNIX = 3;

/** A regular file that everyone can read. Zip files have the mode in the upper half of an entry's attributes. */
function attributesOf(isExecutable: boolean): number {
  return ((isExecutable ? 0o100755 : 0o100644) << 16) >>> 0;
}

/** The earliest time that a zip file can have, which has no time zone. */
const EARLIEST = new Date(1980, 0, 1);

function isManifest({ path }: RuntimeFile): boolean {
  return /node_modules\/(?:@[^/]+\/)?[^/]+\/package\.json$/.test(path);
}
