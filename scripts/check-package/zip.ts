import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../root.ts';
import { unzip } from '../unzip.ts';
import type { Check } from './check.ts';
import { runOnLambda } from './lambda-function.ts';
import { environmentWithNpm } from './nodes.ts';
import { createProject } from './project.ts';

/**
 * Makes a zip with the commands of docs/deploying.md for a function with sharp, services and the page's bootstrap, and serves
 * events from it.
 */
export const zip: Check = async ({ tarball, nodes }, log) => {
  const [node] = nodes;
  assert(node !== undefined);
  using project = await createProject(log, { type: 'module' }, [tarball, 'sharp']);
  const type = (command: string) =>
    log.run('sh', ['-c', command], { cwd: project.path, env: environmentWithNpm(node) });
  await type('npm install --no-audit --no-fund --save-dev typescript');
  project.write({ ...FUNCTION, 'main.ts': shown(/^```ts\n(\/\/ main\.ts\n[^]*?)^```$/m) });
  await type(shown(/^ {4}(npm install --omit=dev)$/m));
  await type(`${shown(/`(zip --recurse-paths function\.zip [^`]+)`/)} --quiet`);

  // Outside the project, whose node_modules Lambda does not have.
  using task = await createProject(log, {}, []);
  await unzip(join(project.path, 'function.zip'), task.path);
  assert(!existsSync(join(task.path, 'node_modules/typescript')), 'The zip has the compiler.');
  const wrapper = join(task.path, 'node_modules/lambda-managed-runtime/deploy/exec-wrapper');
  for (const each of nodes) {
    const env = { LMR_BOOTSTRAP: 'main.ts' };
    await runOnLambda(log, each, { wrapper, taskRoot: task.path, env }, async (api) => {
      const answer = await api.invoke({ width: 20 });
      assert(answer.status === 'response');
      assert.deepEqual(answer.payload, { width: 20, count: 1 });
    });
  }
};

/** What docs/deploying.md shows. */
function shown(pattern: RegExp): string {
  const [, found] = pattern.exec(readFileSync(join(ROOT, 'docs/deploying.md'), 'utf8')) ?? [];
  assert(found !== undefined, `docs/deploying.md has nothing like ${pattern}.`);
  return found;
}

const FUNCTION = {
  'handler.ts': `
import { useServices } from 'lambda-managed-runtime/worker';
import sharp from 'sharp';
const { count } = useServices<typeof import('./services.ts')>();
export const handler = async ({ width }: { width: number }) => {
  const picture = sharp({ create: { width: 100, height: 100, channels: 3, background: 'teal' } });
  const resized = await picture.resize(width).webp().toBuffer();
  return { width: (await sharp(resized).metadata()).width, count: await count() };
};
`,
  'services.ts': 'let calls = 0; export const count = (): number => (calls += 1);',
};
