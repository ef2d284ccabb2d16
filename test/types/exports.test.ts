import { readFileSync } from 'node:fs';
import { parseSync } from 'oxc-parser';
import { expect, it } from 'vitest';

/** The values and types that each entry of package.json exports. A difference changes the public API. */
const PUBLIC: Readonly<
  Record<string, { readonly values: readonly string[]; readonly types: readonly string[] }>
> = {
  '.': {
    values: ['ManagedRuntimeError', 'createManagedRuntime'],
    types: [
      'CallFrame',
      'CpuProfile',
      'CpuProfileNode',
      'CpuProfiles',
      'DeliveryStatus',
      'Distribution',
      'EventLoopStats',
      'FailureCause',
      'HeapProfile',
      'HeapProfileNode',
      'HeapProfileSample',
      'HeapProfiles',
      'InvocationOutcome',
      'LogInvocations',
      'ManagedRuntime',
      'ManagedRuntimeErrorCode',
      'ManagedRuntimeOptions',
      'MissingProfile',
      'OnDeadline',
      'PositionTicks',
      'ProfileInvocation',
      'ProfileOptions',
      'Profiles',
      'RuntimeStats',
      'SlotStats',
      'StatsSource',
      'ThreadCpuProfile',
      'ThreadEndCause',
      'ThreadProfile',
      'ThreadStats',
      'ThreadsStats',
    ],
  },
  './worker': {
    values: [
      'HttpResponseStream',
      'getContext',
      'logger',
      'onShutdown',
      'proxy',
      'release',
      'streamifyResponse',
      'transfer',
      'useServices',
      'useSharedData',
    ],
    types: [
      'ClientContext',
      'ClientContextClient',
      'ClientContextEnv',
      'CodecModule',
      'CognitoIdentity',
      'Context',
      'Handler',
      'ManagedContext',
      'Service',
      'Services',
      'SharedData',
      'ShutdownHook',
      'StreamingHandler',
      'StreamingOptions',
      'TraceContext',
      'WritableResponse',
    ],
  },
  './bench': {
    values: ['compareSizes', 'htmlReport', 'textReport'],
    types: [
      'About',
      'Advice',
      'Answers',
      'AtRate',
      'Basis',
      'CompareOptions',
      'Comparison',
      'Cost',
      'CpuUse',
      'EnvironmentSize',
      'HistogramBucket',
      'Latency',
      'Machine',
      'MeasuredRate',
      'Measurement',
      'Modules',
      'Recommendation',
      'RoundSummary',
      'Setup',
      'SizeResult',
      'SkippedRate',
      'Workload',
    ],
  },
  './cdk': { values: ['ManagedNodejsFunction'], types: ['ManagedNodejsFunctionProps'] },
  './emf': { values: ['emitEmf'], types: ['EmfOptions'] },
  './otel': { values: ['instrument'], types: [] },
  './testing': {
    values: ['startRuntimeApi'],
    types: [
      'ErrorBody',
      'Fault',
      'FaultMatch',
      'FaultPlan',
      'FaultPoint',
      'InitError',
      'InvocationOptions',
      'Invoked',
      'InvokedError',
      'InvokedResponse',
      'InvokedTimeout',
      'NotInvoked',
      'RuntimeApi',
      'RuntimeApiOptions',
    ],
  },
};

const PROJECT = new URL('../../', import.meta.url);
const { exports } = JSON.parse(readFileSync(new URL('package.json', PROJECT), 'utf8')) as {
  exports: Record<string, { types: string; default: string } | string>;
};
const entries = Object.entries(exports).flatMap(([name, files]) =>
  typeof files === 'string' ? [] : [{ name, ...files }],
);

it('the package has exactly the listed entries', () => {
  expect(entries.map(({ name }) => name).sort()).toEqual(Object.keys(PUBLIC).sort());
});

it.each(entries)('$name exports exactly the listed names', async ({ name, types, default: module }) => {
  const source = new URL(module.replace(/^\.\/dist\/(.*)\.js$/, '$1.ts'), PROJECT);
  expect(types).toBe(module.replace(/\.js$/, '.d.ts'));
  const { module: parsed, errors } = parseSync(source.pathname, readFileSync(source, 'utf8'));
  expect(errors).toEqual([]);
  const declared = parsed.staticExports.flatMap((statement) => statement.entries);
  const names = (isType: boolean) =>
    declared
      .filter((entry) => entry.isType === isType)
      .map((entry) => entry.exportName.name ?? entry.exportName.kind)
      .sort();
  expect({ values: names(false), types: names(true) }).toEqual(PUBLIC[name]);
  expect(Object.keys((await import(source.href)) as object).sort()).toEqual(PUBLIC[name]?.values);
});
