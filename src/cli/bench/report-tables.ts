import type { AtRate, Measurement } from './measurement.ts';
import { percent, shortNumber } from './measurement.ts';
import type { BenchRecord } from './record.ts';

/** A table without a form: for the terminal and for the page. */
export interface Columns {
  readonly head: readonly string[];
  readonly rows: ReadonlyArray<readonly string[]>;
}

/** A row for each setup, the knee marked. */
export function setupColumns({ measurements, recommendation }: BenchRecord): Columns {
  return {
    head: [
      'slots',
      'threads',
      'per s',
      '±',
      'p50 ms',
      'p90 ms',
      'p99 ms',
      'CPU ms',
      'cores',
      'MiB',
      'failed',
      '',
    ],
    rows: measurements.map((each) => [
      String(each.slots),
      String(each.threads),
      shortNumber(each.perSecond),
      percent(each.error),
      ...latencies(each),
      shortNumber(each.cpu.msPerInvocation),
      shortNumber(each.cpu.cores),
      shortNumber(each.peakMemoryMiB),
      String(each.answers.failed),
      each === recommendation.knee.at ? '◀ knee' : '',
    ]),
  };
}

export const SETUP_LEGEND =
  'Each slot busy all the time. per s: invocations, ± the standard error. CPU ms: of the runtime, for each invocation. ' +
  'cores: how many it kept busy. MiB: peak of resident memory.';

/** A row for each setup and rate; none where no rates were given. */
export function rateColumns({ measurements }: BenchRecord): Columns {
  return {
    head: ['slots', 'threads', 'rate/s', 'p50 ms', 'p90 ms', 'p99 ms', 'cores', 'failed'],
    rows: measurements.flatMap((each) => each.rates.map((rate) => rateRow(each, rate))),
  };
}

export const RATE_LEGEND =
  'Events at random times, so many a second; latencies from the instant when an event was due, so waiting for a slot counts.';

function rateRow({ slots, threads }: Measurement, rate: AtRate): string[] {
  const place = [String(slots), String(threads), String(rate.perSecond)];
  if ('tooMuch' in rate) return [...place, 'more than it can do', '', '', '', ''];
  return [...place, ...latencies(rate), shortNumber(rate.cpuCores), String(rate.answers.failed)];
}

function latencies({ latencyMs: { p50, p90, p99 } }: Pick<Measurement, 'latencyMs'>): string[] {
  return [p50, p90, p99].map(shortNumber);
}
