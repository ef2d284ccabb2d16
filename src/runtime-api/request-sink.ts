import type { ClientRequest } from 'node:http';
import { Writable } from 'node:stream';
import { shortenDiagnostic } from '../invocation/diagnostic.ts';
import type { EncodedDiagnostic } from '../invocation/diagnostic.ts';
import type { StreamedBody } from '../invocation/invocation.ts';
import { errorTypeHeader } from './error-type-header.ts';

/** The names of the error trailers of a streamed response, which its header `Trailer` announces. */
export const ERROR_TYPE = 'Lambda-Runtime-Function-Error-Type';
export const ERROR_BODY = 'Lambda-Runtime-Function-Error-Body';

/** Writes a streamed body to a request and notifies the body of each chunk that the socket has accepted. Adds trailers. */
export function requestSink(req: ClientRequest, body: StreamedBody): Writable {
  return new Writable({
    // The handler's stream buffers, not this one.
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
  const { body } = shortenDiagnostic(reason, MAX_DIAGNOSTIC_BYTES);
  return {
    [ERROR_TYPE]: errorTypeHeader(reason.errorType)[1],
    [ERROR_BODY]: Buffer.from(body).toString('base64'),
  };
}

/** Servers written in Go, such as AWS's emulator, accept at most 4 KiB of trailers, and base64 adds a third. */
const MAX_DIAGNOSTIC_BYTES = 2800;
