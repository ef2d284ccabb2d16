import { expect } from 'vitest';
import type { InvokeOptions, InvokeResult } from '../../src/local/invoke.ts';
import type { ManagedRuntimeOptions } from '../../src/config/options.ts';
import { LAYOUTS, startLayout, startSingle } from '../faults/fault-runtime.ts';
import type { FaultOptions, FaultRuntime } from '../faults/fault-runtime.ts';

export interface StreamingShape {
  readonly mode: string;
  /** The number of concurrent invocations per thread; undefined in single mode. */
  readonly perThread: number | undefined;
  readonly start: (options?: ManagedRuntimeOptions, given?: FaultOptions) => Promise<FaultRuntime>;
}

/** The streaming handler of the fixtures: with one and with several invocations per thread, and in single mode. */
export const SHAPES: readonly StreamingShape[] = [
  ...LAYOUTS.map((layout) => ({
    mode: `${layout.threads} threads for ${layout.perThread} each`,
    perThread: layout.perThread,
    start: (options: ManagedRuntimeOptions = {}, given: FaultOptions = {}) =>
      startLayout(layout, { ...given, workerFile: 'streams.mjs', options }),
  })),
  {
    mode: 'single mode',
    perThread: undefined,
    start: (options: ManagedRuntimeOptions = {}, given: FaultOptions = {}) =>
      startSingle({ ...given, workerFile: 'streams.mjs', options }),
  },
];

export const SINGLE = SHAPES[2] as StreamingShape;

/** For tests that do not depend on the number of invocations per thread. */
export const EITHER_MODE = SHAPES.slice(1);

export interface Observed {
  /** Resolves with the first bytes as soon as they have arrived. */
  readonly first: Promise<string>;
  readonly result: Promise<InvokeResult>;
}

/** Invokes; the first bytes of the response are available before its end. */
export function observe(runtime: FaultRuntime, event: object, options: InvokeOptions = {}): Observed {
  const { promise, resolve } = Promise.withResolvers<string>();
  const onChunk = (chunk: Buffer) => resolve(chunk.toString());
  const result = runtime.result(event, { ...options, onChunk });
  return { first: runtime.unlessExited(promise), result };
}

/** Compares large bodies. A comparison by `toEqual` and the printed difference would take too long. */
export function expectBody(result: InvokeResult, body: Buffer): void {
  expect(result).toMatchObject({ status: 'response' });
  expect('body' in result && result.body.equals(body)).toBe(true);
}
