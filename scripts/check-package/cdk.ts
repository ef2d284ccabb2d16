import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Check } from './check.ts';
import { runOnLambda } from './lambda-function.ts';
import { environmentWithNpm } from './nodes.ts';
import { createProject } from './project.ts';
import type { Project } from './project.ts';

/**
 * Synthesises a function with sharp and a bootstrap with services, from ES modules and from CommonJS, for both architectures,
 * and serves events with the bundle for this machine.
 */
export const cdk: Check = async ({ tarball, nodes }, log) => {
  const compiler = ['typescript@5.9', '@types/node@24'];
  const dependencies = ['aws-cdk-lib', 'constructs', 'esbuild', 'sharp', ...compiler];
  using project = await createProject(log, { type: 'module' }, [tarball], dependencies);
  project.write(FILES);
  await log.run(join(project.path, 'node_modules/.bin/tsc'), [...COMPILER_OPTIONS, 'app.mts'], {
    cwd: project.path,
  });
  for (const node of nodes) {
    for (const app of ['app.mjs', 'app.cjs']) {
      // Outside the project, whose node_modules Lambda does not have.
      using out = await createProject(log, {}, []);
      const env = { ...environmentWithNpm(node), CDK_OUTDIR: out.path };
      await log.run(node.path, [app], { cwd: project.path, env });
      const arm = assetOf(out, 'Arm64');
      assert.deepEqual(binariesIn(arm), ['sharp-libvips-linux-arm64', 'sharp-linux-arm64']);
      const here = assetOf(out, 'X8664');
      assert.deepEqual(binariesIn(here), ['sharp-libvips-linux-x64', 'sharp-linux-x64']);
      const wrapper = join(here, 'node_modules/lambda-managed-runtime/deploy/exec-wrapper');
      const variables = { LMR_BOOTSTRAP: 'bootstrap.mjs' };
      await runOnLambda(log, node, { wrapper, taskRoot: here, env: variables }, async (api) => {
        const answer = await api.invoke({ width: 20 });
        assert(answer.status === 'response');
        assert.deepEqual(answer.payload, { width: 20, count: 1 });
      });
    }
  }
};

/** The folder that would be uploaded for a function. */
function assetOf(out: Project, name: string): string {
  const template = JSON.parse(readFileSync(join(out.path, 'App.template.json'), 'utf8')) as {
    Resources: Record<string, { Type: string; Metadata?: Record<string, string> }>;
  };
  const found = Object.values(template.Resources).find(
    ({ Metadata }) => Metadata?.['aws:cdk:path'] === `App/${name}/Resource`,
  );
  return join(out.path, found?.Metadata?.['aws:asset:path'] ?? 'missing');
}

function binariesIn(asset: string): string[] {
  return readdirSync(join(asset, 'node_modules/@img'))
    .filter((name) => name.startsWith('sharp-'))
    .toSorted();
}

const APP = `
const context = { 'aws:cdk:enable-path-metadata': true, 'aws:cdk:enable-asset-metadata': true };
const app = new App({ context });
const stack = new Stack(app, 'App');
const arn = 'arn:aws:lambda:eu-west-1:123456789012:capacity-provider:shared';
const capacityProvider = CapacityProvider.fromCapacityProviderArn(stack, 'Shared', arn);
for (const architecture of [Architecture.ARM_64, Architecture.X86_64])
  new ManagedNodejsFunction(stack, architecture === Architecture.ARM_64 ? 'Arm64' : 'X8664', {
    entry: 'src/resize.ts',
    bootstrap: 'src/main.ts',
    capacityProvider,
    architecture,
    bundling: { nodeModules: ['sharp'] },
  });
app.synth();
`;

const COMPILER_OPTIONS = [
  '--noEmit',
  '--strict',
  '--skipLibCheck',
  '--module',
  'nodenext',
  '--target',
  'es2023',
];

const IMPORTS = `
import { App, Stack } from 'aws-cdk-lib';
import { Architecture, CapacityProvider } from 'aws-cdk-lib/aws-lambda';
import { ManagedNodejsFunction } from 'lambda-managed-runtime/cdk';
`;

const FILES = {
  'app.mjs': IMPORTS + APP,
  'app.mts': `${IMPORTS + APP}
// @ts-expect-error Fails if a missing declaration has become \`any\`.
new ManagedNodejsFunction(stack, 'Wrong', { entry: 'src/resize.ts' });
`,
  'app.cjs': `
const { App, Stack } = require('aws-cdk-lib');
const { Architecture, CapacityProvider } = require('aws-cdk-lib/aws-lambda');
const { ManagedNodejsFunction } = require('lambda-managed-runtime/cdk');
${APP}`,
  'src/main.ts': `
import { createManagedRuntime } from 'lambda-managed-runtime';
await createManagedRuntime(new URL('./resize.ts', import.meta.url), {
  services: new URL('./services.ts', import.meta.url),
}).run();
`,
  'src/services.ts': 'let calls = 0; export const count = (): number => (calls += 1);',
  'src/resize.ts': `
import { useServices } from 'lambda-managed-runtime/worker';
import sharp from 'sharp';
const { count } = useServices<typeof import('./services.ts')>();
export const handler = async ({ width }: { width: number }) => {
  const picture = sharp({ create: { width: 100, height: 100, channels: 3, background: 'teal' } });
  const resized = await picture.resize(width).webp().toBuffer();
  return { width: (await sharp(resized).metadata()).width, count: await count() };
};
`,
};
