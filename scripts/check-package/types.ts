import { join } from 'node:path';
import type { Check } from './check.ts';
import { createProject } from './project.ts';
import { firstExample } from './readme.ts';
import { ROOT } from '../root.ts';

/**
 * Compiles code that uses every entry point, with an older and the newest compiler. With the compiler's default libraries
 * all declarations are checked. comlink's declarations need the DOM library, so without it only used ones are checked.
 */
export const types: Check = async ({ tarball }, log) => {
  const dependencies = ['sharp', '@opentelemetry/api', '@types/node@24', 'typescript@5.9'];
  using project = await createProject(log, { type: 'module' }, [tarball], dependencies);
  const esm = { ...firstExample(), 'every-entry.ts': EVERY_ENTRY };
  project.write({ ...esm, 'every-entry.cts': EVERY_ENTRY });
  const compilers = [join(project.path, 'node_modules/.bin/tsc'), join(ROOT, 'node_modules/.bin/tsc')];
  for (const [module, moduleResolution] of RESOLUTIONS) {
    // Only nodenext allows CommonJS to require ES modules.
    const files =
      moduleResolution === 'nodenext' ? [...Object.keys(esm), 'every-entry.cts'] : Object.keys(esm);
    for (const [name, libraries] of Object.entries(LIBRARIES)) {
      const compilerOptions = { ...COMPILER_OPTIONS, ...libraries, module, moduleResolution };
      const config = `tsconfig.${moduleResolution}.${name}.json`;
      project.write({ [config]: JSON.stringify({ compilerOptions, files }) });
      for (const compiler of compilers) await log.run(compiler, ['--project', config], { cwd: project.path });
    }
  }
};

const RESOLUTIONS = [
  ['node16', 'node16'],
  ['nodenext', 'nodenext'],
  ['preserve', 'bundler'],
] as const;

const LIBRARIES = {
  default: { skipLibCheck: false },
  'without-dom': { skipLibCheck: true, lib: ['es2023'] },
};

const COMPILER_OPTIONS = {
  target: 'es2023',
  types: ['node'],
  strict: true,
  exactOptionalPropertyTypes: true,
  noEmit: true,
};

const EVERY_ENTRY = `
import { createManagedRuntime, ManagedRuntimeError } from 'lambda-managed-runtime';
import type { ManagedRuntime, ManagedRuntimeOptions, RuntimeStats } from 'lambda-managed-runtime';
import { emitEmf } from 'lambda-managed-runtime/emf';
import { instrument } from 'lambda-managed-runtime/otel';
import { startRuntimeApi } from 'lambda-managed-runtime/testing';
import type { Invoked } from 'lambda-managed-runtime/testing';
import { getContext, logger, streamifyResponse, useServices } from 'lambda-managed-runtime/worker';
import type { Handler } from 'lambda-managed-runtime/worker';

export const handler: Handler<{ id: string }, { id: string; left: number }> = (event, context) => {
  logger.info(getContext()?.awsRequestId);
  return { id: event.id, left: context.getRemainingTimeInMillis() };
};
export const streaming = streamifyResponse(async (_event, stream) => void stream.end('x'));
export const counted = (): Promise<number> => useServices<{ count(): number }>().count();
// @ts-expect-error Fails if a missing declaration has become \`any\`.
export const miscounted = (): Promise<string> => useServices<{ count(): number }>().count();
// @ts-expect-error Fails if the services have become \`any\`.
export const misnamed: Handler<string> = (event, context) => context.awsRequestID;

export async function start(options: ManagedRuntimeOptions): Promise<Invoked> {
  const runtime: ManagedRuntime = createManagedRuntime('handler.js', options);
  const stats: RuntimeStats = runtime.stats();
  emitEmf(runtime, { namespace: String(stats) });
  instrument(runtime);
  const api = await startRuntimeApi();
  await runtime.run().catch((error: unknown) => error instanceof ManagedRuntimeError && error.code);
  return api.invoke({});
}
`;
