import assert from 'node:assert/strict';
import { join } from 'node:path';
import { build } from 'esbuild';
import type { Check } from '../check.ts';
import { invokeAsInReadme, serveLocally } from '../local-function.ts';
import { createProject } from '../project.ts';
import { firstExample } from '../readme.ts';

/**
 * The README's first example, bundled with the bootstrap and the handler as separate entry points. The package must stay
 * external to the bootstrap's bundle, because its threads start from its own files. The handler may bundle its imports.
 */
export const bundled: Check = async ({ tarball, nodes }, log) => {
  using project = await createProject(log, { type: 'module' }, [tarball], ['sharp']);
  const { 'handler.ts': handler, 'main.ts': main } = firstExample();
  project.write({
    'handler.ts': handler + USES_PACKAGE,
    // A bundler does not rewrite the URL, so it must refer to the bundled JavaScript file.
    'main.ts': main.replace('./handler.ts', './handler.js'),
  });
  const common = { absWorkingDir: project.path, bundle: true, platform: 'node', format: 'esm' } as const;
  for (const [outdir, external] of Object.entries(EXTERNAL)) {
    await build({ ...common, outdir, entryPoints: ['main.ts'], external: ['lambda-managed-runtime'] });
    await build({ ...common, outdir, entryPoints: ['handler.ts'], external });
    for (const node of nodes) {
      const args = [join(outdir, 'main.js')];
      const output = await serveLocally(log, node, project, args, (url) => invokeAsInReadme(log, url));
      assert.match(output, /The hook of the handler has run/);
    }
  }
};

/** The packages that stay external to the handler's bundle. */
const EXTERNAL = {
  outside: ['lambda-managed-runtime', 'sharp'],
  inside: ['sharp'],
};

const USES_PACKAGE = `
import { onShutdown } from 'lambda-managed-runtime/worker';
onShutdown(() => console.log('The hook of the handler has run.'));
`;
