import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import { expect, it } from 'vitest';
import type { BenchRecord } from '../../src/cli/bench/comparison.ts';
import { withBenchFlags } from '../../src/cli/bench/flags.ts';

const PAGE = readFileSync(new URL('../../docs/bench.md', import.meta.url), 'utf8');

/** All fields of a type, also those that are optional. */
type Complete<Type> = Type extends readonly (infer Item)[]
  ? readonly Complete<Item>[]
  : Type extends URL
    ? never
    : Type extends object
      ? { readonly [Field in keyof Type]-?: Complete<NonNullable<Type[Field]>> }
      : Type;

const LATENCY = { mean: 1, p50: 1, p90: 1, p99: 1, max: 1 };
const ANSWERS = { total: 1, failed: 1, firstError: '' };
const FUNCTION = { name: '', url: '', line: 1, selfMs: 1, totalMs: 1 };

/** It compiles only if it has all fields of the result, and no others. */
const EVERYTHING: Complete<BenchRecord> = {
  about: {
    workerFile: '',
    options: { services: '', sharedData: '', codec: '', preload: [''] },
    events: 1,
    seconds: 1,
    date: '',
    version: '',
    machine: { cpu: '', cores: 1, memoryMiB: 1, os: '', node: '' },
  },
  reliable: true,
  problems: [''],
  measurements: [
    {
      slots: 1,
      threads: 1,
      invocationsPerThread: 1,
      askedSlots: 1,
      perSecond: 1,
      standardError: 1,
      possiblePerSecond: 1,
      idealPerSecond: 1,
      efficiency: 1,
      costPerThousand: { vCpuSeconds: 1, gibSeconds: 1 },
      steady: true,
      latencyMs: LATENCY,
      histogram: [{ fromMs: 1, toMs: 1, count: 1 }],
      answers: ANSWERS,
      cpu: { msPerInvocation: 1, delayMsPerInvocation: 1, cores: 1 },
      peakMemoryMiB: 1,
      loadCore: 1,
      others: 1,
      stolen: 1,
      rounds: [{ perSecond: 1, cpuMsPerInvocation: 1, others: 1, counted: true }],
      rates: [
        { perSecond: 1, latencyMs: LATENCY, answers: ANSWERS, cpuCores: 1 },
        { perSecond: 1, tooMuch: true },
      ],
    },
  ],
  recommendation: {
    basis: 'throughput',
    size: { slots: 1, threads: 1 },
    advice: {
      perExecutionEnvironmentMaxConcurrency: 1,
      threads: 1,
      invocationsPerThread: 1,
      environment: { vCpus: 1, vCpusForCpuTime: 1, gibPerVCpu: 1, memoryMiB: 1, fits: true },
    },
    workload: { waits: true, cpuMs: 1, delayMs: 1, durationMs: 1, share: 1, certain: true },
    rationale: [''],
  },
  noRecommendation: '',
  caveats: [''],
  profile: {
    setup: { slots: 1, threads: 1 },
    seconds: 1,
    busyMs: 1,
    functions: [FUNCTION],
    tree: { ...FUNCTION, children: [{ ...FUNCTION, children: [] }] },
    missing: [''],
  },
};

it('docs/bench.md describes every field of the result, with its type, and no others', () => {
  const documented = documentedFields();
  const isWithin = (path: string): boolean =>
    [...documented.keys()].some((other) => path.startsWith(`${other}.`) && REFERENCES.test(other));
  const fields = new Map(fieldsOf('', EVERYTHING).filter(([path]) => !isWithin(path)));
  expect([...documented].filter(([path]) => !SECTIONS.test(path)).sort()).toEqual([...fields].sort());
});

it('docs/bench.md lists every flag of the command', () => {
  const listed = [...PAGE.matchAll(/^\| `(--.+?)` +\|/gm)].map(([, flag]) => flag);
  const { options } = withBenchFlags(new Command());
  expect(listed.toSorted()).toEqual(options.map(({ flags }) => flags).toSorted());
});

/** Fields that have their own table. */
const SECTIONS = /^(about|measurements\[\]|recommendation|profile)$/;
/** Fields whose own fields the page describes elsewhere. */
const REFERENCES = /^measurements\[\]\.rates\[\]\.(latencyMs|answers)$|\.tree\.children\[\]$/;

/** The fields of the tables below `Fields of …`, with their types. */
function documentedFields(): Map<string, string> {
  const fields = new Map<string, string>();
  for (const section of PAGE.split(/^##+ (?=Fields of)/m).slice(1)) {
    const [, of = ''] = /^Fields of `(.+)`/.exec(section) ?? [];
    const rows = section.split(/^## /m)[0]?.matchAll(/^\| `(\S+)` +\| (\w+)/gm) ?? [];
    for (const [, field = '', type = ''] of rows) fields.set(of === '' ? field : `${of}.${field}`, type);
  }
  return fields;
}

/** The paths of all values, with their types as the page has them. */
function fieldsOf(path: string, value: unknown): [path: string, type: string][] {
  if (Array.isArray(value)) return value.flatMap((item) => fieldsOf(`${path}[]`, item));
  if (value === true && path.endsWith('.tooMuch')) return [[path, 'true']];
  if (typeof value !== 'object' || value === null) return [[path, typeof value]];
  const own: [string, string][] = REFERENCES.test(path) ? [[path, 'object']] : [];
  return [
    ...own,
    ...Object.entries(value).flatMap(([name, field]) =>
      fieldsOf(path === '' ? name : `${path}.${name}`, field),
    ),
  ];
}
