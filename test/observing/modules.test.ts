import { expect, it } from 'vitest';
import { startBootstrap } from '../helpers/start-runtime.ts';

const RECORDING = {
  // The built package has bundles in place of the modules.
  sources: true,
  execArgv: ['--import', new URL('../fixtures/bootstraps/record-loading.mjs', import.meta.url).href],
};

it('a runtime does not load the optional modules or OpenTelemetry unless the user imports them', async () => {
  await using runtime = await startBootstrap('echo.mjs', { concurrency: 2 }, RECORDING);
  expect(await runtime.invoke(7)).toEqual([expect.any(String), 7]);
  await runtime.stop();
  const resolved = runtime.output.stderr.split('\n').filter((line) => line.startsWith('resolved '));
  expect(resolved.filter((line) => line.includes('/src/observability/'))).not.toEqual([]);
  expect(resolved.filter((line) => /\/src\/(?:emf|otel)\/|opentelemetry/.test(line))).toEqual([]);
});
