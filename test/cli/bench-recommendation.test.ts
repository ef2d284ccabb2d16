import { describe, expect, it } from 'vitest';
import { recommendedSettings } from '../../src/cli/bench/comparison.ts';
import type { Comparison, Recommendation } from '../../src/cli/bench/comparison.ts';
import type { Measurement } from '../../src/cli/bench/measurement.ts';
import { combineRounds, needsRound } from '../../src/cli/bench/rounds.ts';
import type { Round } from '../../src/cli/bench/rounds.ts';
import { nextSetup } from '../../src/cli/bench/setups.ts';
import { Tally } from '../../src/cli/bench/tally.ts';
import {
  COMPUTING,
  WAITING,
  madeUp,
  madeUpComparison as bench,
  waiting,
  withAll,
} from './made-up-measurements.ts';
import type { MadeUp } from './made-up-measurements.ts';

function recommended(comparison: Comparison): Recommendation {
  if (comparison.recommendation === null) throw new Error(comparison.noRecommendation);
  return comparison.recommendation;
}

const advice = (comparison: Comparison) => recommended(comparison).advice;

describe('a handler that computes', () => {
  it('gets about a slot for each core', () => {
    const { advice: settings, rationale, workload } = recommended(bench(COMPUTING));
    expect(workload).toMatchObject({ waits: false });
    expect(settings).toMatchObject({
      perExecutionEnvironmentMaxConcurrency: 2,
      invocationsPerThread: 1,
      environment: { vCpus: 2, memoryMiB: 4096, gibPerVCpu: 2, fits: true },
    });
    expect(rationale.join('\n')).toMatch(
      /is CPU-bound[^]*2 slots had 19\.5 invocations\/s, 98 % of the best[^]*2 slots keep 1\.95 cores busy, which is 2 vCPUs[^]*4096 MiB/,
    );
  });

  it('gets one slot on one core, and the report says that it then runs on the main thread', () => {
    const one = bench(COMPUTING.slice(0, 1).concat({ slots: 2, perSecond: 9.8 }), 1);
    expect(advice(one).perExecutionEnvironmentMaxConcurrency).toBe(1);
    expect(recommended(one).rationale.at(-1)).toMatch(/runs on the main thread.*WORKER_COUNT\) set to 1/);
    expect(recommended(bench(COMPUTING)).rationale.join('')).not.toContain('main thread');
  });

  it('gets more slots than cores if they have clearly more throughput', () => {
    const withError = (standardError: number): MadeUp[] => [
      { slots: 1, perSecond: 9.5, standardError },
      { slots: 2, perSecond: 17, standardError },
      { slots: 4, perSecond: 18.7, standardError },
      { slots: 8, perSecond: 18.8, standardError },
    ];
    expect(advice(bench(withError(0.01))).perExecutionEnvironmentMaxConcurrency).toBe(4);
    // With this standard error, the difference may be noise.
    expect(advice(bench(withError(0.04))).perExecutionEnvironmentMaxConcurrency).toBe(2);
  });

  it('is not classified as waiting when more slots than cores compete for the CPU', () => {
    expect(recommended(bench([{ slots: 8, perSecond: 20 }])).workload.waits).toBe(false);
  });
});

it('recommends a size that kept all cores busy, even if the machine was faster later', () => {
  const some = [
    { slots: 1, perSecond: 9.9 },
    // Other programs used a tenth of the two cores, and the runtime 1.75 of the remaining 1.8.
    { slots: 2, perSecond: 14, cpuMs: 125, others: 0.1 },
    { slots: 4, perSecond: 20 },
  ];
  const { advice: settings, rationale } = recommended(bench(some));
  expect(settings.perExecutionEnvironmentMaxConcurrency).toBe(2);
  expect(rationale[1]).toMatch(/14\.0 invocations\/s, 70 % .* would only share it/);
  const idle = [
    { slots: 1, perSecond: 9.9 },
    { slots: 2, perSecond: 14 },
    { slots: 4, perSecond: 20 },
  ];
  expect(advice(bench(idle)).perExecutionEnvironmentMaxConcurrency).toBe(4);
});

