import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readConfig } from '../../config/config.ts';
import { ownVersion } from '../own-version.ts';
import { makeComparison } from './comparison.ts';
import type { Comparison } from './comparison.ts';
import { readMachine } from './machine.ts';
import { measureInTurn } from './measure.ts';
import type { Progress } from './measure.ts';
import type { Method } from './measured-size.ts';
import type { Measurement } from './measurement.ts';
import { RATES, SECONDS, SIZES, ascending } from './ranges.ts';
import type { Range } from './ranges.ts';
import { OutputFile } from './runtime-process.ts';
import type { Modules } from './runtime-process.ts';

/** Options of {@link compareSizes}. All are optional. */
export interface CompareOptions {
  /**
   * Numbers of slots to measure. For a handler that waits, numbers above the number of cores are also measured on shared
   * threads. Default: 1, 2, 4, … until throughput stops improving.
   */
  readonly sizes?: readonly number[];
  /** Events to send in turn, as JSON; a `Uint8Array` is sent unchanged. Default: `[{}]`. */
  readonly events?: readonly unknown[];
  /** The least duration of the measurement of a size, in seconds, without its warm-up. Default: 3. */
  readonly seconds?: number;
  /** Events per second at which each size is measured, too. Default: none. */
  readonly rates?: readonly number[];
  /** The timeout of an invocation, in ms. Default: `AWS_LAMBDA_FUNCTION_TIMEOUT`, or 30,000. */
  readonly timeoutMs?: number;
  /** The options of the function's bootstrap that name modules: `services`, `sharedData`, `codec` and `preload`. */
  readonly options?: Modules;
  /** A file for the output of the handler. It is overwritten. Default: the output is discarded. */
  readonly log?: string;
  /** Receives each size when it has been measured for the first time. */
  readonly onMeasured?: (measurement: Measurement) => void;
}

/** As in `lambda-managed-runtime/bench`, where it is documented. */
export async function compareSizes(
  workerFile: string | URL,
  options: CompareOptions = {},
): Promise<Comparison> {
  const { sizes, seconds = 3, rates = [], events = [{}], onMeasured } = options;
  if (sizes !== undefined) assertIn(SIZES, 'sizes', sizes);
  assertIn(SECONDS, 'seconds', seconds);
  assertIn(RATES, 'rates', rates);
  if (events.length === 0) throw new RangeError('events must have at least one event.');
  const method = makeMethod(workerFile, {
    modules: options.options ?? {},
    events: events.map((event) => (event instanceof Uint8Array ? event : JSON.stringify(event))),
    seconds,
    rates: ascending(rates),
    timeoutMs: options.timeoutMs,
    log: options.log,
  });
  return compare(method, sizes && ascending(sizes), {
    step: () => undefined,
    round: () => undefined,
    measured: (measurement) => onMeasured?.(measurement),
  });
}

function assertIn<Value>({ expected, contains }: Range<Value>, name: string, value: Value): void {
  if (!contains(value)) throw new RangeError(`${name}: expected ${expected}.`);
}

interface MethodSettings extends Pick<Method, 'modules' | 'events' | 'seconds' | 'rates'> {
  readonly timeoutMs?: number | undefined;
  readonly log: string | undefined;
}

/** Prepares a measurement. Throws a ManagedRuntimeError if the options are invalid. */
export function makeMethod(workerFile: string | URL, settings: MethodSettings): Method {
  const { local } = readConfig({ kind: 'file', workerFile }, settings.modules);
  return {
    ...settings,
    workerFile: String(workerFile),
    timeoutMs: settings.timeoutMs ?? local.timeoutMs,
    log: new OutputFile(settings.log),
  };
}

/** Measures the sizes, and draws the conclusions. */
export async function compare(
  method: Method,
  sizes: readonly number[] | undefined,
  progress: Progress,
): Promise<Comparison> {
  const machine = readMachine();
  const measurements = await measureInTurn(method, { given: sizes, cores: machine.cores }, progress);
  const about = {
    workerFile: shortPath(method.workerFile),
    options: method.modules,
    events: method.events.length,
    seconds: method.seconds,
    date: new Date().toISOString(),
    version: ownVersion(),
    machine,
  };
  return makeComparison(about, measurements);
}

function shortPath(workerFile: string): string {
  return workerFile.startsWith('file:') ? relative(process.cwd(), fileURLToPath(workerFile)) : workerFile;
}
