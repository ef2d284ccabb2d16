import type { OxlintConfig } from 'oxlint';

/** What src/builtins.ts has captured. */
const CAPTURED = [
  'setTimeout',
  'clearTimeout',
  'setInterval',
  'clearInterval',
  'setImmediate',
  'clearImmediate',
  'queueMicrotask',
  'Date',
  'Promise',
  'performance',
];

const config: OxlintConfig = {
  plugins: ['typescript', 'unicorn', 'oxc', 'import', 'node', 'promise', 'vitest'],
  categories: { correctness: 'error', suspicious: 'error', perf: 'error' },
  env: { node: true, es2024: true },
  ignorePatterns: [
    'dist',
    '/coverage',
    'bench/results',
    'src/console/page/bundle',
    'scripts/results',
    '.ci',
    'test/fixtures/handlers',
    'test/fixtures/faults',
    'test/compatibility/groups/*/function',
    'test/compatibility/shared',
  ],
  rules: {
    'import/no-cycle': 'error',
    'typescript/consistent-type-imports': ['error', { disallowTypeAnnotations: false }],
    'typescript/no-import-type-side-effects': 'error',
    'no-await-in-loop': 'off',
    'no-control-regex': 'off',
    'no-shadow': 'off',
    'no-underscore-dangle': 'off',
    'import/no-named-as-default': 'off',
    'import/no-named-as-default-member': 'off',
    'import/no-unassigned-import': 'off',
    'promise/always-return': 'off',
    'unicorn/consistent-function-scoping': 'off',
    'unicorn/no-array-reverse': 'off',
    'unicorn/no-array-sort': 'off',
    'unicorn/prefer-add-event-listener': 'off',
    'unicorn/prefer-set-has': 'off',
    'unicorn/require-post-message-target-origin': 'off',
    'vitest/no-conditional-expect': 'off',
    'vitest/require-to-throw-message': 'off',
    'vitest/no-standalone-expect': 'off',
    'vitest/expect-expect': 'off',
  },
  overrides: [
    {
      files: ['src/**'],
      // The last one only hands the environment on to a process.
      excludeFiles: ['src/config/config.ts', 'src/cli/**', 'src/invocation/syntax-error-location.ts'],
      rules: {
        'no-restricted-properties': [
          'error',
          {
            object: 'process',
            property: 'env',
            message: 'Environment variables are read in config, cli and workers alone.',
          },
        ],
      },
    },
    {
      files: ['src/console/page/**'],
      excludeFiles: ['src/console/page/build.ts'],
      env: { browser: true, node: false },
    },
    {
      // Nobody waits for an answer of the others.
      files: ['src/**', 'workers/**'],
      excludeFiles: ['src/builtins.ts', 'src/{cdk,cli,console,deployment,emf,otel}/**'],
      rules: {
        'no-restricted-globals': [
          'error',
          ...CAPTURED.map((name) => ({
            name,
            message:
              'Code of the function can replace it while the runtime runs: take it from src/builtins.ts.',
          })),
        ],
      },
    },
    { files: ['examples/deploy/cdk/**', 'test/deploy/cdk*.test.ts'], rules: { 'no-new': 'off' } },
    // It replaces an error of super(). TypeScript checks the same.
    { files: ['src/cdk/managed-nodejs-function.ts'], rules: { 'constructor-super': 'off' } },
    { files: ['src/**', 'workers/**'], rules: { 'typescript/no-explicit-any': 'error' } },
  ],
};

export default config;