describe('a handler that waits', () => {
  it('gets the slots with the best throughput, and the threads and vCPUs that they keep busy', () => {
    const comparison = bench(WAITING);
    const { advice: settings, rationale, size, workload } = recommended(comparison);
    expect(workload).toMatchObject({ waits: true, share: 0.01 });
    // 1.28 cores busy.
    expect(size).toEqual({ slots: 128, threads: 2 });
    expect(settings).toMatchObject({
      perExecutionEnvironmentMaxConcurrency: 128,
      threads: 2,
      invocationsPerThread: 64,
      environment: { vCpus: 2 },
    });
    expect(rationale.join('\n')).toMatch(
      /waits more than it computes[^]*160 MiB with 128 slots on 2 threads, compared with 340 MiB with 8 slots[^]*1\.28 cores busy, which is 2 vCPUs[^]*64 slots per vCPU/,
    );
    expect(comparison.caveats).toEqual([expect.stringMatching(/128 concurrent calls/)]);
  });

  it('gets one vCPU and the 64 slots that Lambda allows on it if it keeps less than a core busy', () => {
    const some = withAll(WAITING, { cpuMs: 0.06 });
    const { advice: settings, rationale } = recommended(bench(some));
    expect(settings).toMatchObject({
      perExecutionEnvironmentMaxConcurrency: 64,
      threads: 1,
      invocationsPerThread: 64,
      environment: { vCpus: 1, memoryMiB: 2048 },
    });
    expect(rationale.join('\n')).toMatch(
      /128 slots on 2 threads keep 0\.08 cores busy, which is 1 vCPU at most 80 % busy, with 64 slots\. Lambda allows/,
    );
  });

  it('gets fewer slots if the service that it waits for limits the throughput', () => {
    const some = [...WAITING.slice(0, 6), waiting(64, 2, 190), waiting(128, 2, 380)];
    expect(advice(bench(some))).toMatchObject({
      perExecutionEnvironmentMaxConcurrency: 32,
      threads: 1,
      invocationsPerThread: 32,
    });
  });

  it('gets a thread for each slot if shared threads have less throughput', () => {
    const some = [...WAITING.slice(0, 4), waiting(8, 2, 300), waiting(16, 2, 600)];
    expect(advice(bench(some))).toMatchObject({
      perExecutionEnvironmentMaxConcurrency: 8,
      threads: 8,
      invocationsPerThread: 1,
      environment: { vCpus: 1 },
    });
  });

  it('gets a list of the settings to apply, with their names and values', () => {
    expect(recommendedSettings(recommended(bench(WAITING)))).toEqual([
      ['PerExecutionEnvironmentMaxConcurrency', '128'],
      ['MemorySize', '4096 (2 vCPUs)'],
      ['ExecutionEnvironmentMemoryGiBPerVCpu', '2'],
      ['threads', '2, or AWS_LAMBDA_NODEJS_WORKER_COUNT=2'],
      ['invocationsPerThread', '64'],
    ]);
  });
});

