import type { OxlintConfig } from 'oxlint';

type Override = NonNullable<OxlintConfig['overrides']>[number];

/** As `no-restricted-imports` has it. */
interface Pattern {
  readonly regex?: string;
  readonly group?: string[];
  readonly allowTypeImports?: boolean;
  readonly message: string;
}

/** The folders and files of src that do not belong to the ground floor. */
const ABOVE_GROUND = [
  'runtime-api',
  'pool',
  'polling',
  'lifecycle',
  'logging',
  'observing',
  'services',
  'local',
  'cli',
  'testing',
  'emf',
  'otel',
  'console',
  'managed-runtime.ts',
  'serving.ts',
  'index.ts',
];

/** Each package belongs to one room. */
const PACKAGES: Record<string, string> = {
  undici: 'runtime-api',
  piscina: 'pool',
  valibot: 'config and settings',
  pino: 'logging',
  comlink: 'services',
  commander: 'cli',
  'cli-progress': 'cli',
  'cli-table3': 'cli',
  uplot: 'cli',
  '@smithy/core': 'local',
  '@opentelemetry/api': 'otel',
  '@aws/lambda-invoke-store': 'workers',
};

const PAGE = 'Of src the page sees only console/messages.ts, as types.';

/** Which way imports may look, as docs/architecture.md has it. Where several match a file, the last one counts. */
export const importRules: Override[] = [
  restrict('src/**', [
    refuse(
      ['local', 'console', 'cli', 'testing', 'emf', 'otel', 'managed-runtime.ts', 'serving.ts', 'index.ts'],
      'It stands above: nothing below imports it.',
    ),
    ...ofSrc(),
  ]),
  restrict('src/managed-runtime.ts', [
    refuse(
      ['cli', 'testing', 'emf', 'otel', 'index.ts'],
      'managed-runtime puts the rooms together, but cli, testing, emf, otel and index stand above it.',
    ),
    ...ofSrc(),
  ]),
  restrict('src/serving.ts', [
    refuse(
      ['local', 'console', 'cli', 'testing', 'emf', 'otel', 'index.ts'],
      'serving puts the rooms together, but local, console, cli, testing, emf, otel and index stand above it.',
    ),
    ...ofSrc(),
  ]),
  {
    ...restrict(['src/*.ts', 'src/invocation/**', 'src/output/**'], [groundFloor(), ...ofSrc()]),
    excludeFiles: ['src/managed-runtime.ts', 'src/serving.ts', 'src/index.ts'],
  },
  restrict(['src/config.ts', 'src/settings.ts', 'src/config/**'], [groundFloor(), ...ofSrc('valibot')]),
  restrict(
    ['src/protocol.ts', 'src/thread-settings.ts'],
    [
      {
        regex: '.',
        allowTypeImports: true,
        message: 'It only describes what crosses the thread boundary: it imports nothing but types.',
      },
      groundFloor(),
    ],
  ),
  restrict('src/runtime-api/**', [
    refuse(
      allBut('runtime-api', 'lifecycle', 'logging', 'observing'),
      'runtime-api stands on the ground floor only: it imports no pool and no room above.',
    ),
    onlyTypes(['lifecycle', 'logging', 'observing']),
    ...ofSrc('undici'),
  ]),
  restrict('src/pool/**', [
    refuse(
      allBut('pool', 'lifecycle', 'logging', 'observing'),
      'pool stands on the ground floor only: it imports no runtime-api and no room above.',
    ),
    onlyTypes(['lifecycle', 'logging', 'observing']),
    ...ofSrc('piscina'),
  ]),
  restrict('src/polling/**', [
    refuse(
      allBut('polling', 'runtime-api', 'pool', 'lifecycle', 'logging', 'observing'),
      'polling imports no services and no room above it.',
    ),
    onlyTypes(['runtime-api', 'pool', 'lifecycle', 'logging', 'observing']),
    {
      group: [
        '**/runtime-api/**',
        '!**/runtime-api/runtime-api-client.ts',
        '**/pool/**',
        '!**/pool/worker-pool.ts',
      ],
      message:
        'polling knows a client and a pool only by their interfaces, runtime-api-client.ts and worker-pool.ts.',
    },
    ...ofSrc(),
  ]),
  restrict('src/logging/**', [
    refuse(
      ['local', 'console', 'cli', 'testing', 'emf', 'otel', 'managed-runtime.ts', 'serving.ts', 'index.ts'],
      'logging imports neither managed-runtime nor what stands above it.',
    ),
    ...ofSrc('pino'),
  ]),
  restrict('src/services/**', [
    refuse(
      allBut('services', 'lifecycle', 'logging', 'observing'),
      'services stands on the ground floor only: it imports no runtime-api, no pool and no room above.',
    ),
    onlyTypes(['lifecycle', 'logging', 'observing']),
    ...ofSrc('comlink'),
  ]),
  restrict('src/observing/**', [
    refuse(
      allBut('observing', 'lifecycle', 'logging'),
      'observing stands on the ground floor only: what it is told of, it does not know.',
    ),
    onlyTypes(['lifecycle', 'logging']),
    ...ofSrc(),
  ]),
  restrict('src/emf/**', [
    refuse(allBut('emf', 'observing'), 'emf reads what observing tells, and nothing else.'),
    ...ofSrc(),
  ]),
  restrict('src/otel/**', [
    refuse(allBut('otel', 'observing'), 'otel reads what observing tells, and nothing else.'),
    ...ofSrc('@opentelemetry/api'),
  ]),
  restrict('src/local/**', [
    refuse(
      allBut('local'),
      'local stands on the ground floor only: managed-runtime loads it, and puts the console into it.',
    ),
    ...ofSrc('@smithy/core'),
  ]),
  restrict('src/console/**', [
    refuse(
      [...allBut('console', 'local', 'observing'), 'console-page'],
      'console shows what local and observing tell, and sees nothing else.',
    ),
    ...ofSrc(),
  ]),
  restrict('src/console/messages.ts', [
    {
      regex: '.',
      message: 'It only describes what the page is told: browser and server read it, and it imports nothing.',
    },
  ]),
  {
    ...restrict('console-page/**', [
      {
        // oxlint's regular expressions cannot look ahead.
        regex: '^([^.@pu]|@[^p]|p[^r]|u[^p])',
        message: 'The page runs in a browser, and is made with preact, @preact/signals and uplot alone.',
      },
      { regex: below('src'), allowTypeImports: true, message: PAGE },
      { group: ['**/src/**', '!**/src/console/messages.ts'], message: PAGE },
    ]),
    excludeFiles: ['console-page/build.ts'],
    env: { browser: true, node: false },
  },
  restrict(
    ['src/index.ts', 'src/testing/**'],
    [
      refuse(
        ['cli', 'console', 'emf', 'otel'],
        'cli, console, emf and otel stand above: nobody imports them.',
      ),
      ...ofSrc(),
    ],
  ),
  restrict('src/cli/**', ofSrc('commander', 'cli-progress', 'cli-table3', 'uplot')),
  restrict('workers/**', [
    {
      group: [
        '**/src/**',
        '!**/src/protocol.ts',
        '!**/src/thread-settings.ts',
        '!**/src/errors.ts',
        '!**/src/invocation/**',
        '!**/src/output/**',
        '!**/src/logging/pino-shape.ts',
        '!**/src/services/comlink.ts',
      ],
      allowTypeImports: true,
      message:
        'workers take values only from protocol, thread-settings, errors, invocation, output, logging/pino-shape.ts and services/comlink.ts, from the rest of src only types.',
    },
    refusePackages('@aws/lambda-invoke-store', 'comlink', 'pino'),
    {
      regex: packages('comlink'),
      allowTypeImports: true,
      message: 'comlink is loaded through services/comlink.ts, and only where there are services.',
    },
    {
      regex: packages('pino'),
      allowTypeImports: true,
      message:
        'pino is loaded at the first use of the logger: it is slow to load, and most threads do without.',
    },
  ]),
];

