import { readFile, rm, writeFile } from 'node:fs/promises';
import { randomUUID } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Writes a small file, reads it back and removes it: all of it in libuv's pool. */
export const handler = async ({ bytes }) => {
  const file = join(tmpdir(), `lambda-managed-runtime-bench-${randomUUID()}`);
  await writeFile(file, Buffer.alloc(bytes, 'x'));
  const content = await readFile(file);
  await rm(file);
  return { bytes: content.byteLength };
};
