import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The project's directory. */
export const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** The folder for the output of all checks. */
export const RESULTS = join(ROOT, 'scripts/results');
