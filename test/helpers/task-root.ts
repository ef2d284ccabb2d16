import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** A temporary directory that is removed on disposal. */
export interface TaskRoot extends AsyncDisposable {
  readonly path: string;
}

/** Creates a directory with the given files, like a user's function package. */
export async function makeTaskRoot(files: Readonly<Record<string, string>> = {}): Promise<TaskRoot> {
  const path = await mkdtemp(join(tmpdir(), 'task-root-'));
  for (const [name, source] of Object.entries(files)) {
    await mkdir(dirname(join(path, name)), { recursive: true });
    await writeFile(join(path, name), source);
  }
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}
