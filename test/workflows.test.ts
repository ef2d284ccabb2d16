import { globSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';

const PROJECT = fileURLToPath(new URL('..', import.meta.url));

interface Step {
  readonly uses?: string;
  readonly run?: string;
}

interface Workflow {
  readonly permissions: Readonly<Record<string, string>>;
  readonly jobs: Readonly<
    Record<
      string,
      { readonly permissions?: Readonly<Record<string, string>>; readonly steps: readonly Step[] }
    >
  >;
}

const read = (file: string) => parse(readFileSync(PROJECT + file, 'utf8')) as unknown;
const WORKFLOWS = globSync('.github/workflows/*.yml', { cwd: PROJECT }).sort();
const { scripts } = read('package.json') as { scripts: Readonly<Record<string, string>> };

describe.each(WORKFLOWS)('the workflow %s', (file) => {
  const { permissions, jobs } = read(file) as Workflow;
  const steps = Object.values(jobs).flatMap((job) => job.steps);

  it('runs scripts that exist', () => {
    const named = steps.flatMap(({ run }) =>
      [...(run ?? '').matchAll(/npm run ([\w:]+)/g)].map(([, name]) => name),
    );
    expect(named).not.toEqual([]);
    expect(named.filter((name) => name === undefined || !(name in scripts))).toEqual([]);
  });

  it('has read-only permissions by default', () => {
    expect(permissions).toEqual({ contents: 'read' });
  });

  it('uses only actions of GitHub', () => {
    const actions = steps.flatMap(({ uses }) => (uses === undefined ? [] : [uses]));
    expect(actions.filter((action) => !action.startsWith('actions/'))).toEqual([]);
  });
});

it('a release is published last, with provenance, after all checks', () => {
  const { publish } = (read('.github/workflows/release.yml') as Workflow).jobs;
  const commands = publish?.steps.flatMap(({ run }) => (run === undefined ? [] : [run])) ?? [];
  expect(publish?.permissions).toMatchObject({ 'id-token': 'write' });
  expect(commands.slice(-3)).toEqual([
    'npm run check',
    'npm run check:release',
    'npm publish --provenance --access public',
  ]);
});

it('each issue form has a required field', () => {
  const forms = globSync('.github/ISSUE_TEMPLATE/*.yml', { cwd: PROJECT }).filter(
    (file) => !file.endsWith('config.yml'),
  );
  for (const form of forms) {
    const { name, description, body } = read(form) as { name: string; description: string; body: unknown[] };
    expect({ name, description, body }).toEqual({
      name: expect.any(String),
      description: expect.any(String),
      body: expect.arrayContaining([expect.objectContaining({ validations: { required: true } })]),
    });
  }
});
