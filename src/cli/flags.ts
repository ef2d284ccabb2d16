import { readFileSync } from 'node:fs';
import { parseEnv } from 'node:util';
import { InvalidArgumentError, Option } from 'commander';
import type { Command } from 'commander';
import { MAX_CONCURRENCY, MAX_MEMORY_MIB, MAX_TIMEOUT_S } from '../config/environment.ts';

/** What the function is given, as flags. Each goes before its environment variable. */
export interface FunctionFlags {
  readonly timeout?: string;
  readonly memory?: string;
  readonly envFile: readonly string[];
}

/** And its runtime. */
export interface Flags extends FunctionFlags {
  readonly concurrency?: string;
  readonly logInvocations: boolean;
}

/** Adds the flags of function and runtime to a command. */
export function withFlags(command: Command): Command {
  command.addOption(
    new Option('--concurrency <n>', 'invocations at once (AWS_LAMBDA_MAX_CONCURRENCY)').argParser(
      whole(MAX_CONCURRENCY),
    ),
  );
  return withFunctionFlags(command).option(
    '--no-log-invocations',
    'write no line at the end of each invocation',
  );
}

/** Adds those of the function. */
export function withFunctionFlags(command: Command): Command {
  return command
    .addOption(
      new Option('--memory <MiB>', 'what the function has (AWS_LAMBDA_FUNCTION_MEMORY_SIZE)').argParser(
        whole(MAX_MEMORY_MIB),
      ),
    )
    .addOption(
      new Option('--timeout <s>', 'of an invocation, in local mode (AWS_LAMBDA_FUNCTION_TIMEOUT)').argParser(
        whole(MAX_TIMEOUT_S),
      ),
    )
    .option(
      '--env-file <file>',
      'environment variables; may be repeated, later files win, and what is set already stays',
      (file: string, files: readonly string[]) => [...files, file],
      [],
    );
}

/** Puts the flags where the runtime, and the handler, look for them. */
export function applyFlags({ concurrency, memory, timeout, envFile }: FunctionFlags & Partial<Flags>): void {
  const files = envFile.map((file) => parseEnv(readFileSync(file, 'utf8')));
  Object.assign(process.env, { ...Object.assign({}, ...files), ...process.env });
  const given = {
    AWS_LAMBDA_MAX_CONCURRENCY: concurrency,
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: memory,
    AWS_LAMBDA_FUNCTION_TIMEOUT: timeout,
  };
  for (const [name, value] of Object.entries(given)) if (value !== undefined) process.env[name] = value;
}

function whole(most: number): (text: string) => string {
  return (text) => {
    if (/^\d+$/.test(text) && Number(text) >= 1 && Number(text) <= most) return text;
    throw new InvalidArgumentError(`It must be a whole number from 1 to ${most}.`);
  };
}
