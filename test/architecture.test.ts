import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { circlesOf, importsOf, sourceFiles } from '../scripts/module-graph.ts';
import type { Import } from '../scripts/module-graph.ts';
import { ROOT } from '../scripts/root.ts';

/** A part of the sources, and what it may import besides its own files. */
interface Module {
  /** Prefixes of the paths of its files. A file belongs to the module with the longest matching prefix. */
  readonly files: readonly string[];
  /** Prefixes of the paths that it may import. Default: all modules of lower layers. */
  readonly sees?: readonly string[];
  /** Prefixes of the paths of which it may import values, not just types. Default: everything in `sees`. */
  readonly values?: readonly string[];
  /** Packages of which other modules may import only types. */
  readonly packages?: readonly string[];
  /** Whether other modules may import only its types. */
  readonly onlyTypes?: boolean;
  /** Whether it may import no other packages and no built-in modules of Node.js. */
  readonly isForBrowsers?: boolean;
}

const MESSAGES = ['src/protocol.ts', 'src/thread-settings.ts'];
/** Modules that threads load as well. */
const IN_THREADS = [
  'src/builtins.ts',
  'src/free-memory.ts',
  'src/errors.ts',
  'src/invocation/',
  'src/package-files.ts',
  'src/realm-global.ts',
  'src/retry-schedule.ts',
  'src/waiting.ts',
  ...MESSAGES,
];
const SHARED = ['src/config/', ...IN_THREADS];

/** From top to bottom. Modules of one layer do not import each other: docs/architecture.md says why. */
const LAYERS: readonly (readonly Module[])[] = [
  [
    { files: ['src/cli/'], packages: ['commander', 'cli-progress', 'cli-table3'] },
    {
      files: ['src/cdk/'],
      sees: ['src/deployment/', 'src/package-files.ts'],
      packages: ['aws-cdk-lib', 'constructs'],
    },
    { files: ['src/testing/'], sees: ['src/local/'] },
    { files: ['src/emf/'], sees: ['src/observability/', 'src/invocation/time.ts'] },
    { files: ['src/otel/'], sees: ['src/observability/'], packages: ['@opentelemetry/api'] },
    {
      files: ['src/console/page/'],
      sees: ['src/console/messages.ts', 'src/profiling/call-tree.ts'],
      values: ['src/profiling/call-tree.ts'],
      packages: ['preact', '@preact/signals', 'uplot'],
      isForBrowsers: true,
    },
  ],
  [{ files: ['src/index.ts'] }, { files: ['src/deployment/'], sees: [], packages: ['fflate'] }],
  [{ files: ['src/managed-runtime.ts'] }],
  [
    {
      files: ['src/console/'],
      sees: [
        'src/console/messages.ts',
        'src/local/',
        'src/observability/',
        'src/profiling/profiles.ts',
        ...SHARED,
      ],
    },
  ],
  [
    { files: ['src/console/messages.ts'], sees: ['src/profiling/call-tree.ts'] },
    { files: ['src/local/'], sees: SHARED, packages: ['@smithy/core'] },
    { files: ['src/serving.ts'] },
  ],
  [{ files: ['src/lifecycle/'] }, { files: ['src/profiling/'], sees: ['src/pool/', ...SHARED] }],
  [
    {
      files: ['src/poller/'],
      sees: [
        'src/pool/worker-pool.ts',
        'src/runtime-api/runtime-api-client.ts',
        'src/observability/',
        'src/logging/',
        ...SHARED,
      ],
      values: SHARED,
    },
  ],
  [
    {
      files: ['src/pool/'],
      values: ['src/observability/thread-metrics.ts', 'src/output/', ...SHARED],
      packages: ['piscina'],
    },
    { files: ['src/runtime-api/'], values: SHARED, packages: ['undici'] },
    { files: ['src/services/'], values: SHARED, packages: ['comlink'] },
  ],
  [{ files: ['src/observability/'], values: SHARED }],
  [{ files: ['src/logging/'], packages: ['pino'] }],
  [{ files: ['src/output/'] }],
  [{ files: ['src/config/'], packages: ['valibot'] }],
  [{ files: ['src/'] }],
  [
    { files: MESSAGES, sees: ['src/invocation/'], values: [] },
    {
      files: ['workers/'],
      sees: ['src/'],
      values: [
        'src/output/',
        'src/logging/logger-output.ts',
        'src/logging/pino-shape.ts',
        'src/services/comlink.ts',
        ...IN_THREADS,
      ],
      packages: ['@aws/lambda-invoke-store'],
      onlyTypes: true,
    },
  ],
];

const SOURCES = sourceFiles('src', 'workers').filter((file) => file !== 'src/console/page/build.ts');
const imports = SOURCES.flatMap((file) => importsOf(file));

