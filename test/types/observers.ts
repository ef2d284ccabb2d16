/** Compiled, never run: the types of `lambda-managed-runtime/emf` and `/otel`. */
import { expectTypeOf } from 'vitest';
import { emitEmf } from '../../src/emf/index.ts';
import type { EmfOptions } from '../../src/emf/index.ts';
import type { ManagedRuntime, StatsSource } from '../../src/index.ts';
import { instrument } from '../../src/otel/index.ts';

expectTypeOf(emitEmf).parameters.toEqualTypeOf<[runtime: StatsSource, options?: EmfOptions | undefined]>();
expectTypeOf(emitEmf).returns.toEqualTypeOf<() => void>();
expectTypeOf<EmfOptions>().toEqualTypeOf<{
  readonly namespace?: string;
  readonly intervalMs?: number;
  readonly dimensions?: Readonly<Record<string, string>>;
  readonly write?: (line: string) => void;
}>();
// @ts-expect-error undefined is not a namespace
export const undefinedNamespace: EmfOptions = { namespace: undefined };

expectTypeOf(instrument).parameters.toEqualTypeOf<[runtime: StatsSource]>();
expectTypeOf(instrument).returns.toEqualTypeOf<() => void>();
expectTypeOf<ManagedRuntime>().toExtend<Parameters<typeof instrument>[0]>();
