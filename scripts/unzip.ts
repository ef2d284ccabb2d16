import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { openPromise } from 'yauzl';

/** Unpacks a zip file as Lambda does, with the modes of its files. */
export async function unzip(zip: string, folder: string): Promise<void> {
  const opened = await openPromise(zip);
  for await (const entry of opened.eachEntry()) {
    // A folder, which its files make as well.
    if (entry.fileName.endsWith('/')) continue;
    const file = join(folder, entry.fileName);
    await mkdir(dirname(file), { recursive: true });
    const content = await buffer(await opened.openReadStreamPromise(entry));
    await writeFile(file, content, { mode: (entry.externalFileAttributes >>> 16) & 0o777 });
  }
}
