/** Compiled, never run: the types of `lambda-managed-runtime/bench`. */
import { expectTypeOf } from 'vitest';
import { compareSizes, htmlReport, textReport } from '../../src/cli/bench/index.ts';
import type {
  Advice,
  AtRate,
  Basis,
  Comparison,
  CompareOptions,
  Cost,
  EnvironmentSize,
  MeasuredRate,
  Measurement,
  Modules,
  Recommendation,
  Setup,
  SizeResult,
  SkippedRate,
} from '../../src/cli/bench/index.ts';

expectTypeOf(compareSizes).parameters.toEqualTypeOf<
  [workerFile: string | URL, options?: CompareOptions | undefined]
>();
expectTypeOf(compareSizes).returns.toEqualTypeOf<Promise<Comparison>>();
expectTypeOf(htmlReport).toEqualTypeOf<(comparison: Comparison) => Promise<string>>();
expectTypeOf(textReport).toEqualTypeOf<(comparison: Comparison) => Promise<string>>();
expectTypeOf<CompareOptions>().toEqualTypeOf<{
  readonly sizes?: readonly number[];
  readonly events?: readonly unknown[];
  readonly seconds?: number;
  readonly rates?: readonly number[];
  readonly timeoutMs?: number;
  readonly options?: Modules;
  readonly log?: string;
  readonly onMeasured?: (measurement: Measurement) => void;
}>();
expectTypeOf<Modules>().toEqualTypeOf<{
  readonly services?: string | URL | undefined;
  readonly sharedData?: string | URL | undefined;
  readonly codec?: string | URL | undefined;
  readonly preload?: readonly (string | URL)[] | undefined;
}>();
expectTypeOf<Comparison['measurements']>().toEqualTypeOf<readonly SizeResult[]>();
expectTypeOf<Comparison['recommendation']>().toEqualTypeOf<Recommendation | null>();
expectTypeOf<SizeResult>().toExtend<Measurement>();
expectTypeOf<Measurement>().toExtend<Setup>();
expectTypeOf<SizeResult['costPerThousand']>().toEqualTypeOf<Cost>();
expectTypeOf<Recommendation['advice']>().toEqualTypeOf<Advice>();
expectTypeOf<Advice['environment']>().toEqualTypeOf<EnvironmentSize>();
expectTypeOf<Basis>().toEqualTypeOf<'throughput' | 'cpu-time'>();
expectTypeOf<AtRate>().toEqualTypeOf<MeasuredRate | SkippedRate>();
// @ts-expect-error a script that uses the settings must handle a missing recommendation
export const settings = (comparison: Comparison): Advice => comparison.recommendation.advice;
