import assert from 'node:assert/strict';
import type { InvokeResult } from '../../src/local/invoke.ts';
import type { FunctionProcess } from './function-process.ts';
import type { Services } from './group.ts';

/** An invocation, and the trace that its caller has started. */
export interface Invocation {
  readonly n: number;
  readonly requestId: string;
  /** Of X-Ray: `1-<8 hex>-<24 hex>`. */
  readonly root: string;
  /** The same in the format of W3C: 32 hex digits. */
  readonly traceId: string;
  /** The caller's span: 16 hex digits. */
  readonly parent: string;
}

/** The parts of a streamed response, between which there are eight NUL bytes. */
export interface StreamedAnswer {
  readonly metadata: string;
  readonly body: string;
}

export const COUNT = 200;

export function invocationOf(n: number): Invocation {
  const id = n.toString(16).padStart(6, '0');
  const root = `1-5bef4de7-${id.padStart(24, 'a')}`;
  return {
    n,
    requestId: `${id.padStart(8, '0')}-0000-4000-8000-${id.padStart(12, '0')}`,
    root,
    traceId: root.slice(2).replace('-', ''),
    parent: `b${id.padStart(15, '0')}`,
  };
}

export const ALL: readonly Invocation[] = Array.from({ length: COUNT }, (_, n) => invocationOf(n));

/** The first problems and their number, for a message that one can read. */
export function mostly(problems: readonly string[]): string[] {
  return problems.length > 3 ? [...problems.slice(0, 3), `${problems.length} in all`] : [...problems];
}

/**
 * Sends 200 invocations in waves that occupy all slots, and asserts that those of a wave overlapped: on different
 * threads, and with several slots on a thread, on the same thread. Resolves with the results in order.
 */
export async function invokeInWaves<Result>(
  running: FunctionProcess,
  { upstream }: Services,
  eventOf: (invocation: Invocation) => unknown,
  afterWave: (invocations: readonly Invocation[]) => void | Promise<void> = () => undefined,
): Promise<Result[]> {
  const { threads, concurrency } = running.layout;
  const results: Result[] = [];
  for (let first = 0; first < COUNT; first += concurrency) {
    const wave = Array.from({ length: concurrency }, (_, index) => invocationOf(first + index));
    upstream.expectWave(concurrency);
    results.push(
      ...(await Promise.all(wave.map((each) => callTraced<Result>(running, each, eventOf(each))))),
    );
    await afterWave(wave);
  }
  for (const onThreads of upstream.overlaps) {
    assert.equal(sum(onThreads), concurrency, 'All invocations of a wave overlap.');
    if (running.contender === 'ours') assert.equal(onThreads.length, Math.max(threads, 1));
    if (concurrency > Math.max(threads, 1))
      assert.ok(Math.max(...onThreads) > 1, 'Invocations share a thread.');
  }
  return results;
}

/** Sends 200 invocations in waves and asserts that all are streamed. Resolves with the metadata and the body of each. */
export async function streamInWaves(
  running: FunctionProcess,
  { upstream }: Services,
  eventOf: (invocation: Invocation) => unknown,
): Promise<StreamedAnswer[]> {
  const { concurrency } = running.layout;
  const results: InvokeResult[] = [];
  for (let first = 0; first < COUNT; first += concurrency) {
    const wave = ALL.slice(first, first + concurrency);
    upstream.expectWave(wave.length);
    const invoke = (each: Invocation) => running.invoke(eventOf(each), { requestId: each.requestId });
    results.push(...(await Promise.all(wave.map(invoke))));
  }
  return results.map((result) => {
    assert.equal(result.status, 'response');
    assert.equal('mode' in result && result.mode, 'streaming');
    const text = 'body' in result ? result.body.toString() : '';
    const [metadata = '', body = ''] = text.split('\0'.repeat(8));
    return { metadata, body };
  });
}

/** Invokes with the headers of a sampled trace. */
function callTraced<Result>(
  running: FunctionProcess,
  { requestId, root, parent }: Invocation,
  event: unknown,
): Promise<Result> {
  const traceId = `Root=${root};Parent=${parent};Sampled=1`;
  return running.call<Result>(event, { requestId, traceId });
}

/** Repeats an assertion until it holds. Rejects with its last error. */
export async function eventually(assertion: () => void, timeoutMs = 10_000): Promise<void> {
  const end = Date.now() + timeoutMs;
  for (;;) {
    try {
      return assertion();
    } catch (error) {
      if (Date.now() > end) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0);
}
