import type { LoggedLine } from '../protocol.ts';
import type { InvokeApiContext } from './lambda-api/invoke-request.ts';
import type { Route } from './http-server.ts';
import type { InvokeResult } from './invoke.ts';

/** Who looks on at what the local server does, and shows it on a page of the server. No method throws. */
export interface LocalServerObserver {
  /** Of its page, below `/_lambda/`, where no event can come. */
  readonly path: string;
  /** A caller brings an event. The promise rejects when the caller gives up. */
  invoked(requestId: string, event: string | Uint8Array, result: Promise<InvokeResult>): void;
  /** A caller was refused with 429. */
  refused(): void;
  logged(line: LoggedLine): void;
  /** Makes what answers at its path and below. */
  route(invokeApi: InvokeApiContext): Route;
  close(): void;
}