describe('other programs that use the cores', () => {
  /** 180 ms of CPU time on two cores: with others on both, threads have a core half of the time. */
  const disturbed: readonly MadeUp[] = [
    { slots: 1, perSecond: 5.2, cpuMs: 182, delayMs: 8, others: 0.5 },
    { slots: 2, perSecond: 5.5, cpuMs: 176, delayMs: 185, others: 0.5 },
    { slots: 4, perSecond: 5.6, cpuMs: 187, delayMs: 524, others: 0.5 },
    { slots: 8, perSecond: 5.5, cpuMs: 180, delayMs: 1270, others: 0.5 },
  ];

  it('make the recommendation for a CPU-bound handler depend on its CPU time', () => {
    const comparison = bench(disturbed);
    expect(comparison).toMatchObject({
      reliable: false,
      problems: [expect.stringMatching(/^NOISE: .* 50 % /)],
    });
    const { advice: settings, basis, rationale } = recommended(comparison);
    expect(basis).toBe('cpu-time');
    expect(settings).toMatchObject({
      perExecutionEnvironmentMaxConcurrency: 2,
      environment: { vCpus: 2 },
    });
    expect(rationale[1]).toMatch(
      /an invocation took 176 to 187 ms of CPU time at every size, so 2 slots can serve about 11\.\d invocations\/s on 2 cores \(observed: 5\.50\)/,
    );
  });

  it('do not change the possible throughput of a size, which follows from undisturbed durations', () => {
    const [one, two] = bench(disturbed).measurements;
    expect(one?.possiblePerSecond).toBeCloseTo(1000 / 184.3, 1);
    expect(two?.possiblePerSecond).toBeCloseTo(2000 / 178.6, 1);
  });

  it('do not make a CPU-bound handler look like one that waits', () => {
    const some = [
      { slots: 1, perSecond: 3, delayMs: 230, others: 0.7 },
      { slots: 2, perSecond: 6, delayMs: 230, others: 0.7 },
    ];
    const { workload, rationale } = recommended(bench(some));
    expect(workload).toMatchObject({ waits: false, certain: true });
    expect(rationale[0]).toMatch(/100 ms of CPU time and 230 ms without a core in 333 ms/);
  });

  it('prevent a recommendation if CPU time that the hypervisor took may look like waiting', () => {
    const some = [
      { slots: 1, perSecond: 2, others: 0.8, stolen: 0.8 },
      { slots: 2, perSecond: 4, others: 0.8, stolen: 0.8 },
    ];
    const comparison = bench(some);
    expect(comparison).toMatchObject({ reliable: false, recommendation: null });
    expect(comparison.noRecommendation).toMatch(/uncertain whether the handler computes or waits/);
  });

  it('prevent a recommendation if the CPU time differs too much between sizes', () => {
    const [one, two, ...more] = disturbed;
    const comparison = bench(
      [one, { ...two, cpuMs: 300 } as MadeUp, ...more].filter((each) => each !== undefined),
    );
    expect(comparison.recommendation).toBeNull();
    expect(comparison.noRecommendation).toMatch(/CPU time of an invocation differs too much/);
  });

  it('allow a recommendation for a handler that waits if its CPU time and throughput agree', () => {
    const some = withAll(WAITING, { others: 0.9 });
    const comparison = bench(some);
    expect(comparison.reliable).toBe(false);
    expect(recommended(comparison)).toMatchObject({
      basis: 'cpu-time',
      size: { slots: 128, threads: 2 },
    });
  });

  it('prevent a recommendation for a handler that waits if its CPU time and throughput disagree', () => {
    const some = [...WAITING.slice(0, 6), waiting(64, 2, 190), waiting(128, 2, 380)];
    const comparison = bench(withAll(some, { others: 0.9 }));
    expect(comparison.recommendation).toBeNull();
    expect(comparison.noRecommendation).toMatch(/CPU time and throughput lead to different sizes/);
  });

  it('do not matter if they use at most a tenth of the cores', () => {
    const comparison = bench(withAll(COMPUTING, { others: 0.1 }));
    expect(comparison).toMatchObject({
      reliable: true,
      problems: [],
      recommendation: { basis: 'throughput' },
    });
  });
});

describe('failed invocations', () => {
  it('above 1 % make the result unreliable, prevent a recommendation, and are the first problem', () => {
    const comparison = bench([
      { slots: 1, perSecond: 9, failed: 2, others: 0.5 },
      { slots: 2, perSecond: 18 },
    ]);
    expect(comparison).toMatchObject({ reliable: false, recommendation: null });
    expect(comparison.problems).toEqual([
      'FAILURES: 2 of 200 invocations failed. First error: TypeError: no',
      expect.stringMatching(/^NOISE/),
    ]);
    expect(comparison.noRecommendation).toMatch(/Too many invocations failed/);
  });

  it('up to 1 % are the first caveat', () => {
    const comparison = bench([...COMPUTING.slice(1), { slots: 1, perSecond: 9.9, failed: 1 }]);
    expect(comparison).toMatchObject({ reliable: true, problems: [] });
    expect(comparison.caveats[0]).toBe('1 of 400 invocations failed. First error: TypeError: no');
  });
});

