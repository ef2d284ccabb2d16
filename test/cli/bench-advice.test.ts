import { describe, expect, it } from 'vitest';
import { faultForComputing, faultForWaiting } from '../../bench/advice/faults.ts';
import type { Comparison, Recommendation } from '../../src/cli/bench/comparison.ts';
import { COMPUTING, WAITING, madeUpComparison, withAll } from './made-up-measurements.ts';

/** The recommendation of a comparison, with other settings. */
function advised(
  { recommendation }: Comparison,
  { slots, vCpus }: { readonly slots?: number; readonly vCpus?: number } = {},
): Recommendation {
  if (recommendation === null) throw new Error('There is none.');
  const { advice } = recommendation;
  return {
    ...recommendation,
    advice: {
      ...advice,
      perExecutionEnvironmentMaxConcurrency: slots ?? advice.perExecutionEnvironmentMaxConcurrency,
      environment: { ...advice.environment, vCpus: vCpus ?? advice.environment.vCpus },
    },
  };
}

describe('the check of a bench recommendation', () => {
  const computing = madeUpComparison(COMPUTING);

  it.each([
    [{}, undefined],
    [{ slots: 3 }, undefined],
    [{ slots: 1, vCpus: 1 }, '1 vCPU for a handler that can use 2'],
    [{ slots: 1 }, '1 slot on 2 vCPUs for a handler that computes'],
    [{ slots: 8 }, '8 slots on 2 vCPUs for a handler that computes'],
  ])('judges the settings %j of a CPU-bound handler', (settings, fault) => {
    expect(faultForComputing(advised(computing, settings), 2)).toBe(fault);
  });

  it.each([
    ['1.28 cores', WAITING, {}, undefined],
    ['1.28 cores', WAITING, { slots: 2 }, '2 slots on 2 vCPUs for a handler that waits'],
    ['0.08 of a core', withAll(WAITING, { cpuMs: 0.06 }), {}, undefined],
    [
      '0.08 of a core',
      withAll(WAITING, { cpuMs: 0.06 }),
      { slots: 128, vCpus: 2 },
      '2 vCPUs for 0.08 of a core',
    ],
  ])('judges the settings of a handler that waits and uses %s', (_cores, measured, settings, fault) => {
    const comparison = madeUpComparison(measured);
    expect(faultForWaiting(advised(comparison, settings), comparison.measurements)).toBe(fault);
  });
});
