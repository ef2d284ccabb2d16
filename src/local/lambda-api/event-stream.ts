import { EventStreamCodec } from '@smithy/core/event-streams';

/**
 * Encodes one message of the event stream of an `InvokeWithResponseStream` response.
 *
 * @see https://docs.aws.amazon.com/lambda/latest/api/API_InvokeWithResponseStream.html
 */
export function eventMessage(
  type: 'PayloadChunk' | 'InvokeComplete',
  contentType: string,
  body: Uint8Array,
): Uint8Array {
  const header = (value: string) => ({ type: 'string', value }) as const;
  return codec.encode({
    headers: {
      ':message-type': header('event'),
      ':event-type': header(type),
      ':content-type': header(contentType),
    },
    body,
  });
}

const codec = new EventStreamCodec(
  (bytes) => (typeof bytes === 'string' ? bytes : Buffer.from(bytes).toString()),
  (text) => Buffer.from(text),
);
