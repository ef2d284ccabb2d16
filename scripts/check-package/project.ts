import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Log } from './log.ts';

/** A project directory outside the repository. It is empty at first. */
export interface Project extends Disposable {
  readonly path: string;
  write(files: Readonly<Record<string, string>>): void;
}

/** The package's command in a project. */
export const COMMAND = 'node_modules/.bin/lambda-managed-runtime';

/**
 * Creates a user's project: writes the manifest, if any, and installs the packages (the tarball, and options of npm),
 * before them the dependencies of the user's own.
 */
export async function createProject(
  log: Log,
  manifest: object | undefined,
  packages: readonly string[],
  dependencies: readonly string[] = [],
): Promise<Project> {
  const path = mkdtempSync(join(tmpdir(), 'release-'));
  const project = {
    path,
    write(files: Readonly<Record<string, string>>) {
      for (const [name, text] of Object.entries(files)) {
        mkdirSync(dirname(join(path, name)), { recursive: true });
        writeFileSync(join(path, name), text);
      }
    },
    [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }),
  };
  if (manifest !== undefined) project.write({ 'package.json': JSON.stringify(manifest) });
  const install = (...names: string[]) =>
    log.run('npm', ['install', '--no-audit', '--no-fund', ...names], { cwd: path });
  if (dependencies.length > 0) await install(`--before=${aWeekAgo()}`, ...dependencies);
  await install(...packages);
  return project;
}

/** Versions younger than this may need others that not every registry has yet: the parts of AWS's SDK are published daily. */
function aWeekAgo(): string {
  return new Date(Date.now() - 7 * 24 * 3_600_000).toISOString();
}
