import { readFileSync } from 'node:fs';
import { format } from 'prettier';
import { readConfig } from '../../src/config/config.ts';
import { environmentSchema } from '../../src/config/environment.ts';
import type { Environment } from '../../src/config/environment.ts';
import { optionsSchema } from '../../src/config/options.ts';
import { validValues } from './valid-values.ts';

/** docs/options.md, from src/config/options.ts (its interface, with what its comments say, and its schema) and src/config/environment.ts. */
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
    table(['option', 'means', 'valid', 'unit', 'default'], options),
    BETWEEN,
    table(['variable', 'means', 'valid', 'unit', 'default'], variables),
    END,
  ].join('\n\n');
  return format(page, { parser: 'markdown', printWidth: 110 });
}

interface DeclaredOption {
  readonly name: string;
  readonly type: string;
  readonly means: string;
  /** What the comment says behind `Default`. */
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

/** As the comment has it, which is held against what the code does. */
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
  return name.endsWith('Mb') || name === 'resourceLimits' ? 'MiB' : '';
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

/** A variable that is added to the schema does not compile until it is told of here. */
const VARIABLES: Record<keyof Environment, { means: string; unit?: string; otherwise?: string }> = {
  AWS_LAMBDA_RUNTIME_API: {
    means: 'where the Runtime API is; set by Lambda. Without it a local server starts',
  },
  AWS_LAMBDA_MAX_CONCURRENCY: {
    means: 'invocations at once; set by Lambda, from the function’s concurrency',
    otherwise: '1',
  },
  AWS_LAMBDA_NODEJS_WORKER_COUNT: {
    means: 'most worker threads; as for AWS’s client',
    otherwise: 'one for each slot',
  },
  AWS_LAMBDA_FUNCTION_MEMORY_SIZE: { means: 'what threads share out; set by Lambda', unit: 'MiB' },
  AWS_LAMBDA_INITIALIZATION_TYPE: {
    means: 'the kind of environment, for libraries; set by Lambda',
    otherwise: '`lambda-managed-instances` in threads, in local mode with more than one slot',
  },
  AWS_LAMBDA_FUNCTION_NAME: { means: 'the function’s name; set by Lambda', otherwise: '`function`' },
  AWS_LAMBDA_FUNCTION_VERSION: { means: 'its version; set by Lambda', otherwise: '`$LATEST`' },
  AWS_LAMBDA_LOG_GROUP_NAME: { means: 'for `context.logGroupName`; set by Lambda' },
  AWS_LAMBDA_LOG_STREAM_NAME: { means: 'for `context.logStreamName`; set by Lambda' },
  AWS_LAMBDA_LOG_LEVEL: {
    means: 'the least level that is written; set by Lambda',
    otherwise: '`INFO` for the runtime’s own lines, all of the handlers’',
  },
  AWS_LAMBDA_LOG_FORMAT: {
    means: 'the format of lines; upper or lower case; set by Lambda',
    otherwise: '`JSON`',
  },
  _LAMBDA_TELEMETRY_LOG_FD: { means: 'a descriptor that takes log frames; set by Lambda' },
  _LAMBDA_TELEMETRY_LOG_FD_PROVIDER_SOCKET: {
    means: 'path of a Unix socket that takes log lines; set by Lambda',
  },
  NODE_OPTIONS: {
    means:
      'of it, V8’s flags for heaps (`--max-old-space-size` and its kin), as limits of each thread; the command line has them too',
  },
  _HANDLER: { means: 'the handler, for the command: `file.export`; set by Lambda' },
  LAMBDA_TASK_ROOT: {
    means: 'where the command looks for that file; set by Lambda',
    otherwise: 'the working directory',
  },
  AWS_LAMBDA_FUNCTION_TIMEOUT: {
    means: 'how long an invocation may take; local mode only',
    unit: 's',
    otherwise: '30',
  },
  LOCAL_LAMBDA_HOST: { means: 'where the local server listens: loopback only', otherwise: '127.0.0.1' },
  LOCAL_LAMBDA_PORT: { means: 'its port, 0 for any free one', otherwise: '7000' },
  LOCAL_LAMBDA_INVOCATION_ENDPOINT: {
    means: 'the path to which events are posted as they are',
    otherwise: '/invoke',
  },
};

const INTRODUCTION = `# Options

Made from \`src/config/options.ts\` and \`src/config/environment.ts\` by \`vitest run test/docs/options.test.ts -u\`; the test fails where they differ.

What is wrong in options and environment is reported all at once, before anything starts (\`CONFIG_INVALID\`). An option that
nobody knows is a fault too. What is left out comes from the environment, then from the default.

## Options of createManagedRuntime`;

const BETWEEN = `Slots = min(concurrency, threads × invocationsPerThread). How to choose these: [scaling.md](scaling.md). The life of an
invocation past its deadline: [errors.md](errors.md#deadlines). Module options take a path, a \`file:\` URL or a \`URL\`.

## Environment variables

A variable that is empty counts as absent. An option goes before its variable.`;

const END = `Two more are not for the configuration. \`UV_THREADPOOL_SIZE\` sizes libuv's pool, where sharp and asynchronous crypto run:
the command sets it to the number of slots, 4 to 64, where you have not; with a bootstrap of your own set it in the function's environment.
\`AWS_LAMBDA_NODEJS_NO_GLOBAL_AWSLAMBDA\` keeps the global \`awslambda\` away: [context.md](context.md). The flags of the command are in
[local.md](local.md).
`;
