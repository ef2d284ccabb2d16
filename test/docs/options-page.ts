import { readFileSync } from 'node:fs';
import { format } from 'prettier';
import { readConfig } from '../../src/config/config.ts';
import { environmentSchema } from '../../src/config/environment.ts';
import type { Environment } from '../../src/config/environment.ts';
import { optionsSchema } from '../../src/config/options-schema.ts';
import { validValues } from './valid-values.ts';

/** docs/options.md, generated from the interface and its comments in src/config/options.ts, src/config/options-schema.ts and src/config/environment.ts. */
export async function optionsPage(): Promise<string> {
  const options = declaredOptions().map((option) => {
    const schema = optionsSchema.entries[option.name as keyof typeof optionsSchema.entries];
    const valid = validValues(schema) || option.type;
    return [`\`${option.name}\``, option.means, valid, unitOf(option), defaultOf(option)];
  });
  const variables = Object.entries(VARIABLES).map(([name, { means, unit, otherwise }]) => {
    const schema = environmentSchema.entries[name as keyof Environment];
    return [`\`${name}\``, means, validValues(schema) || 'text', unit ?? '', otherwise ?? ''];
  });
  const page = [
    INTRODUCTION,
    table(['option', 'meaning', 'valid', 'unit', 'default'], options),
    BETWEEN,
    table(['variable', 'meaning', 'valid', 'unit', 'default'], variables),
    END,
  ].join('\n\n');
  return format(page, { parser: 'markdown', printWidth: 110 });
}

interface DeclaredOption {
  readonly name: string;
  readonly type: string;
  readonly means: string;
  /** The text after `Default` in the comment. */
  readonly otherwise: string;
}

const SETTINGS = readFileSync(new URL('../../src/config/options.ts', import.meta.url), 'utf8');

function declaredOptions(): DeclaredOption[] {
  const [, body = ''] = /interface ManagedRuntimeOptions \{\n([^]*?)\n\}/.exec(SETTINGS) ?? [];
  return [...body.matchAll(/\/\*\*([^]*?)\*\/\s+readonly (\w+)\?: (.+) \| undefined;/g)].map(
    ([, comment = '', name = '', type = '']) => {
      const text = comment.replaceAll(/\s*\n\s*\*? ?/g, ' ').trim();
      const [, before, otherwise = '', behind = ''] =
        /^(.*?)(?:\s*Default(?: for `\w+`)?:? (.*?)\.(?= |$)(.*))?$/.exec(text) ?? [];
      const means = `${before}${behind}`.replaceAll(/, in (ms|MiB)(?=[.;])/g, '');
      const bare = type.replace(/^readonly /, '').replace(/^\(([^]*)\)$/, '$1');
      return { name, type: `\`${bare}\``, means, otherwise };
    },
  );
}

const DEFAULTS: object = readConfig({ kind: 'file', workerFile: 'handler.js' }, {}, {});

/** The default in the comment. Throws if it differs from the code. */
function defaultOf({ name, otherwise }: DeclaredOption): string {
  const value = (DEFAULTS as Readonly<Record<string, unknown>>)[name];
  const plain = typeof value === 'number' ? value.toLocaleString('en-US') : String(value);
  const fixed = /^(number|boolean|string)$/.test(typeof value) && !/^`AWS_|, or /.test(otherwise);
  if (fixed && !otherwise.replaceAll('`', '').startsWith(plain)) {
    throw new Error(`The comment of ${name} says that its default is «${otherwise}», but it is ${plain}.`);
  }
  return otherwise;
}

