import { describe, expect, it } from 'vitest';
import { MODES, startRuntime } from './helpers/start-runtime.ts';

const KIB = 1024;
const MIB = 1024 * KIB;

it('answers each of 1,000 events of 0 B to 6 MiB over 8 slots once, with its own result', async () => {
  const events = Array.from({ length: 1000 }, (_, index) => eventOf(index));
  await using runtime = await startRuntime({ handler: 'echo.handler', concurrency: 8 });
  await runtime.whenPolling(8);
  const answers = await Promise.all(
    events.map((event, index) => runtime.response(event, { requestId: `event-${index}` })),
  );
  const wrong = answers.flatMap(({ body }, index) => {
    // The handler's answer is its request id and its event; an event of no bytes is {}.
    const expected = Buffer.from(`["event-${index}",${events[index] || '{}'}]`);
    return body.equals(expected) ? [] : [`event-${index}: ${String(body.subarray(0, 100))}`];
  });
  expect(wrong).toEqual([]);
  expect(runtime.api.deliveries.size).toBe(1000);
  for (const delivery of runtime.api.deliveries.values()) {
    expect(delivery).toMatchObject({ handedOver: 1, accepted: 1, refused: [], outcome: 'response' });
  }
});

/** Mostly small: 1 in 20 is empty, 1 in 10 has 64 KiB, 1 in 50 has 1 MiB, and 8 have the limit of 6 MiB. */
function eventOf(index: number): string {
  if (index % 20 === 0) return '';
  if (index % 125 === 7) return jsonOf(index, 6 * MIB);
  if (index % 50 === 3) return jsonOf(index, MIB);
  if (index % 10 === 1) return jsonOf(index, 64 * KIB);
  return jsonOf(index, 10 + index * 11);
}

/** A JSON string of that many bytes, unlike that of any other index. */
function jsonOf(index: number, bytes: number): string {
  return JSON.stringify(`${index}:`.padEnd(bytes - 2, `${index % 10}`));
}

describe.each(MODES)('in %s', (_mode, settings) => {
  it('UTF-8 arrives and leaves intact, below and above 8 KiB', async () => {
    await using runtime = await startRuntime({ handler: 'echo.handler', ...settings });
    for (const sample of [
      'é',
      'Zürich',
      '漢字かな',
      '🗼👩‍👩‍👧‍👦',
      '\u0000\u007f\u0080\u07ff\u0800\uffff',
      '\u2028"\\\n',
    ]) {
      for (const bytes of [1, 100, 8 * KIB - 40, 8 * KIB, 8 * KIB + 40, 70 * KIB]) {
        // Shifted by up to 3 bytes, so that a character crosses every possible boundary.
        for (const shift of ['', 'a', 'aa', 'aaa']) {
          const event = shift + sample.repeat(Math.ceil(bytes / Buffer.byteLength(sample)));
          const [, echoed] = await runtime.invoke<[string, string]>(event);
          expect(echoed === event, `${sample}, ${bytes} bytes, shifted by ${shift.length}`).toBe(true);
        }
      }
    }
  });

  it('keys and escapes arrive and leave intact', async () => {
    await using runtime = await startRuntime({ handler: 'echo.handler', ...settings });
    const event = { '🗝': { ключ: ['\ud83d', '\u0000', -0.5, 1e21, null, true] }, __proto: 1 };
    expect((await runtime.invoke<[string, unknown]>(event))[1]).toEqual(event);
  });
});
