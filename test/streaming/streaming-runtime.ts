import { expect } from 'vitest';
import type { InvokeOptions, InvokeResult } from '../../src/local/invoke.ts';
import type { ManagedRuntimeOptions } from '../../src/config/options.ts';
import { LAYOUTS, startLayout, startSingle } from '../faults/fault-runtime.ts';
import type { FaultOptions, FaultRuntime } from '../faults/fault-runtime.ts';

export interface StreamingShape {
  readonly mode: string;
  /** Invocations at once on a thread; undefined where there is none. */
  readonly perThread: number | undefined;
  readonly start: (options?: ManagedRuntimeOptions, given?: FaultOptions) => Promise<FaultRuntime>;
}

/** The streaming handler of the fixtures, in threads for one and for several invocations each, and without a thread. */
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

/** For what does not depend on how invocations are laid out on threads. */
export const EITHER_MODE = SHAPES.slice(1);

export interface Observed {
  /** The first bytes, as soon as they have come. */
  readonly first: Promise<string>;
  readonly result: Promise<InvokeResult>;
}

/** Invokes, and sees the first bytes of the response before its end. */
export function observe(runtime: FaultRuntime, event: object, options: InvokeOptions = {}): Observed {
  const { promise, resolve } = Promise.withResolvers<string>();
  const onChunk = (chunk: Buffer) => resolve(chunk.toString());
  const result = runtime.result(event, { ...options, onChunk });
  return { first: runtime.unlessExited(promise), result };
}

/** For large ones: to print the difference, or to look for it byte by byte, would take long. */
export function expectBody(result: InvokeResult, body: Buffer): void {
  expect(result).toMatchObject({ status: 'response' });
  expect('body' in result && result.body.equals(body)).toBe(true);
}