describe('rounds', () => {
  const round = (others: number, latencyMs: number, failure?: string): Round => {
    const tally = new Tally();
    for (let count = 0; count < 12; count += 1) tally.add(latencyMs, failure);
    const used = { wallMs: 1000, cores: 1, delayedThreads: 0, loadCore: 0.1, others, stolen: 0 };
    return { tally, used };
  };
  const context = { setup: { slots: 1, threads: 1 }, slots: 1, steady: true, peakMemoryMiB: 100, rates: [] };

  it('that other programs disturbed are left out if two undisturbed rounds remain', () => {
    const rounds = [round(0, 100), round(0.4, 200, 'Error: slow'), round(0.05, 100)];
    const { perSecond, others, answers, ...measurement } = combineRounds(rounds, context);
    expect(perSecond).toBe(10);
    expect(others).toBeCloseTo(0.025, 6);
    expect(measurement.rounds.map(({ counted }) => counted)).toEqual([true, false, true]);
    // A failure counts in any round.
    expect(answers).toEqual({ total: 36, failed: 12, firstError: 'Error: slow' });
  });

  it('all count if fewer than two are undisturbed', () => {
    const { perSecond, others } = combineRounds([round(0, 100), round(0.4, 200), round(0.5, 300)], context);
    expect(perSecond).toBe(5);
    expect(others).toBeCloseTo(0.3, 6);
  });

  it('number three, or up to five while fewer than two are undisturbed', () => {
    const [quiet, noisy] = [round(0, 1), round(0.5, 1)];
    expect(needsRound([quiet, quiet])).toBe(true);
    expect(needsRound([quiet, noisy, quiet])).toBe(false);
    expect(needsRound([quiet, noisy, noisy])).toBe(true);
    expect(needsRound([noisy, noisy, noisy, quiet, noisy])).toBe(false);
  });
});

describe('the efficiency and cost of a size', () => {
  it('follow from its ideal throughput and the vCPUs and memory of its environment', () => {
    const [one, two, four] = bench(COMPUTING).measurements;
    expect(one).toMatchObject({ idealPerSecond: 9.9, efficiency: 1 });
    expect(two?.idealPerSecond).toBeCloseTo(19.8, 6);
    expect(four?.idealPerSecond).toBe(20);
    expect(two?.costPerThousand.vCpuSeconds).toBeCloseTo(2000 / 19.5, 6);
    expect(two?.costPerThousand.gibSeconds).toBeCloseTo(4000 / 19.5, 6);
  });

  it('cover only the slots that the environment allows', () => {
    const some = withAll(WAITING, { cpuMs: 0.06 });
    // 64 of the 128 slots fit on one vCPU, with half of the throughput.
    expect(bench(some).measurements.at(-1)?.costPerThousand.vCpuSeconds).toBeCloseTo(1000 / 640, 6);
  });
});

