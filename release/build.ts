/** Makes `dist` anew: JavaScript with source maps, of the declarations those that users' compilers read, and the page. */
import { execFileSync } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { buildPage } from '../console-page/build.ts';
import { ROOT } from './root.ts';
import { dropUnreachable } from './declarations.ts';

rmSync(join(ROOT, 'dist'), { recursive: true, force: true });
execFileSync(join(ROOT, 'node_modules/.bin/tsc'), ['--project', 'tsconfig.build.json'], {
  cwd: ROOT,
  stdio: 'inherit',
});
const { exports } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
  exports: Record<string, { types: string } | string>;
};
const entries = Object.values(exports).filter((entry) => typeof entry === 'object');
dropUnreachable(
  join(ROOT, 'dist'),
  entries.map(({ types }) => join(ROOT, types)),
);
await buildPage(join(ROOT, 'dist/console-page/bundle'));