function restrict(files: string | string[], patterns: Pattern[]): Override {
  return { files: [files].flat(), rules: { 'no-restricted-imports': ['error', { patterns }] } };
}

/** What holds for each room of src, but for the packages that belong to it. */
function ofSrc(...own: string[]): Pattern[] {
  return [
    refusePackages('pino', ...own),
    ...(own.includes('pino')
      ? []
      : [
          {
            regex: packages('pino'),
            allowTypeImports: true,
            message: 'pino is set up in logging; every other room sees only its types.',
          },
        ]),
    {
      regex: below('workers'),
      allowTypeImports: true,
      message: 'src names the entry file of a thread by URL; of workers it imports only types.',
    },
  ];
}

function groundFloor(): Pattern {
  return refuse(ABOVE_GROUND, 'The ground floor imports none of the rooms above it.');
}

function allBut(...rooms: string[]): string[] {
  return ABOVE_GROUND.filter((each) => !rooms.includes(each));
}

function refuse(rooms: readonly string[], message: string): Pattern {
  return { regex: below(...rooms), message };
}

function onlyTypes(rooms: readonly string[]): Pattern {
  return {
    regex: below(...rooms),
    allowTypeImports: true,
    message: `Of ${rooms.join(', ')} only types are seen here.`,
  };
}

function refusePackages(...own: string[]): Pattern {
  return {
    regex: packages(...Object.keys(PACKAGES).filter((name) => !own.includes(name))),
    message: `Each package has one room: ${Object.entries(PACKAGES)
      .map(([name, owner]) => `${name} ${owner}`)
      .join(', ')}.`,
  };
}

/** Matches relative paths to these folders and files. */
function below(...places: string[]): string {
  const names = places.map((place) =>
    place.endsWith('.ts') ? `${place.replace('.', '\\.')}$` : `${place}/`,
  );
  return `^(\\.{1,2}/)+(${names.join('|')})`;
}

function packages(...names: string[]): string {
  return `^(${names.join('|')})(/|$)`;
}
