import { readFileSync } from 'node:fs';
import { InvalidArgumentError, Option } from 'commander';
import type { Command } from 'commander';
import { BenchError } from './bench-error.ts';
import { RATES, SECONDS, SIZES, ascending } from './ranges.ts';
import type { Range } from './ranges.ts';
import { withFunctionFlags } from '../flags.ts';
import type { FunctionFlags } from '../flags.ts';

/** The parsed flags of `bench`. */
export interface BenchFlags extends FunctionFlags {
  readonly events?: string;
  /** Ascending. */
  readonly sizes?: readonly number[];
  readonly rates: readonly number[];
  readonly seconds: number;
  readonly json?: string;
  readonly html?: string;
  readonly profile?: boolean;
  readonly log?: string;
  readonly services?: string;
  readonly sharedData?: string;
  readonly codec?: string;
  readonly preload: readonly string[];
}

/** Adds the flags of `bench` to a command. */
export function withBenchFlags(command: Command): Command {
  return withFunctionFlags(
    command
      .option(
        '--events <file>',
        'a JSON file with one event, or with an array of events that are sent in turn (default: {})',
      )
      .option(
        '--sizes <list>',
        'concurrencies to measure, for example 1,2,4 (default: until throughput stops improving)',
        sizes,
      )
      .addOption(
        new Option(
          '--rates <list>',
          'also measures each size at these rates, in events per second, for example 50,100',
        )
          .argParser(rates)
          .default([], 'none'),
      )
      .option(
        '--seconds <s>',
        'how long to measure each size after warm-up, in seconds, all rounds together',
        seconds,
        3,
      )
      .option(
        '--json <file>',
        'writes all measurements to this file; - writes them to stdout instead of the table',
      )
      .option('--html <file>', 'writes a report with plots to this file (HTML)')
      .option('--profile', 'also profiles the recommended size, and reports where its CPU time went')
      .option('--log <file>', 'writes the handler’s output to this file (default: discarded)')
      .option('--services <module>', 'the option services: a path or a package name')
      .option('--shared-data <module>', 'the option sharedData')
      .option('--codec <module>', 'the option codec')
      .addOption(
        new Option('--preload <module>', 'the option preload; may be repeated')
          .argParser((module: string, modules: readonly string[]) => [...modules, module])
          .default([], 'none'),
      ),
  );
}

function sizes(text: string): number[] {
  return ascending(within(SIZES, list(text), ', for example 1,2,4'));
}

function rates(text: string): number[] {
  return ascending(within(RATES, list(text), ', for example 50,100'));
}

function seconds(text: string): number {
  return within(SECONDS, Number(text));
}

function within<Value>({ expected, contains }: Range<Value>, value: Value, example = ''): Value {
  if (contains(value)) return value;
  throw new InvalidArgumentError(`Expected ${expected}${example}.`);
}

function list(text: string): number[] {
  return text.split(',').map((part) => (part.trim() === '' ? Number.NaN : Number(part)));
}

/**
 * Reads the events from a JSON file that holds one event or an array of events. Without a file, the event is `{}`.
 *
 * @throws BenchError when the file cannot be read, is not JSON, or holds an empty array.
 */
export function readEvents(file: string | undefined): string[] {
  if (file === undefined) return ['{}'];
  const content = parse(file, read(file));
  const events = Array.isArray(content) ? (content as unknown[]) : [content];
  if (events.length === 0)
    throw new BenchError(`${file} contains an empty array. It must contain at least one event.`);
  return events.map((event) => JSON.stringify(event));
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new BenchError(`Cannot read the events: ${(error as Error).message}`);
  }
}

function parse(file: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new BenchError(
      `${file} is not valid JSON (one event, or an array of events): ${(error as Error).message}`,
    );
  }
}
