import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { InvokeWithResponseStreamCommand, LambdaClient } from '@aws-sdk/client-lambda';
import type { Check } from './check.ts';
import { serveLocally } from './local-function.ts';
import { environmentOf } from './nodes.ts';
import { COMMAND, createProject } from './project.ts';

/** Checks everything that runs bundled code of other packages: the help, local mode with a response stream, `dev` and `bench`. */
export const commands: Check = async ({ tarball, nodes }, log) => {
  using project = await createProject(log, { type: 'module' }, [tarball]);
  project.write({ 'handler.mjs': HANDLER });
  for (const node of nodes) {
    const run = (...args: string[]) =>
      log.run(node.path, [COMMAND, ...args], { cwd: project.path, env: environmentOf(node) });
    assert.match(await run('--help'), /^Usage: lambda-managed-runtime .*^ {2}bench /ms);

    await serveLocally(log, node, project, [COMMAND, 'handler.streaming'], async (url) => {
      assert.equal(await streamedBy(url), 'one, two');
    });
    await serveLocally(log, node, project, [COMMAND, 'dev', 'handler.mjs'], async (url) => {
      const response = await fetch(`${url}/invoke`, { method: 'POST', body: '7' });
      assert.equal(await response.text(), '7');
    });

    const bench = [COMMAND, 'bench', '--sizes', '1,2', '--seconds', '0.1', '--html', HTML, 'handler.mjs'];
    // With 2, the command says that other programs disturbed it, and may make no recommendation.
    const report = await log.run('sh', ['-c', '"$0" "$@" || [ $? -eq 2 ]', node.path, ...bench], {
      cwd: project.path,
      env: environmentOf(node),
    });
    assert.match(report, /│ slots │.*^Recommended|^UNRELIABLE$.*│ slots │.*^No recommendation\. /ms);
    const html = readFileSync(join(project.path, HTML), 'utf8');
    assert.match(html, /<figcaption>Throughput.*<svg /s);
  }
};

/** Invokes the function with AWS's SDK. Resolves with what it streams. */
async function streamedBy(endpoint: string): Promise<string> {
  const credentials = { accessKeyId: 'any', secretAccessKey: 'any' };
  const client = new LambdaClient({ endpoint, region: 'us-east-1', credentials });
  const { EventStream = [] } = await client.send(
    new InvokeWithResponseStreamCommand({ FunctionName: 'function' }),
  );
  let text = '';
  let isComplete = false;
  for await (const { PayloadChunk, InvokeComplete } of EventStream) {
    text += Buffer.from(PayloadChunk?.Payload ?? []).toString();
    isComplete ||= InvokeComplete !== undefined;
  }
  assert(isComplete, 'The stream has ended early.');
  return text;
}

const HTML = 'report.html';

const HANDLER = `
export const handler = async (event) => event;
export const streaming = awslambda.streamifyResponse(async (_event, stream) => {
  stream.write('one, ');
  stream.end('two');
});
`;
