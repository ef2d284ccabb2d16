import type { Check } from '../check.ts';
import { invokeAsInReadme, serveLocally } from '../local-function.ts';
import { createProject } from '../project.ts';
import { firstExample } from '../readme.ts';

/** The README's first example in TypeScript, unchanged. Node.js strips its types. */
export const esmTypescript: Check = async ({ tarball, nodes }, log) => {
  using project = await createProject(log, { type: 'module' }, [tarball], ['sharp']);
  project.write(firstExample());
  for (const node of nodes) {
    await serveLocally(log, node, project, ['main.ts'], (url) => invokeAsInReadme(log, url));
  }
};
