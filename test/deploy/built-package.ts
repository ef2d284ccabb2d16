import { cp, symlink } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { bundleSources } from '../../scripts/bundle-sources.ts';
import { makeTaskRoot } from '../helpers/task-root.ts';
import type { TaskRoot } from '../helpers/task-root.ts';

const PROJECT = fileURLToPath(new URL('../..', import.meta.url));

/** Makes a folder with the package as users install it: bundled, with its dependencies. */
export async function makeBuiltPackage(): Promise<TaskRoot> {
  const root = await makeTaskRoot({ 'THIRD-PARTY-LICENSES': 'Licenses' });
  await bundleSources(`${root.path}/dist`);
  for (const name of ['package.json', 'LICENSE', 'deploy'])
    await cp(PROJECT + name, `${root.path}/${name}`, { recursive: true });
  await symlink(`${PROJECT}node_modules`, `${root.path}/node_modules`);
  return root;
}
