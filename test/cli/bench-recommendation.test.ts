import { describe, expect, it } from 'vitest';
import type { Measurement } from '../../src/cli/bench/measurement.ts';
import { makeRecord, recommendedSettings } from '../../src/cli/bench/record.ts';
import type { BenchRecord } from '../../src/cli/bench/record.ts';
import { Tally } from '../../src/cli/bench/measurement.ts';
import { nextSetup } from '../../src/cli/bench/recommendation.ts';

interface MadeUp {
  readonly slots: number;
  readonly threads?: number;
  readonly perSecond: number;
  readonly error?: number;
  readonly cpuMs?: number;
  readonly delayMs?: number;
  readonly peakMemoryMiB?: number;
  readonly others?: number;
  readonly failed?: number;
  readonly askedSlots?: number;
}

/** As a closed loop has it: each slot is busy all the time. */
function madeUp(given: MadeUp): Measurement {
  const { slots, threads = slots, perSecond, cpuMs = 100, failed = 0, askedSlots } = given;
  const mean = (slots * 1000) / perSecond;
  return {
    slots,
    threads,
    invocationsPerThread: slots / threads,
    ...(askedSlots !== undefined && { askedSlots }),
    perSecond,
    error: given.error ?? 0.01,
    steady: true,
    latencyMs: { mean, p50: mean, p90: mean * 1.1, p99: mean * 1.5, max: mean * 2 },
    answers: { total: 100, failed, ...(failed > 0 && { firstError: 'TypeError: no' }) },
    cpu: {
      msPerInvocation: cpuMs,
      delayMsPerInvocation: given.delayMs ?? 0,
      cores: (cpuMs * perSecond) / 1000,
    },
    peakMemoryMiB: given.peakMemoryMiB ?? 200,
    loadCore: 0.1,
    others: given.others ?? 0,
    rates: [],
  };
}

function bench(some: readonly MadeUp[], cores = 2): BenchRecord {
  const machine = { cpu: 'a CPU', cores, memoryMiB: 8192, os: 'an OS', node: 'v24' };
  const about = {
    workerFile: 'handler.ts',
    modules: {},
    events: 1,
    seconds: 3,
    date: 'today',
    version: '0',
    machine,
  };
  return makeRecord(about, some.map(madeUp));
}

/** 100 ms of CPU time. */
const COMPUTING: readonly MadeUp[] = [
  { slots: 1, perSecond: 9.9 },
  { slots: 2, perSecond: 19.5 },
  { slots: 4, perSecond: 20 },
  { slots: 8, perSecond: 19.8 },
];

/** 100 ms of which 1 is CPU time. */
const waiting = (slots: number, threads = slots, ms = 100): MadeUp => ({
  slots,
  threads,
  perSecond: (slots * 1000) / ms,
  cpuMs: 1,
  peakMemoryMiB: 100 + 30 * threads,
});
const WAITING: readonly MadeUp[] = [
  waiting(1),
  waiting(2),
  waiting(4),
  waiting(8),
  waiting(8, 2),
  waiting(32, 2),
  waiting(128, 2),
];

const advice = (record: BenchRecord) => record.recommendation.advice;

describe('a handler that computes', () => {
  it('gets about a slot for each core', () => {
    const { recommendation } = bench(COMPUTING);
    expect(recommendation.workload).toMatchObject({ waits: false });
    expect(recommendation.advice).toMatchObject({
      perExecutionEnvironmentMaxConcurrency: 2,
      invocationsPerThread: 1,
      environment: { vCpus: 2, memoryMiB: 4096, gibPerVCpu: 2, fits: true },
    });
    expect(recommendation.rationale.join('\n')).toMatch(
      /is CPU-bound[^]*2 slots had 19\.5 invocations\/s, 98 % of the best[^]*4096 MiB/,
    );
  });

  it('gets one slot on one core, and the report says that it then has no thread', () => {
    const record = bench(COMPUTING.slice(0, 1).concat({ slots: 2, perSecond: 9.8 }), 1);
    expect(advice(record).perExecutionEnvironmentMaxConcurrency).toBe(1);
    expect(record.recommendation.rationale.at(-1)).toMatch(
      /runs on the main thread.*WORKER_COUNT\) set to 1/,
    );
    expect(bench(COMPUTING).recommendation.rationale.join('')).not.toContain('main thread');
  });

  it('gets more where these have more throughput, as short invocations do', () => {
    const withError = (error: number): MadeUp[] => [
      { slots: 1, perSecond: 9.5, error },
      { slots: 2, perSecond: 17, error },
      { slots: 4, perSecond: 18.7, error },
      { slots: 8, perSecond: 18.8, error },
    ];
    expect(advice(bench(withError(0.01))).perExecutionEnvironmentMaxConcurrency).toBe(4);
    // Then the difference may be noise.
    expect(advice(bench(withError(0.04))).perExecutionEnvironmentMaxConcurrency).toBe(2);
  });

  it('is not taken for one that waits when other programs have the cores', () => {
    const some = [
      { slots: 1, perSecond: 3, delayMs: 230, others: 0.7 },
      { slots: 2, perSecond: 19 },
    ];
    const record = bench(some);
    expect(record.recommendation.workload.waits).toBe(false);
    expect(record.recommendation.rationale[0]).toMatch(
      /100 ms of CPU time and 230 ms without a core in 333 ms/,
    );
    expect(record.warnings).toEqual([expect.stringMatching(/^NOISE: .* 70 % .*1 slot/)]);
  });

  it('is not taken for one that waits when more slots than cores wait for each other', () => {
    expect(bench([{ slots: 8, perSecond: 20 }]).recommendation.workload.waits).toBe(false);
  });
});

