import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import type { RuntimeApiServer } from '../../src/local/runtime-api-server.ts';

/** Invokes a function through AWS's SDK. */
export interface Caller {
  /** Resolves with the response. Rejects with the function's error, or when the function is unreachable. */
  call(event: object): Promise<unknown>;
  close(): void;
}

/** Creates a caller of the local server with up to `connections` concurrent calls. */
export function openCaller(server: RuntimeApiServer, functionName: string, connections: number): Caller {
  const client = new LambdaClient({
    endpoint: `http://${server.address}`,
    region: 'us-east-1',
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
    requestHandler: { httpAgent: { keepAlive: true, maxSockets: connections } },
    // The server rejects a call without a free slot, as Lambda does, and the SDK retries it.
    maxAttempts: 10,
  });
  return {
    async call(event) {
      const input = { FunctionName: functionName, Payload: JSON.stringify(event) };
      const { FunctionError, Payload } = await client.send(new InvokeCommand(input));
      const text = Payload?.transformToString() ?? '';
      if (FunctionError !== undefined) throw new Error(`The function answered with an error: ${text}`);
      return JSON.parse(text) as unknown;
    },
    close: () => client.destroy(),
  };
}
