#!/usr/bin/env node
import { Command } from 'commander';
import { withBenchFlags } from './bench/bench-flags.ts';
import type { BenchFlags } from './bench/bench-flags.ts';
import type { DevFlags } from './dev.ts';
import { withFlags } from './flags.ts';
import { serveHandler } from './serve.ts';

const program = withFlags(new Command('lambda-managed-runtime'))
  .description(
    'Serves a Lambda handler on AWS Lambda Managed Instances, in place of AWS’s runtime client; elsewhere on a local server.',
  )
  .argument(
    '[handler]',
    'file.export, relative to LAMBDA_TASK_ROOT; default: the environment variable _HANDLER',
  )
  // What stands behind the name of a command belongs to that command.
  .enablePositionalOptions()
  .action(serveHandler);

withFlags(program.command('dev'))
  .description(
    'Serves a handler on a local server, and loads it anew when it changes, or a file that it imports.',
  )
  .argument('<workerFile>', 'the file of the handler')
  .option(
    '--event <file>',
    'invokes with this JSON at the start and after each change, and prints the answer',
  )
  // Lambda never needs it.
  .action(async (workerFile: string, flags: DevFlags) =>
    (await import('./dev.ts')).develop(workerFile, flags),
  );

withBenchFlags(program.command('bench'))
  .description(
    'Measures a handler with 1, 2, 4 and more slots, and recommends how many to set, and how much memory.',
  )
  .argument('<workerFile>', 'the file of the handler')
  .action(async (workerFile: string, flags: BenchFlags) =>
    (await import('./bench.ts')).bench(workerFile, flags),
  );

await program.parseAsync();
