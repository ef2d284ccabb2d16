import { realpath } from 'node:fs/promises';
import { isAbsolute, relative, resolve, sep } from 'node:path';
import sharp from 'sharp';

/**
 * Resolves the real path of a photo in the folder `PHOTO_FOLDER`.
 *
 * Rejects when the variable is not set, the file does not exist, or the path leads out of the folder, also through
 * symbolic links.
 */
export async function photoPath(path: string): Promise<string> {
  const given = process.env['PHOTO_FOLDER'];
  if (given === undefined) throw new Error('Set PHOTO_FOLDER to the folder that photos may be read from.');
  const folder = await realpath(given);
  const wanted = resolve(folder, path);
  if (!isBelow(folder, wanted)) throw outside(path);
  const file = await realpath(wanted);
  if (!isBelow(folder, file)) throw outside(path);
  return file;
}

/** Creates a deterministic JPEG of 4000 × 3000 pixels with gradients and noise. */
export function makePhoto(): Promise<Buffer> {
  const pixels = Buffer.alloc(WIDTH * HEIGHT * 3);
  let random = 1;
  let at = 0;
  for (let y = 0; y < HEIGHT; y++) {
    for (let x = 0; x < WIDTH; x++) {
      random = (Math.imul(random, 1_664_525) + 1_013_904_223) | 0;
      const grain = random >>> 27;
      pixels[at++] = (x * 220) / WIDTH + grain;
      pixels[at++] = (y * 220) / HEIGHT + grain;
      pixels[at++] = (((x + y) >> 3) & 127) + grain;
    }
  }
  return sharp(pixels, { raw: { width: WIDTH, height: HEIGHT, channels: 3 } })
    .resize(WIDTH * ENLARGED, HEIGHT * ENLARGED)
    .jpeg({ quality: 85 })
    .toBuffer();
}

const WIDTH = 1000;
const HEIGHT = 750;
const ENLARGED = 4;

function isBelow(folder: string, file: string): boolean {
  const way = relative(folder, file);
  return way !== '' && way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way);
}

function outside(path: string): RangeError {
  return new RangeError(`${JSON.stringify(path)} is not in PHOTO_FOLDER.`);
}
