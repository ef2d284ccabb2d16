import { Command } from 'commander';
import type { CommanderError } from 'commander';
import { withBenchFlags } from './bench/flags.ts';
import type { BenchFlags } from './bench/flags.ts';
import type { DevFlags } from './dev.ts';
import { withFlags } from './flags.ts';
import { serveHandler, tellOfMisuse } from './serve.ts';

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
  .exitOverride(exitAndTell)
  .action(serveHandler);

withFlags(program.command('dev'))
  .description(
    'Serves a handler on a local server, and loads it anew when it changes, or a file that it imports.',
  )
  .exitOverride(exit)
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
  .exitOverride(exit)
  .argument('<workerFile>', 'the file of the handler')
  .action(async (workerFile: string, flags: BenchFlags) =>
    (await import('./bench.ts')).bench(workerFile, flags),
  );

await program.parseAsync();

/** Commander has written what is wrong, or the help, to stderr or stdout. */
function exit({ exitCode }: CommanderError): never {
  process.exit(exitCode);
}

function exitAndTell(error: CommanderError): never {
  if (error.exitCode !== 0) tellOfMisuse(error.message);
  exit(error);
}
