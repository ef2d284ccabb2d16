import { readFileSync } from 'node:fs';
import { parseEnv } from 'node:util';
import { InvalidArgumentError, Option } from 'commander';
import type { Command } from 'commander';
import type { LogInvocations } from '../config/options.ts';
import { MAX_CONCURRENCY, MAX_MEMORY_MIB, MAX_TIMEOUT_S } from '../config/environment.ts';

/** The flags of the function. Each takes precedence over its environment variable. */
export interface FunctionFlags {
  readonly timeout?: string;
  readonly memory?: string;
  readonly envFile: readonly string[];
}

/** The flags of the function and its runtime. */
export interface Flags extends FunctionFlags {
  readonly concurrency?: string;
  readonly threads?: string;
  readonly port?: string;
  readonly logInvocations?: LogInvocations | false;
}

/** Adds the flags of function and runtime to a command. */
export function withFlags(command: Command): Command {
  command
    .addOption(
      new Option(
        '--concurrency <n>',
        'maximum concurrent invocations (AWS_LAMBDA_MAX_CONCURRENCY)',
      ).argParser(wholeNumber(MAX_CONCURRENCY)),
    )
    .addOption(
      new Option(
        '--threads <n>',
        'maximum worker threads (AWS_LAMBDA_NODEJS_WORKER_COUNT); 1 also uses a thread with a concurrency of 1',
      ).argParser(wholeNumber(MAX_CONCURRENCY)),
    );
  return withFunctionFlags(command)
    .addOption(
      new Option(
        '--port <n>',
        'port of the local server (LOCAL_LAMBDA_PORT); 0 chooses a free one',
      ).argParser(wholeNumber(65_535, 0)),
    )
    .addOption(
      new Option(
        '--log-invocations <which>',
        'logs a line at the end of failed, all or no invocations',
      ).choices(['failures', 'all', 'none']),
    )
    .addOption(new Option('--no-log-invocations', 'the same as --log-invocations none'));
}

/** Adds the flags of the function to a command. */
export function withFunctionFlags(command: Command): Command {
  return command
    .addOption(
      new Option('--memory <MiB>', 'memory of the function (AWS_LAMBDA_FUNCTION_MEMORY_SIZE)').argParser(
        wholeNumber(MAX_MEMORY_MIB),
      ),
    )
    .addOption(
      new Option(
        '--timeout <s>',
        'timeout of an invocation in local mode (AWS_LAMBDA_FUNCTION_TIMEOUT)',
      ).argParser(wholeNumber(MAX_TIMEOUT_S)),
    )
    .addOption(
      new Option(
        '--env-file <file>',
        'loads environment variables; may be repeated; later files take precedence, existing variables are kept',
      )
        .argParser((file: string, files: readonly string[]) => [...files, file])
        .default([], 'none'),
    );
}

/** Sets the environment variables that the runtime and the handler read. */
export function applyFlags(flags: FunctionFlags & Partial<Flags>): void {
  const { concurrency, threads, memory, timeout, port, envFile } = flags;
  const files = envFile.map((file) => parseEnv(readFileSync(file, 'utf8')));
  Object.assign(process.env, { ...Object.assign({}, ...files), ...process.env });
  const variables = {
    AWS_LAMBDA_MAX_CONCURRENCY: concurrency,
    AWS_LAMBDA_NODEJS_WORKER_COUNT: threads,
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: memory,
    AWS_LAMBDA_FUNCTION_TIMEOUT: timeout,
    LOCAL_LAMBDA_PORT: port,
  };
  for (const [name, value] of Object.entries(variables)) if (value !== undefined) process.env[name] = value;
}

function wholeNumber(max: number, min = 1): (text: string) => string {
  return (text) => {
    if (/^\d+$/.test(text) && Number(text) >= min && Number(text) <= max) return text;
    throw new InvalidArgumentError(`Expected a whole number from ${min} to ${max}.`);
  };
}
