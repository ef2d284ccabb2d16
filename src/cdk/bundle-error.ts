import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Why a function cannot be deployed as it is bundled. */
export class BundleError extends Error {}

/** Stores an error in the folder of a bundle, for {@link bundleErrorOf} in the process of the app. */
export function storeBundleError(folder: string, { message }: BundleError): void {
  writeFileSync(join(folder, FILE), message);
}

/**
 * The error that the process after bundling has stored. It replaces CDK's own, which has only the long command that failed, and
 * the folder.
 *
 * @param error what CDK has thrown.
 * @param functionPath the path of the construct, for the message.
 */
export function bundleErrorOf(error: unknown, functionPath: string): BundleError | undefined {
  const [, folder] = /bundle output is located at (.+?-building)\b/.exec(String(error)) ?? [];
  const file = folder === undefined ? undefined : join(folder, FILE);
  if (file === undefined || !existsSync(file)) return undefined;
  return new BundleError(`${functionPath}: ${readFileSync(file, 'utf8')}.`);
}

const FILE = 'lambda-managed-runtime-error.txt';
