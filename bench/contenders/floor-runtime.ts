/**
 * The lower bound: raw sockets, hand-written HTTP, the handler on the main thread, one connection per slot. It has no error
 * handling, deadlines, retries or threads, so it shows the cost of sockets and JSON alone.
 */
import { connect } from 'node:net';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

type Handler = (event: unknown, context: object) => Promise<unknown>;

const { env } = process;
const [host = '', port = ''] = (env['AWS_LAMBDA_RUNTIME_API'] ?? '').split(':');
const [file = '', exportName = ''] = (env['_HANDLER'] ?? '').split('.');
const NEXT = `GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\nHost: ${host}:${port}\r\n\r\n`;

const url = pathToFileURL(join(env['LAMBDA_TASK_ROOT'] ?? '', `${file}.mjs`)).href;
const handler = ((await import(url)) as Record<string, Handler>)[exportName] as Handler;
for (let slot = 0; slot < Number(env['AWS_LAMBDA_MAX_CONCURRENCY']); slot += 1) serve();

function serve(): void {
  const socket = connect(Number(port), host);
  socket.setNoDelay(true);
  socket.write(NEXT, 'latin1');
  let chunks: Buffer[] = [];
  let length = 0;
  let missing = 0;
  socket.on('data', (chunk: Buffer) => {
    chunks.push(chunk);
    length += chunk.byteLength;
    if (length < missing) return;
    let data = chunks.length === 1 ? chunk : Buffer.concat(chunks);
    for (;;) {
      const headEnd = data.indexOf('\r\n\r\n');
      if (headEnd === -1) break;
      const head = data.toString('latin1', 0, headEnd);
      const end = headEnd + 4 + Number(/\r\ncontent-length: *(\d+)/i.exec(head)?.[1] ?? 0);
      if (data.byteLength < end) {
        missing = end;
        break;
      }
      if (head.startsWith('HTTP/1.1 200')) void answer(head, data.toString('utf8', headEnd + 4, end));
      data = data.subarray(end);
      missing = 0;
    }
    chunks = data.byteLength > 0 ? [data] : [];
    length = data.byteLength;
  });
  socket.on('close', () => process.exit());

  async function answer(head: string, event: string): Promise<void> {
    const requestId = /\r\nlambda-runtime-aws-request-id: *(\S+)/i.exec(head)?.[1] ?? '';
    const result = JSON.stringify(await handler(event === '' ? {} : JSON.parse(event), {})) ?? 'null';
    socket.write(
      `POST /2018-06-01/runtime/invocation/${requestId}/response HTTP/1.1\r\nHost: ${host}:${port}\r\n` +
        `Content-Type: application/json\r\nContent-Length: ${Buffer.byteLength(result)}\r\n\r\n${result}${NEXT}`,
    );
  }
}
