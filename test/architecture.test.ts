import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';

const project = fileURLToPath(new URL('..', import.meta.url));
const groundFolders = ['invocation', 'config', 'output'];
const rooms = readdirSync(join(project, 'src'), { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && !groundFolders.includes(entry.name))
  .map((entry) => entry.name);

/** What no room of src may say; only logging may set up pino. */
const nowhereInSrc = [
  "import { a } from '@aws/lambda-invoke-store';",
  "import { a } from '../testing/a.ts';",
  "import { pino } from 'pino';",
  "import { a } from '../../workers/a.ts';",
];

/** What each file may and may not say; every line stands alone, and the lint rules must refuse just the forbidden ones. */
const cases: Record<string, { forbidden: string[]; allowed: string[] }> = {
  'src/errors.ts': {
    forbidden: [
      ...nowhereInSrc,
      ...rooms.map((room) => `import type { A } from './${room}/a.ts';`),
      "import { a } from './managed-runtime.ts';",
      "import { a } from './index.ts';",
      "import { a } from 'valibot';",
    ],
    allowed: [
      "import { a } from './protocol.ts';",
      "import { a } from './invocation/a.ts';",
      "import type { Logger } from 'pino';",
    ],
  },
  'src/protocol.ts': {
    forbidden: [
      ...nowhereInSrc,
      "import { a } from './errors.ts';",
      "import { a } from 'node:fs';",
      "import './invocation/a.ts';",
      "import type { A } from './pool/a.ts';",
    ],
    allowed: ["import type { A } from './invocation/a.ts';", "import type { A } from 'node:fs';"],
  },
  'src/thread-settings.ts': {
    forbidden: ["import { a } from './errors.ts';", "import type { A } from './pool/a.ts';"],
    allowed: ["import type { A } from './invocation/a.ts';"],
  },
  'src/config.ts': {
    forbidden: [...nowhereInSrc, "import { a } from './pool/a.ts';", "import { a } from 'undici';"],
    allowed: [
      "import { a } from 'valibot';",
      "import { a } from './settings.ts';",
      'export const a = process.env;',
    ],
  },
  'src/invocation/a.ts': {
    forbidden: [
      ...nowhereInSrc,
      "import { a } from '../runtime-api/a.ts';",
      "import { a } from 'valibot';",
      'export const a = process.env;',
    ],
    allowed: ["import { a } from '../errors.ts';", "import { a } from './b.ts';"],
  },
  'src/output/a.ts': {
    forbidden: [
      ...nowhereInSrc,
      "import { a } from '../logging/a.ts';",
      "import type { A } from '../pool/a.ts';",
      'export const a = process.env;',
    ],
    allowed: ["import { a } from '../protocol.ts';", "import { a } from './b.ts';"],
  },
  'src/runtime-api/a.ts': {
    forbidden: [
      ...nowhereInSrc,
      "import type { A } from '../pool/worker-pool.ts';",
      "import { a } from '../polling/a.ts';",
      "import { a } from '../services/a.ts';",
      "import { a } from '../observing/a.ts';",
      "import { a } from '../managed-runtime.ts';",
      "import { a } from '../logging/a.ts';",
      "import { a } from 'piscina';",
      "import { a } from 'comlink';",
    ],
    allowed: [
      "import { a } from 'undici';",
      "import { a } from '../errors.ts';",
      "import type { A } from '../logging/a.ts';",
      "import type { A } from '../observing/a.ts';",
    ],
  },
  'src/pool/a.ts': {
    forbidden: [
      ...nowhereInSrc,
      "import type { A } from '../runtime-api/runtime-api-client.ts';",
      "import { a } from '../polling/a.ts';",
      "import { a } from '../lifecycle/a.ts';",
      "import { a } from 'undici';",
      "export * from 'undici';",
      "import type { A } from 'undici/types/client.d.ts';",
    ],
    allowed: [
      "import { a } from 'piscina';",
      "import { a } from '../protocol.ts';",
      "import type { A } from '../lifecycle/a.ts';",
      "import type { A } from '../../workers/a.ts';",
    ],
  },
  'src/polling/a.ts': {
    forbidden: [
      ...nowhereInSrc,
      "import { a } from '../runtime-api/runtime-api-client.ts';",
      "import { type A } from '../pool/worker-pool.ts';",
      "export { a } from '../pool/worker-pool.ts';",
      "import type { A } from '../runtime-api/http-client.ts';",
      "import { a } from '../pool/thread-pool.ts';",
      "import { a } from '../managed-runtime.ts';",
      "import type { A } from 'undici';",
      "import { a } from 'piscina';",
    ],
    allowed: [
      "import type { A } from '../runtime-api/runtime-api-client.ts';",
      "import type { A } from '../pool/worker-pool.ts';",
      "import { a } from '../invocation/a.ts';",
    ],
  },
  'src/services/a.ts': {
    forbidden: [
      ...nowhereInSrc,
      "import type { A } from '../pool/worker-pool.ts';",
      "import type { A } from '../runtime-api/runtime-api-client.ts';",
      "import { a } from '../serving.ts';",
      "import { a } from '../logging/a.ts';",
      "import { a } from 'piscina';",
    ],
    allowed: [
      "import { a } from 'comlink';",
      "import type { A } from '../config.ts';",
      "import type { A } from '../protocol.ts';",
    ],
  },
  'src/observing/a.ts': {
    forbidden: [
      ...nowhereInSrc,
      "import type { A } from '../pool/worker-pool.ts';",
      "import type { A } from '../runtime-api/runtime-api-client.ts';",
      "import { a } from '../polling/a.ts';",
      "import { a } from '../logging/a.ts';",
      "import { a } from '../emf/a.ts';",
      "import { a } from '../serving.ts';",
      "import { a } from '@opentelemetry/api';",
      "import { a } from 'undici';",
    ],
    allowed: [
      "import type { A } from '../logging/a.ts';",
      "import type { A } from '../config.ts';",
      "import { a } from '../invocation/a.ts';",
    ],
  },
  'src/emf/a.ts': {
    forbidden: [
      ...nowhereInSrc,
      "import type { A } from '../pool/a.ts';",
      "import type { A } from '../managed-runtime.ts';",
      "import { a } from '../otel/a.ts';",
      "import { a } from '@opentelemetry/api';",
    ],
    allowed: ["import { a } from '../observing/a.ts';", "import { a } from './b.ts';"],
  },
  'src/otel/a.ts': {
    forbidden: [
      ...nowhereInSrc,
      "import type { A } from '../pool/a.ts';",
      "import { a } from '../emf/a.ts';",
      "import { a } from 'undici';",
    ],
    allowed: ["import { a } from '@opentelemetry/api';", "import { a } from '../observing/a.ts';"],
  },
  'src/lifecycle/a.ts': {
    forbidden: [
      ...nowhereInSrc,
      "import { a } from '../managed-runtime.ts';",
      "import { a } from '../local/a.ts';",
      "import { a } from '../cli/a.ts';",
      "import { a } from 'valibot';",
      'export const { env } = process;',
    ],
    allowed: ["import { a } from '../config.ts';"],
  },
  'src/logging/a.ts': {
    forbidden: [
      "import { a } from '../../workers/a.ts';",
      "import { a } from 'undici';",
      "import { a } from '../local/a.ts';",
    ],
    allowed: ["import { pino } from 'pino';"],
  },
  'src/managed-runtime.ts': {
    forbidden: [
      ...nowhereInSrc,
      "import { a } from './cli/a.ts';",
      "import { a } from './index.ts';",
      "import { a } from 'piscina';",
      "import { a } from 'cli-progress';",
      "import { a } from 'uplot';",
      "import { a } from '@smithy/core/event-streams';",
    ],
    allowed: [
      "import { a } from './local/a.ts';",
      "import { a } from './console/a.ts';",
      "import { a } from './pool/thread-pool.ts';",
      "import { a } from './runtime-api/http-client.ts';",
      "import { a } from './polling/a.ts';",
      "import { a } from './serving.ts';",
    ],
  },
  'src/serving.ts': {
    forbidden: [
      ...nowhereInSrc,
      "import { a } from './local/a.ts';",
      "import { a } from './console/a.ts';",
      "import { a } from 'undici';",
    ],
    allowed: ["import { a } from './pool/a.ts';", "import type { A } from './managed-runtime.ts';"],
  },
  'src/local/a.ts': {
    forbidden: [
      ...nowhereInSrc,
      "import { a } from '../cli/a.ts';",
      "import { a } from '../managed-runtime.ts';",
      "import { a } from '../pool/a.ts';",
      "import type { A } from '../console/a.ts';",
      "import { a } from 'commander';",
      'export const a = process.env;',
    ],
    allowed: [
      "import { a } from '../errors.ts';",
      "import type { A } from '../config.ts';",
      "import { a } from '@smithy/core/event-streams';",
    ],
  },
  'src/console/a.ts': {
    forbidden: [
      ...nowhereInSrc,
      "import { a } from '../managed-runtime.ts';",
      "import type { A } from '../pool/a.ts';",
      "import { a } from '../cli/a.ts';",
      "import { a } from '../../console-page/a.ts';",
      "import { a } from 'undici';",
      'export const a = process.env;',
    ],
    allowed: [
      "import { a } from '../local/a.ts';",
      "import { a } from '../observing/a.ts';",
      "import type { A } from '../config.ts';",
    ],
  },
  'src/console/messages.ts': {
    forbidden: ["import type { A } from './a.ts';", "import type { A } from '../observing/a.ts';"],
    allowed: ['export const a = 1;'],
  },
  'console-page/lanes/a.ts': {
    forbidden: [
      "import { a } from '../../src/console/messages.ts';",
      "import type { A } from '../../src/console/ledgers.ts';",
      "import { a } from '../../src/local/a.ts';",
      "import { a } from 'node:fs';",
      "import { a } from 'valibot';",
    ],
    allowed: [
      "import type { A } from '../../src/console/messages.ts';",
      "import { a } from 'preact/hooks';",
      "import { a } from '@preact/signals';",
      "import { a } from 'uplot';",
      "import { a } from '../state/a.ts';",
      "import { a } from './b.tsx';",
    ],
  },
  'src/testing/a.ts': {
    forbidden: [
      "import { a } from '../console/a.ts';",
      "import { a } from '../cli/a.ts';",
      "import { a } from 'undici';",
      'export const a = process.env;',
    ],
    allowed: ["import { a } from '../local/a.ts';"],
  },
  'src/cli/a.ts': {
    forbidden: [
      ...nowhereInSrc.filter((statement) => !statement.includes('/testing/')),
      "import { a } from 'undici';",
    ],
    allowed: [
      "import { a } from 'commander';",
      "import { a } from 'cli-progress';",
      "import { a } from 'cli-table3';",
      "import { a } from '../local/a.ts';",
      'export const a = process.env;',
    ],
  },
  'workers/deep/a.ts': {
    forbidden: [
      "import { a } from '../../src/pool/a.ts';",
      "import { a } from '../../src/config.ts';",
      "import { a } from '../../src/services/services.ts';",
      "import { a } from '../../src/logging/log-sink.ts';",
      "import { a } from 'piscina';",
      "import { a } from 'comlink';",
      "import { pino } from 'pino';",
    ],
    allowed: [
      "import { a } from '../../src/services/comlink.ts';",
      "import { a } from '../../src/output/a.ts';",
      "import { a } from '../../src/logging/pino-shape.ts';",
      "import { a } from '@aws/lambda-invoke-store';",
      "import type { A } from 'comlink';",
      "import { a } from '../../src/protocol.ts';",
      "import { a } from '../../src/thread-settings.ts';",
      "import { a } from '../../src/errors.ts';",
      "import { a } from '../../src/invocation/a.ts';",
      "import type { A } from '../../src/pool/a.ts';",
      "import { a } from '../b.ts';",
      'export const a = process.env;',
    ],
  },
  'test/a.ts': {
    forbidden: [],
    allowed: [
      "import { a } from '../src/cli/a.ts';",
      "import { a } from '../workers/a.ts';",
      "import { a } from 'undici';",
      'export const a = process.env;',
    ],
  },
};

const directionRules = [
  'eslint(no-restricted-imports)',
  'eslint(no-restricted-properties)',
  'typescript(no-import-type-side-effects)',
];

describe('the lint rules keep the direction of imports', () => {
  let findings: Finding[];

  beforeAll(() => {
    const files = Object.entries(cases).map(([file, { forbidden, allowed }]) => [
      file,
      named([...forbidden, ...allowed]).join('\n'),
    ]);
    findings = lint(Object.fromEntries(files)).filter(({ code }) => directionRules.includes(code));
  });

  it.each(Object.entries(cases))('in %s', (file, { forbidden, allowed }) => {
    const refused = new Set(findings.filter(({ filename }) => filename === file).map(lineOf));
    const statements = named([...forbidden, ...allowed]);
    expect(statements.filter((_, index) => refused.has(index + 1))).toEqual(named(forbidden));
  });
});

it('the lint rules refuse a circle of imports, unless it is one of types', () => {
  const findings = lint({
    'src/services/a.ts': "import { b } from './b.ts'; export const a = b;",
    'src/services/b.ts': "import { a } from './a.ts'; export const b = a;",
    'src/services/c.ts': "import type { D } from './d.ts'; export const c: D = '';",
    'src/services/d.ts': "import { c } from './c.ts'; export type D = string; export const d = c;",
  });
  const circles = findings.filter(({ code }) => code === 'import(no-cycle)').map(({ filename }) => filename);
  expect(circles.toSorted()).toEqual(['src/services/a.ts', 'src/services/b.ts']);
});

// The sources run as they are, and Node.js 22 cannot parse it; the compiler would say nothing.
it.each(['src', 'workers'])('%s has no `using`', (folder) => {
  const files = readdirSync(join(project, folder), { recursive: true, encoding: 'utf8' });
  const using = files
    .filter((file) => file.endsWith('.ts'))
    .filter((file) => /^\s*(await )?using \w/m.test(readFileSync(join(project, folder, file), 'utf8')));
  expect(using).toEqual([]);
});

interface Finding {
  code: string;
  filename: string;
  labels: { span: { line: number } }[];
}

/** What the project's lint rules find in a tree of these files (path → text). */
function lint(files: Record<string, string>): Finding[] {
  const tree = mkdtempSync(join(tmpdir(), 'architecture-'));
  try {
    for (const rules of ['oxlint.config.ts', 'oxlint.imports.ts'])
      cpSync(join(project, rules), join(tree, rules));
    cpSync(join(project, 'package.json'), join(tree, 'package.json'));
    for (const [file, text] of Object.entries(files)) {
      mkdirSync(dirname(join(tree, file)), { recursive: true });
      writeFileSync(join(tree, file), text);
    }
    const oxlint = join(project, 'node_modules/oxlint/bin/oxlint');
    const { stdout } = spawnSync(process.execPath, [oxlint, '--format', 'json'], {
      cwd: tree,
      encoding: 'utf8',
    });
    return (JSON.parse(stdout) as { diagnostics: Finding[] }).diagnostics;
  } finally {
    rmSync(tree, { recursive: true });
  }
}

function lineOf(finding: Finding): number | undefined {
  return finding.labels[0]?.span.line;
}

/** Gives what each statement imports or declares a name of its own, so that one file can hold them all. */
function named(statements: string[]): string[] {
  return statements.map((statement, index) =>
    statement
      .replace(/\{ (type )?(\w+) \} from/, (_, type = '', name) => `{ ${type}${name} as name${index} } from`)
      .replace('const a =', `const name${index} =`),
  );
}