function unitOf({ name }: DeclaredOption): string {
  if (name.endsWith('Ms')) return 'ms';
  if (name.endsWith('Bytes')) return 'bytes';
  return name.endsWith('Mb') || name === 'resourceLimits' ? 'MiB' : '';
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

/** A variable that is added to the schema does not compile until it is described here. */
const VARIABLES: Record<keyof Environment, { means: string; unit?: string; otherwise?: string }> = {
  AWS_LAMBDA_RUNTIME_API: {
    means: '`host:port` of the Runtime API; set by Lambda. Without it, a local server starts',
  },
  AWS_LAMBDA_MAX_CONCURRENCY: {
    means: 'number of concurrent invocations; set by Lambda from the function’s concurrency',
    otherwise: '1',
  },
  AWS_LAMBDA_NODEJS_WORKER_COUNT: {
    means:
      'maximum number of worker threads; also read by AWS’s client. 1 starts a thread even with a concurrency of 1, if `AWS_LAMBDA_MAX_CONCURRENCY` is set to 1',
    otherwise: 'one for each slot',
  },
  AWS_LAMBDA_FUNCTION_MEMORY_SIZE: {
    means: 'the function’s memory, divided among the threads; set by Lambda',
    unit: 'MiB',
  },
  AWS_LAMBDA_INITIALIZATION_TYPE: {
    means: 'the kind of environment, for libraries; set by Lambda',
    otherwise: '`lambda-managed-instances` in threads, in local mode with more than one slot',
  },
  AWS_LAMBDA_FUNCTION_NAME: { means: 'the function’s name; set by Lambda', otherwise: '`function`' },
  AWS_LAMBDA_FUNCTION_VERSION: { means: 'the function’s version; set by Lambda', otherwise: '`$LATEST`' },
  AWS_LAMBDA_LOG_GROUP_NAME: { means: 'for `context.logGroupName`; set by Lambda' },
  AWS_LAMBDA_LOG_STREAM_NAME: { means: 'for `context.logStreamName`; set by Lambda' },
  AWS_LAMBDA_LOG_LEVEL: {
    means: 'the minimum level of log lines; set by Lambda',
    otherwise: '`INFO` for the runtime’s own lines, `TRACE` for handlers',
  },
  AWS_LAMBDA_LOG_FORMAT: {
    means: 'the format of log lines, in upper or lower case; set by Lambda',
    otherwise: '`JSON`',
  },
  _LAMBDA_TELEMETRY_LOG_FD: { means: 'a file descriptor that takes log frames; set by Lambda' },
  _LAMBDA_TELEMETRY_LOG_FD_PROVIDER_SOCKET: {
    means: 'path of a Unix socket that takes log lines; set by Lambda',
  },
  NODE_OPTIONS: {
    means:
      'V8’s heap flags, such as `--max-old-space-size`, which become the limits of each thread; flags on the command line have the same effect',
  },
  _HANDLER: {
    means:
      'the handler as `file.export`, for the command; takes precedence over the command’s argument; set by Lambda',
    otherwise: 'the argument of the command',
  },
  LAMBDA_TASK_ROOT: {
    means: 'the directory in which the command looks for the handler’s file; set by Lambda',
    otherwise: 'the working directory',
  },
  AWS_LAMBDA_FUNCTION_TIMEOUT: {
    means: 'the timeout of an invocation; local mode only',
    unit: 's',
    otherwise: '30',
  },
  LOCAL_LAMBDA_HOST: {
    means: 'the loopback address on which the local server listens',
    otherwise: '127.0.0.1',
  },
  LOCAL_LAMBDA_PORT: { means: 'the port of the local server, or 0 for any free port', otherwise: '7000' },
  LOCAL_LAMBDA_INVOCATION_ENDPOINT: {
    means: 'the path to which callers post an event as the request body',
    otherwise: '/invoke',
  },
};

const INTRODUCTION = `# Options

Generated from \`src/config/options.ts\` and \`src/config/environment.ts\` by \`vitest run test/docs/options.test.ts -u\`; the test fails if they differ.

Unknown or invalid options throw \`CONFIG_INVALID\`, with all errors in one message, before anything starts. Options that are
omitted are read from the environment, then take their defaults.

## Options of createManagedRuntime`;

const BETWEEN = `Slots = min(concurrency, threads × invocationsPerThread). [scaling.md](scaling.md) describes how to choose these
values, [errors.md](errors.md#deadlines) what happens at a deadline. Module options take a path, a \`file:\` URL or a \`URL\`.

## Environment variables

An empty variable counts as unset. An option takes precedence over its variable.`;

const END = `Some other variables have an effect. \`UV_THREADPOOL_SIZE\` sets the size of libuv's thread pool, which sharp and asynchronous crypto use.
If it is not set, the command and the scripts that start the runtime set it to the number of slots, from 4 to 64.
\`LMR_BOOTSTRAP\` and \`LMR_NEXT_WRAPPER\` tell these scripts what to start: [deploying.md](deploying.md).
\`AWS_LAMBDA_NODEJS_NO_GLOBAL_AWSLAMBDA\` removes the global \`awslambda\`: [context.md](context.md). The flags of the command are in
[local.md](local.md).
`;
