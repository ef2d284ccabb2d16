/** Regenerates docs/api: `npm run docs:api`. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { Log } from '../check-package/log.ts';
import { RESULTS } from '../root.ts';
import { COMMITTED, generate } from './generate.ts';

mkdirSync(RESULTS, { recursive: true });
await generate(COMMITTED, new Log(join(RESULTS, 'docs-api.log')));
