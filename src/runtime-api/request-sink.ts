import type { ClientRequest } from 'node:http';
import { Writable } from 'node:stream';
import { clearTimeout, setTimeout } from '../builtins.ts';
import { shortenDiagnostic } from '../invocation/diagnostic.ts';
import type { EncodedDiagnostic } from '../invocation/diagnostic.ts';
import type { StreamedBody } from '../invocation/invocation.ts';
import { LONGEST_TIMER_MS } from '../invocation/time.ts';
import { errorTypeHeader } from './error-type-header.ts';

/** The names of the trailers of a streamed response, as its header `Trailer` announces them. */
export const ERROR_TYPE = 'Lambda-Runtime-Function-Error-Type';
export const ERROR_BODY = 'Lambda-Runtime-Function-Error-Body';

/** Writes a streamed body to a request, and tells the body when the socket has taken a chunk. Ends it with its trailers. */
export function requestSink(req: ClientRequest, body: StreamedBody): Writable {
  return new Writable({
    // The body waits elsewhere.
    highWaterMark: 1,
    write(chunk: Buffer<ArrayBuffer>, _encoding, callback) {
      req.write(chunk, (error) => {
        if (!error) body.passedOn(chunk);
        callback(error);
      });
    },
    final(callback) {
      if (body.failure !== undefined) req.addTrailers(errorTrailers(body.failure));
      req.end(callback);
    },
    destroy(error, callback) {
      if (error !== null) req.destroy(error);
      callback(error);
    },
  });
}

function errorTrailers(reason: EncodedDiagnostic): Record<string, string> {
  const { body } = shortenDiagnostic(reason, LARGEST_DIAGNOSTIC_BYTES);
  return {
    [ERROR_TYPE]: errorTypeHeader(reason.errorType)[1],
    [ERROR_BODY]: Buffer.from(body).toString('base64'),
  };
}

/** A server written in Go, as AWS's emulator is, takes no more than 4 KiB of trailers, and base64 adds a third. */
const LARGEST_DIAGNOSTIC_BYTES = 2800;

/** A signal that aborts after a while, or together with another one. */
export interface Patience {
  readonly signal: AbortSignal;
  /** It is needed no more: neither timer nor listener stay behind. */
  end(): void;
}

/** For that many ms at most; for longer than a timer can wait, as long as that. */
export function patience(ms: number, other: AbortSignal): Patience {
  const controller = new AbortController();
  const abort = () => controller.abort(other.reason);
  const timer = setTimeout(abort, Math.min(ms, LONGEST_TIMER_MS));
  other.addEventListener('abort', abort);
  if (other.aborted) abort();
  return {
    signal: controller.signal,
    end() {
      clearTimeout(timer);
      other.removeEventListener('abort', abort);
    },
  };
}
