import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** A directory of its own, removed when it is disposed of. */
export interface TaskRoot extends AsyncDisposable {
  readonly path: string;
}

/** Makes a directory with these files: what a user would put into the function's package. */
export async function makeTaskRoot(files: Readonly<Record<string, string>> = {}): Promise<TaskRoot> {
  const path = await mkdtemp(join(tmpdir(), 'task-root-'));
  for (const [name, source] of Object.entries(files)) {
    await mkdir(dirname(join(path, name)), { recursive: true });
    await writeFile(join(path, name), source);
  }
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}
