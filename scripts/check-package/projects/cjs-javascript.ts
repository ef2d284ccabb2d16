import { transformSync } from 'esbuild';
import type { Check } from '../check.ts';
import { invokeAsInReadme, serveLocally } from '../local-function.ts';
import { environmentOf } from '../nodes.ts';
import { createProject } from '../project.ts';
import { firstExample } from '../readme.ts';

/** The README's first example in CommonJS, which calls `require` on this ESM-only package. */
export const cjsJavascript: Check = async ({ tarball, nodes }, log) => {
  using project = await createProject(log, { type: 'commonjs' }, [tarball], ['sharp', '@opentelemetry/api']);
  const { code } = transformSync(firstExample()['handler.ts'], { loader: 'ts', format: 'cjs' });
  project.write({ 'handler.js': code, 'main.js': MAIN, 'require-all.js': REQUIRE_ALL });
  for (const node of nodes) {
    await log.run(node.path, ['require-all.js'], { cwd: project.path, env: environmentOf(node) });
    await serveLocally(log, node, project, ['main.js'], (url) => invokeAsInReadme(log, url));
  }
};

const MAIN = `
const { join } = require('node:path');
const { createManagedRuntime } = require('lambda-managed-runtime');

createManagedRuntime(join(__dirname, 'handler.js')).run();
`;

/** Fails if an entry point or one of its imports has a top-level \`await\`. */
const REQUIRE_ALL = `
const { exports: entries } = require('lambda-managed-runtime/package.json');
// aws-cdk-lib, which ./cdk needs, is large: the check cdk has a CommonJS app.
for (const entry of Object.keys(entries).filter((name) => name !== './cdk')) {
  console.log(entry, Object.keys(require('lambda-managed-runtime' + entry.slice(1))).join(' '));
}
`;