it('modules import only from lower layers', () => {
  expect(imports.length).toBeGreaterThan(500);
  expect(imports.map(faultOf).filter((fault) => fault !== undefined)).toEqual([]);
});

it('no module imports the entry file of a process, which would start it', () => {
  const starts = new Set(['src/cli/main.ts', 'src/cli/bench/runtime-entry.ts', 'src/cdk/finish-bundle.ts']);
  const all = sourceFiles('src', 'workers', 'bench', 'scripts').flatMap((file) => importsOf(file));
  expect(all.filter(({ to }) => starts.has(to))).toEqual([]);
});

it('there are no import cycles, type imports included', () => {
  expect(circlesOf(imports)).toEqual([]);
});

it('docs/architecture.md shows the same layers', () => {
  const page = readFileSync(join(ROOT, 'docs/architecture.md'), 'utf8');
  const drawn = [...page.matchAll(/^ *subgraph .*$([^]*?)^ *end$/gm)].map(([, layer = '']) =>
    [...layer.matchAll(/\["(.+?)"\]/g)].map(([, files]) => files).toSorted(),
  );
  expect(drawn).toEqual(LAYERS.map((layer) => layer.flatMap(({ files }) => files).toSorted()));
});

describe('the check refuses', () => {
  it.each([
    ['a module above', 'src/pool/a.ts', "import { a } from '../serving.ts';"],
    ['a type of a module above', 'src/invocation/a.ts', "import type { A } from '../pool/a.ts';"],
    ['a module beside', 'src/pool/a.ts', "import type { A } from '../runtime-api/a.ts';"],
    ['a value where only types are seen', 'src/pool/a.ts', "import { a } from '../logging/log.ts';"],
    ['what is behind an interface', 'src/poller/a.ts', "import type { A } from '../pool/thread-pool.ts';"],
    ['a value of the workers', 'src/pool/a.ts', "export { a } from '../../workers/a.ts';"],
    ['what workers do not load', 'workers/a.ts', "await import('../src/config/config.ts');"],
    ['a value in what only describes', 'src/protocol.ts', "import { a } from './invocation/a.ts';"],
    ['a package of another module', 'src/local/a.ts', "import { a } from 'undici/lib/a.js';"],
    ['a package in the page', 'src/console/page/a.ts', "import { readFile } from 'node:fs';"],
  ])('%s', (_what, file, text) => {
    expect(importsOf(file, text).map(faultOf)).toEqual([expect.stringContaining(file)]);
  });

  it('a cycle of type imports', () => {
    const one = importsOf('src/a.ts', "import type { B } from './b.ts';");
    const other = importsOf('src/b.ts', "type A = import('./a.ts').A;");
    expect(circlesOf([...one, ...other])).toEqual([['src/a.ts', 'src/b.ts']]);
  });
});

// The sources run without a build, and Node.js 22 cannot parse `using`. The compiler does not report it.
it('src and workers have no `using`', () => {
  const using = sourceFiles('src', 'workers').filter((file) =>
    /^\s*(await )?using \w/m.test(readFileSync(join(ROOT, file), 'utf8')),
  );
  expect(using).toEqual([]);
});

function faultOf({ from, to, isType }: Import): string | undefined {
  const here = moduleOf(from);
  const there = moduleOf(to);
  const kind = isType ? 'the type' : 'the value';
  if (there === undefined) {
    const isOwn = here?.packages?.some((name) => isOf(name, to)) === true;
    const isAnothers = LAYERS.flat().some(({ packages }) => packages?.some((name) => isOf(name, to)));
    if (isOwn || (!(isAnothers && !isType) && here?.isForBrowsers !== true)) return undefined;
    return `${from} may not import ${kind} of the package ${to}`;
  }
  if (here === undefined || here === there) return undefined;
  const sees = here.sees?.some((path) => to.startsWith(path)) ?? layerOf(there) > layerOf(here);
  const mayTakeValues = here.values?.some((path) => to.startsWith(path)) ?? there.onlyTypes !== true;
  return sees && (isType || mayTakeValues) ? undefined : `${from} may not import ${kind} of ${to}`;
}

function moduleOf(file: string): Module | undefined {
  const lengthIn = ({ files }: Module): number =>
    Math.max(0, ...files.filter((path) => file.startsWith(path)).map(({ length }) => length));
  const [module] = LAYERS.flat().toSorted((one, other) => lengthIn(other) - lengthIn(one));
  return module !== undefined && lengthIn(module) > 0 ? module : undefined;
}

function layerOf(module: Module): number {
  return LAYERS.findIndex((layer) => layer.includes(module));
}

function isOf(name: string, specifier: string): boolean {
  return specifier === name || specifier.startsWith(`${name}/`);
}