it('a size that kept all cores busy is not passed over because the machine became faster later', () => {
  const some = [
    { slots: 1, perSecond: 9.9 },
    // Others had a tenth of two cores, and the runtime 1.75 of 1.8.
    { slots: 2, perSecond: 14, cpuMs: 125, others: 0.1 },
    { slots: 4, perSecond: 20 },
  ];
  const { recommendation } = bench(some);
  expect(recommendation.advice.perExecutionEnvironmentMaxConcurrency).toBe(2);
  expect(recommendation.rationale[1]).toMatch(/14\.0 invocations\/s, 70 % .* would only share it/);
  const idle = [
    { slots: 1, perSecond: 9.9 },
    { slots: 2, perSecond: 14 },
    { slots: 4, perSecond: 20 },
  ];
  expect(advice(bench(idle)).perExecutionEnvironmentMaxConcurrency).toBe(4);
});

describe('a handler that waits', () => {
  it('gets as many slots as pay, on as many threads as there are cores', () => {
    const { recommendation, warnings } = bench(WAITING);
    expect(recommendation.workload).toMatchObject({ waits: true, share: 0.01 });
    expect(recommendation.advice).toMatchObject({
      perExecutionEnvironmentMaxConcurrency: 128,
      threads: 2,
      invocationsPerThread: 64,
    });
    expect(recommendation.rationale.join('\n')).toMatch(
      /waits more than it computes[^]*160 MiB with 128 slots on 2 threads, compared with 340 MiB with 8 slots[^]*64 per vCPU/,
    );
    expect(warnings).toEqual([expect.stringMatching(/128 concurrent calls/)]);
  });

  it('gets fewer where what it waits for is the limit', () => {
    const some = [...WAITING.slice(0, 6), waiting(64, 2, 190), waiting(128, 2, 380)];
    expect(advice(bench(some))).toMatchObject({
      perExecutionEnvironmentMaxConcurrency: 32,
      threads: 2,
      invocationsPerThread: 16,
    });
  });

  it('keeps a thread for each slot where shared ones do worse', () => {
    const some = [...WAITING.slice(0, 4), waiting(8, 2, 300), waiting(16, 2, 600)];
    expect(advice(bench(some))).toMatchObject({
      perExecutionEnvironmentMaxConcurrency: 8,
      threads: 8,
      invocationsPerThread: 1,
    });
  });

  it('is told how to set it', () => {
    expect(recommendedSettings(bench(WAITING))).toEqual([
      ['PerExecutionEnvironmentMaxConcurrency', '128'],
      ['MemorySize', '4096 (2 vCPUs)'],
      ['ExecutionEnvironmentMemoryGiBPerVCpu', '2'],
      ['threads', '2, or AWS_LAMBDA_NODEJS_WORKER_COUNT=2'],
      ['invocationsPerThread', '64'],
    ]);
  });
});

describe('memory', () => {
  it.each([
    // A third on top.
    { peakMemoryMiB: 1500, cores: 1, memoryMiB: 2048 },
    { peakMemoryMiB: 1600, cores: 1, memoryMiB: 4096 },
    { peakMemoryMiB: 3000, cores: 2, memoryMiB: 4096 },
    { peakMemoryMiB: 3200, cores: 2, memoryMiB: 8192 },
    { peakMemoryMiB: 9000, cores: 2, memoryMiB: 16384 },
    { peakMemoryMiB: 100, cores: 16, memoryMiB: 32768 },
  ])('of $peakMemoryMiB MiB on $cores cores makes $memoryMiB', ({ peakMemoryMiB, cores, memoryMiB }) => {
    const { environment } = advice(bench([{ slots: cores, perSecond: 10, peakMemoryMiB }], cores));
    expect(environment).toMatchObject({ memoryMiB, vCpus: cores, fits: true });
    expect(environment.memoryMiB).toBe(environment.vCpus * environment.gibPerVCpu * 1024);
  });

  it('that no environment has is said', () => {
    const { recommendation } = bench([{ slots: 2, perSecond: 10, peakMemoryMiB: 20_000 }]);
    expect(recommendation.advice.environment).toMatchObject({ memoryMiB: 16384, fits: false });
    expect(recommendation.rationale.at(-1)).toMatch(
      /exceeds the 16384 MiB available with 2 vCPUs: use fewer/,
    );
  });
});

