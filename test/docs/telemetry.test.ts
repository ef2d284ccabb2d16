import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { symlink } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { startRuntimeApi } from '../../src/testing/runtime-api.ts';
import { NODE_VARIABLES } from '../helpers/child-process.ts';
import { makeTaskRoot } from '../helpers/task-root.ts';
import { codeBlocks, shownFiles } from './code-blocks.ts';

const PROJECT = fileURLToPath(new URL('../..', import.meta.url));

it('the bootstrap of docs/observability.md exports the spans of the last invocations before it ends', async () => {
  await using collector = await startCollector();
  await using api = await startRuntimeApi();
  await using root = await makeTaskRoot({
    'package.json': '{"type":"module"}',
    'handler.ts': 'export const handler = () => ({});',
    ...bootstrapOf(readFileSync(`${PROJECT}docs/observability.md`, 'utf8')),
  });
  await symlink(`${PROJECT}node_modules`, `${root.path}/node_modules`);
  const child = spawn(process.execPath, ['main.ts'], {
    cwd: root.path,
    env: {
      ...NODE_VARIABLES,
      AWS_LAMBDA_RUNTIME_API: api.address,
      AWS_LAMBDA_MAX_CONCURRENCY: '2',
      AWS_LAMBDA_FUNCTION_NAME: 'pictures',
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
      // Longer than the test, so that only the flush exports.
      OTEL_BSP_SCHEDULE_DELAY: '3600000',
    },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const ended = once(child, 'close');
  expect(await api.invoke({})).toMatchObject({ status: 'response' });
  child.kill('SIGTERM');
  expect(await ended).toEqual([0, null]);
  expect(collector.received).toEqual(
    expect.arrayContaining([
      { path: '/v1/traces', body: expect.stringContaining('pictures') },
      { path: '/v1/metrics', body: expect.stringContaining('faas.invocations') },
    ]),
  );
});

/** The files telemetry.ts and the main.ts that imports it, with the sources in place of the package. */
function bootstrapOf(page: string): Record<string, string> {
  const files = codeBlocks(page).flatMap((block) => (block.language === 'ts' ? shownFiles(block) : []));
  const telemetry = files.find(({ name }) => name === 'telemetry.ts')?.code ?? '';
  const main = files.find(({ code }) => code.includes('{ flush }'))?.code ?? '';
  return {
    'telemetry.ts': telemetry,
    'main.ts': main
      .replace("'lambda-managed-runtime'", `'${PROJECT}src/index.ts'`)
      .replace("'lambda-managed-runtime/otel'", `'${PROJECT}src/otel/index.ts'`),
  };
}

/** Receives OTLP over HTTP. Protocol buffers contain strings as they are. */
async function startCollector() {
  const received: { path: string | undefined; body: string }[] = [];
  const server = createServer(async (request, response) => {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    received.push({ path: request.url, body: Buffer.concat(parts).toString('latin1') });
    response.end();
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return {
    received,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
