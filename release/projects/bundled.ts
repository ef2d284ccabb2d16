import { build } from 'esbuild';
import { join } from 'node:path';
import type { Check } from '../check.ts';
import { invokeAsInReadme, serveLocally } from '../local-function.ts';
import { addPhoto, createProject } from '../project.ts';
import { firstExample } from '../readme.ts';

/**
 * The first example, bundled: the bootstrap and the handler are an entry each. The package stays outside, since its
 * threads start from files of its own; what handlers import of it may go into their bundle, so here it does.
 */
export const bundled: Check = async ({ tarball, nodes }, log) => {
  using project = await createProject(log, { type: 'module' }, [tarball, 'sharp']);
  const { 'handler.ts': handler, 'main.ts': main } = firstExample();
  project.write({
    'handler.ts': `import { getContext } from 'lambda-managed-runtime/worker';\n${handler.replace('=> {', `=> {\n${NEEDS_CONTEXT}`)}`,
    // The bundler leaves the URL as it is, and the handler's bundle is JavaScript.
    'main.ts': main.replace('./handler.ts', './handler.js'),
  });
  await addPhoto(project);
  const common = { absWorkingDir: project.path, bundle: true, platform: 'node', format: 'esm' } as const;
  await build({ ...common, entryPoints: ['main.ts'], outdir: 'out', external: ['lambda-managed-runtime'] });
  await build({ ...common, entryPoints: ['handler.ts'], outdir: 'out', external: ['sharp', 'pino'] });
  for (const node of nodes) {
    const args = [join('out', 'main.js')];
    await serveLocally(log, node, project, args, (url) => invokeAsInReadme(log, url));
  }
};

const NEEDS_CONTEXT =
  "  if (getContext() === undefined) throw new Error('The bundled copy does not find the context.');";
