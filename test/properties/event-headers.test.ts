import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { errorTypeHeader } from '../../src/runtime-api/error-type-header.ts';
import { parseEventHeaders } from '../../src/runtime-api/event-headers.ts';

const REQUEST_ID = 'lambda-runtime-aws-request-id';
const DEADLINE = 'lambda-runtime-deadline-ms';
const OPTIONAL = {
  'lambda-runtime-trace-id': 'traceId',
  'lambda-runtime-client-context': 'clientContext',
  'lambda-runtime-cognito-identity': 'cognitoIdentity',
  'lambda-runtime-aws-tenant-id': 'tenantId',
} as const;

/** Header values as the HTTP client returns them: one character for each byte. */
const bytes = fc.uint8Array().map((array) => Buffer.from(array).toString('latin1'));

const value = fc.oneof(bytes, fc.string(), fc.constant(''), fc.constant(undefined), fc.array(fc.string()));
const names = [REQUEST_ID, DEADLINE, 'lambda-runtime-invoked-function-arn', ...Object.keys(OPTIONAL)];
const anyHeaders = fc.record(Object.fromEntries(names.map((name) => [name, value])));

describe('headers of an event', () => {
  it('are either valid or malformed, whatever their values are', () => {
    fc.assert(
      fc.property(anyHeaders, (headers) => {
        const parsed = parseEventHeaders(headers);
        if (parsed.type === 'valid') {
          expect(parsed.metadata.requestId).toMatch(/^[\w.-]+$/);
          expect(Number.isSafeInteger(parsed.metadata.deadlineMs)).toBe(true);
        } else {
          expect(parsed.fault).not.toBe('');
        }
      }),
    );
  });

  it('are decoded as UTF-8, and empty ones are absent', () => {
    fc.assert(
      fc.property(fc.uuid(), fc.nat(), anyHeaders, (requestId, deadlineMs, others) => {
        const headers = { ...others, [REQUEST_ID]: requestId, [DEADLINE]: String(deadlineMs) };
        const parsed = parseEventHeaders(headers);
        expect(parsed).toMatchObject({ type: 'valid', metadata: { requestId, deadlineMs } });
        for (const [header, field] of Object.entries(OPTIONAL)) {
          const given = others[header];
          const first = Array.isArray(given) ? given[0] : given;
          const { metadata } = parsed as Extract<typeof parsed, { type: 'valid' }>;
          // Bytes that are not valid UTF-8 are replaced, as AWS's client does.
          const text = first === undefined ? undefined : Buffer.from(first, 'latin1').toString();
          expect(metadata[field]).toBe(first === '' ? undefined : text);
        }
      }),
    );
  });

  it('provide the request id of a malformed event that can be answered', () => {
    fc.assert(
      fc.property(fc.uuid(), fc.string(), (requestId, deadline) => {
        fc.pre(!/^\d{1,15}$/.test(deadline));
        const parsed = parseEventHeaders({ [REQUEST_ID]: requestId, [DEADLINE]: deadline });
        expect(parsed).toMatchObject({ type: 'malformed', requestId });
      }),
    );
  });
});

it('any error type becomes a header value that Lambda records unchanged', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (errorType) => {
      expect(errorTypeHeader(errorType)[1]).toMatch(/^(?:Runtime|Function)\.[A-Z][A-Za-z]*$/);
    }),
  );
});
