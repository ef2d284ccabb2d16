import { Command, Option } from 'commander';
import type { CommanderError } from 'commander';
import { withBenchFlags } from './bench/flags.ts';
import type { BenchFlags } from './bench/flags.ts';
import type { DevFlags } from './dev.ts';
import { withCommonBehaviour } from './common-behaviour.ts';
import { withFlags } from './flags.ts';
import { reportInvalidUsage, serveHandler } from './serve.ts';

const program = withFlags(withCommonBehaviour(new Command('lambda-managed-runtime')))
  .description(
    'Runs a Lambda handler on AWS Lambda Managed Instances, in place of AWS’s runtime interface client. Outside Lambda, serves it on a local server.',
  )
  .argument(
    '[handler]',
    'file.export, relative to LAMBDA_TASK_ROOT; the environment variable _HANDLER takes precedence',
  )
  // Options after a command's name belong to that command.
  .enablePositionalOptions()
  .exitOverride(reportAndExit)
  .action(serveHandler);

withFlags(withCommonBehaviour(program.command('dev')))
  .description(
    'Serves a handler on a local server and reloads it when the file or one of its imports changes.',
  )
  .exitOverride(exit)
  .argument('<workerFile>', 'the file of the handler, or file.export')
  .option(
    '--event <file>',
    'invokes the handler with this JSON file at the start and after each change, and prints the response',
  )
  .addOption(
    new Option(
      '--log-format <format>',
      'how log lines are written: pretty, for people, or json (default: pretty on a terminal, else json)',
    ).choices(['pretty', 'json']),
  )
  // Loaded on demand, because Lambda never needs it.
  .action(async (workerFile: string, flags: DevFlags) =>
    (await import('./dev.ts')).develop(workerFile, flags),
  );

withBenchFlags(withCommonBehaviour(program.command('bench')))
  .description(
    'Measures a handler at several concurrencies and recommends settings for concurrency and memory.',
  )
  .exitOverride(exit)
  .argument('<workerFile>', 'the file of the handler')
  .action(async (workerFile: string, flags: BenchFlags) =>
    (await import('./bench.ts')).bench(workerFile, flags),
  );

withCommonBehaviour(program.command('layer'))
  .description('Writes a Lambda layer with the runtime, for functions without node_modules.')
  .exitOverride(exit)
  .option('--out <file>', 'the zip file to write', 'layer.zip')
  .action(async (flags: { readonly out: string }) => (await import('./layer.ts')).writeLayer(flags));

await program.parseAsync();

/** Commander has already written the error or the help text. */
function exit({ exitCode }: CommanderError): never {
  process.exit(exitCode);
}

function reportAndExit(error: CommanderError): never {
  if (error.exitCode !== 0) reportInvalidUsage(error.message);
  exit(error);
}
