import { InvokeCommand, InvokeWithResponseStreamCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { startRuntime } from './start-runtime.ts';
import type { Exit, RunningRuntime, RuntimeOptions } from './start-runtime.ts';

/** A runtime in local mode, in its own process. */
export class LocalRuntime implements AsyncDisposable {
  readonly process: RunningRuntime;
  /** The URL of the local server. */
  readonly url: string;
  readonly client: LambdaClient;

  constructor(process: RunningRuntime, url: string) {
    this.process = process;
    this.url = url;
    this.client = new LambdaClient({
      endpoint: url,
      region: 'us-east-1',
      credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
      maxAttempts: 1,
    });
  }

  get output() {
    return this.process.output;
  }

  get exited(): Promise<Exit> {
    return this.process.exited;
  }

  /** Posts an event to the plain endpoint. */
  async invoke(event: unknown): Promise<unknown> {
    const response = await fetch(`${this.url}/invoke`, { method: 'POST', body: JSON.stringify(event) });
    return response.json();
  }

  call(input: Partial<InvokeCommand['input']> = {}) {
    return this.client.send(new InvokeCommand({ FunctionName: 'function', ...input }));
  }

  callForStream(input: Partial<InvokeWithResponseStreamCommand['input']> = {}) {
    return this.client.send(new InvokeWithResponseStreamCommand({ FunctionName: 'function', ...input }));
  }

  /** Resolves when the output matches. */
  async whenWritten(text: RegExp, to: 'stdout' | 'stderr' = 'stderr'): Promise<void> {
    await this.process.unlessExited(this.output.whenWritten(text, to));
  }

  /** Sends SIGINT, like Ctrl-C. */
  interrupt(): Promise<Exit> {
    this.process.child.kill('SIGINT');
    return this.exited;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.client.destroy();
    await this.process[Symbol.asyncDispose]();
  }
}

/** Starts the command or a bootstrap without a Runtime API. */
export async function startLocal(options: RuntimeOptions): Promise<LocalRuntime> {
  const process = await startRuntime(withoutRuntimeApi(options));
  const [, url = ''] = await process.unlessExited(process.output.whenWritten(ADDRESS, 'stderr'));
  return new LocalRuntime(process, url);
}

/** Matches the URL in the banner of the local server. */
export const ADDRESS = /curl (http:\/\/[^/]+)\//;

/** The environment: no Runtime API, any free port, and the directory of the files as the working directory. */
export function withoutRuntimeApi(options: RuntimeOptions): RuntimeOptions {
  return {
    ...(typeof options.taskRoot === 'string' && { cwd: options.taskRoot }),
    ...options,
    env: { AWS_LAMBDA_RUNTIME_API: '', LOCAL_LAMBDA_PORT: '0', ...options.env },
  };
}
