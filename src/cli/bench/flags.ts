import { readFileSync } from 'node:fs';
import { InvalidArgumentError, Option } from 'commander';
import type { Command } from 'commander';
import { MAX_CONCURRENCY } from '../../config/environment.ts';
import { withFunctionFlags } from '../flags.ts';
import type { FunctionFlags } from '../flags.ts';

/** What the command line asks for. */
export interface BenchFlags extends FunctionFlags {
  readonly events?: string;
  /** Ascending. */
  readonly sizes?: readonly number[];
  readonly rates: readonly number[];
  readonly seconds: number;
  readonly json?: string;
  readonly html?: string;
  readonly log?: string;
  readonly services?: string;
  readonly sharedData?: string;
  readonly codec?: string;
  readonly preload: readonly string[];
}

/** Adds them to the command. */
export function withBenchFlags(command: Command): Command {
  return withFunctionFlags(
    command
      .option('--events <file>', 'JSON: an event, or an array of events that are sent in turn (default: {})')
      .option('--sizes <list>', 'slots to try, for example 1,2,4 (default: as many as pay)', sizes)
      .addOption(
        new Option('--rates <list>', 'events a second to try each size with as well, for example 50,100')
          .argParser(rates)
          .default([], 'none'),
      )
      .option('--seconds <s>', 'how long each is measured, after it has warmed up', seconds, 3)
      .option('--json <file>', 'writes all figures there; - for stdout, in place of the table')
      .option('--html <file>', 'writes a report with plots there')
      .option('--log <file>', 'keeps what the handler writes there, of the last size (default: dropped)')
      .option('--services <module>', 'the option services: a path, or the name of a package')
      .option('--shared-data <module>', 'the option sharedData')
      .option('--codec <module>', 'the option codec')
      .option(
        '--preload <module>',
        'the option preload; may be repeated',
        (module: string, modules: readonly string[]) => [...modules, module],
        [],
      ),
  );
}

function sizes(text: string): number[] {
  const found = list(text).filter((size) => Number.isInteger(size) && size >= 1 && size <= MAX_CONCURRENCY);
  if (found.length === 0 || found.length < list(text).length) {
    throw new InvalidArgumentError(
      `It must be whole numbers from 1 to ${MAX_CONCURRENCY}, for example 1,2,4.`,
    );
  }
  return [...new Set(found)].sort((a, b) => a - b);
}

function rates(text: string): number[] {
  const found = list(text);
  if (found.some((rate) => !(rate > 0 && rate <= MAX_RATE))) {
    throw new InvalidArgumentError(`It must be numbers above 0 and up to ${MAX_RATE}, for example 50,100.`);
  }
  return [...new Set(found)].sort((a, b) => a - b);
}

function seconds(text: string): number {
  const found = Number(text);
  if (found >= MIN_SECONDS && found <= MAX_SECONDS) return found;
  throw new InvalidArgumentError(`It must be a number from ${MIN_SECONDS} to ${MAX_SECONDS}.`);
}

function list(text: string): number[] {
  return text.split(',').map((part) => (part.trim() === '' ? Number.NaN : Number(part)));
}

const MAX_RATE = 100_000;
const MIN_SECONDS = 0.1;
const MAX_SECONDS = 3600;

/**
 * The events of a file, as JSON: those of the array in it, or the one that it is. Without a file, an empty object.
 *
 * @throws BenchError when there is no such file, and when it is not JSON or an empty array.
 */
export function readEvents(file: string | undefined): string[] {
  if (file === undefined) return ['{}'];
  const content = parse(file, read(file));
  const events = Array.isArray(content) ? (content as unknown[]) : [content];
  if (events.length === 0) throw new BenchError(`${file} has an empty array: there is no event in it.`);
  return events.map((event) => JSON.stringify(event));
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new BenchError(`The events cannot be read: ${(error as Error).message}`);
  }
}

function parse(file: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new BenchError(
      `${file} is not JSON (an event, or an array of events): ${(error as Error).message}`,
    );
  }
}

/** Why a bench cannot go on, in words for the user. */
export class BenchError extends Error {
  override readonly name = 'BenchError';
}