describe('memory', () => {
  it.each([
    // The recommendation adds a third.
    { peakMemoryMiB: 1500, cores: 1, memoryMiB: 2048 },
    { peakMemoryMiB: 1600, cores: 1, memoryMiB: 4096 },
    { peakMemoryMiB: 3000, cores: 2, memoryMiB: 4096 },
    { peakMemoryMiB: 3200, cores: 2, memoryMiB: 8192 },
    { peakMemoryMiB: 9000, cores: 2, memoryMiB: 16384 },
    { peakMemoryMiB: 100, cores: 16, memoryMiB: 32768 },
  ])('of $peakMemoryMiB MiB on $cores cores needs $memoryMiB', ({ peakMemoryMiB, cores, memoryMiB }) => {
    const { environment } = advice(bench([{ slots: cores, perSecond: 10 * cores, peakMemoryMiB }], cores));
    expect(environment).toMatchObject({ memoryMiB, vCpus: cores, fits: true });
    expect(environment.memoryMiB).toBe(environment.vCpus * environment.gibPerVCpu * 1024);
  });

  it('above the maximum of the vCPUs that the CPU time needs leads to more vCPUs', () => {
    const { advice: settings, rationale } = recommended(
      bench([{ slots: 1, perSecond: 10, peakMemoryMiB: 7_500 }], 1),
    );
    expect(settings.environment).toEqual({
      vCpus: 2,
      vCpusForCpuTime: 1,
      gibPerVCpu: 8,
      memoryMiB: 16384,
      fits: true,
    });
    expect(rationale.join('\n')).toMatch(/which is 1 vCPU\./);
    expect(rationale.join('\n')).toMatch(
      /it needs 2 vCPUs: the smallest size is 16384 MiB \(8 GiB per vCPU\)/,
    );
  });

  it.each([
    [1, 'Reduce the memory that an invocation needs.'],
    [2, 'Use fewer slots.'],
  ])('that no environment offers is reported with a caveat, with %i slots', (slots, way) => {
    const comparison = bench([{ slots, perSecond: 10 * slots, peakMemoryMiB: 30_000 }]);
    const { advice: settings, rationale } = recommended(comparison);
    expect(settings.environment).toMatchObject({ memoryMiB: slots * 8192, fits: false });
    expect(rationale.join('\n')).toMatch(/no environment has enough/);
    expect(comparison.caveats).toContainEqual(expect.stringContaining(way));
  });
});

it('recommends at most 16 vCPUs on a machine with more cores, and adds a caveat', () => {
  const comparison = bench(
    [
      { slots: 32, perSecond: 318 },
      { slots: 64, perSecond: 320 },
    ],
    32,
  );
  expect(advice(comparison)).toMatchObject({
    perExecutionEnvironmentMaxConcurrency: 16,
    threads: 16,
    environment: { vCpus: 16 },
  });
  expect(comparison.caveats).toEqual([expect.stringMatching(/32 cores.*16 vCPUs/)]);
});

it('computes throughput as callers ÷ mean latency, and percentiles by nearest rank', () => {
  const tally = new Tally();
  for (let ms = 1; ms <= 150; ms += 1) tally.add(ms, ms === 7 ? 'seven' : undefined);
  expect(tally.latency).toEqual({ mean: 75.5, p50: 75, p90: 135, p99: 149, max: 150 });
  expect(tally.throughput(4).perSecond).toBeCloseTo(4000 / 75.5, 6);
  expect(tally.answers).toEqual({ total: 150, failed: 1, firstError: 'seven' });
  const steady = new Tally();
  for (let count = 0; count < 10; count += 1) steady.add(20, undefined);
  expect(steady.throughput(2)).toEqual({ perSecond: 100, standardError: 0 });
});

it('a histogram has all latencies, from the shortest to the longest', () => {
  const tally = new Tally();
  for (const ms of [10, 10, 20, 80, 160]) tally.add(ms, undefined);
  const { histogram } = tally;
  expect(histogram.reduce((sum, { count }) => sum + count, 0)).toBe(5);
  expect(histogram[0]).toMatchObject({ fromMs: 10, count: 2 });
  expect(histogram.at(-1)).toMatchObject({ toMs: 160, count: 1 });
  const equal = new Tally();
  equal.add(5, undefined);
  expect(equal.histogram[0]).toMatchObject({ fromMs: 5, count: 1 });
  expect(new Tally().histogram).toEqual([]);
});

describe('the setups that are measured', () => {
  it('have a thread for each slot until throughput stops improving, for a CPU-bound handler', () => {
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

  it('then share threads, up to 64 slots for each core, for a handler that waits', () => {
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

  it('have the given numbers of slots', () => {
    expect(tried({ cores: 2, given: [2, 3] }, (slots) => ({ slots, perSecond: 20 }))).toEqual(['2/2', '3/3']);
    expect(tried({ cores: 2, given: [1, 10] }, waiting)).toEqual(['1/1', '10/10', '10/2']);
  });

  it('end with the number of slots that memory allows', () => {
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