it('a machine with more cores than an environment can have gives its part', () => {
  const record = bench(
    [
      { slots: 32, perSecond: 318 },
      { slots: 64, perSecond: 320 },
    ],
    32,
  );
  expect(advice(record)).toMatchObject({
    perExecutionEnvironmentMaxConcurrency: 16,
    threads: 16,
    environment: { vCpus: 16 },
  });
  expect(record.warnings).toEqual([expect.stringMatching(/32 cores.*16 vCPUs/)]);
});

it('failed invocations are said first, with the first error', () => {
  const { warnings } = bench([{ slots: 1, perSecond: 9, failed: 30, others: 0.5 }]);
  expect(warnings[0]).toMatch(/^FAILURES: 30 of 100 .*TypeError: no$/);
});

it('throughput is callers ÷ mean latency, percentiles are the nearest of those that were', () => {
  const tally = new Tally();
  for (let ms = 1; ms <= 150; ms += 1) tally.add(ms, ms === 7 ? 'seven' : undefined);
  expect(tally.latency).toEqual({ mean: 75.5, p50: 75, p90: 135, p99: 149, max: 150 });
  expect(tally.throughput(4).perSecond).toBeCloseTo(4000 / 75.5, 6);
  expect(tally.answers).toEqual({ total: 150, failed: 1, firstError: 'seven' });
  const steady = new Tally();
  for (let count = 0; count < 10; count += 1) steady.add(20, undefined);
  expect(steady.throughput(2)).toEqual({ perSecond: 100, error: 0 });
});

describe('which setups are measured', () => {
  it('a thread for each slot, until that pays no more, where the handler computes', () => {
    expect(tried({ cores: 2 }, (slots) => ({ slots, perSecond: 10 * Math.min(slots, 2) }))).toEqual([
      '1/1',
      '2/2',
      '4/4',
      '8/8',
    ]);
    expect(tried({ cores: 8 }, (slots) => ({ slots, perSecond: 10 * Math.min(slots, 4) }))).toEqual([
      '1/1',
      '2/2',
      '4/4',
      '8/8',
      '16/16',
    ]);
    expect(tried({ cores: 6 }, (slots) => ({ slots, perSecond: 10 * slots }))).toEqual([
      '1/1',
      '2/2',
      '4/4',
      '6/6',
      '8/8',
      '16/16',
    ]);
  });

  it('then shared threads, up to 64 slots for each core, where it waits', () => {
    expect(tried({ cores: 2 }, waiting)).toEqual([
      '1/1',
      '2/2',
      '4/4',
      '8/8',
      '8/2',
      '16/2',
      '32/2',
      '64/2',
      '128/2',
    ]);
    const limited = (slots: number, threads: number) => waiting(slots, threads, Math.max(100, slots * 10));
    expect(tried({ cores: 2 }, limited)).toEqual(['1/1', '2/2', '4/4', '8/8', '8/2', '16/2', '32/2', '64/2']);
  });

  it('those that are given', () => {
    expect(tried({ cores: 2, given: [2, 3] }, (slots) => ({ slots, perSecond: 20 }))).toEqual(['2/2', '3/3']);
    expect(tried({ cores: 2, given: [1, 10] }, waiting)).toEqual(['1/1', '10/10', '10/2']);
  });

  it('none that memory will not allow', () => {
    const memory = (slots: number): MadeUp =>
      slots > 2 ? { slots: 3, askedSlots: slots, perSecond: 20 } : { slots, perSecond: 10 * slots };
    expect(tried({ cores: 2 }, memory)).toEqual(['1/1', '2/2', '4/4']);
  });
});

function tried(
  { cores, given }: { cores: number; given?: readonly number[] },
  measure: (slots: number, threads: number) => MadeUp,
): string[] {
  const measured: Measurement[] = [];
  const setups: string[] = [];
  for (;;) {
    const setup = nextSetup(measured, { cores, given });
    if (setup === undefined) return setups;
    setups.push(`${setup.slots}/${setup.threads}`);
    measured.push(madeUp(measure(setup.slots, setup.threads)));
  }
}
