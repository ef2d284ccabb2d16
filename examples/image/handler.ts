import { threadId } from 'node:worker_threads';
import sharp from 'sharp';
// In a project of your own: from 'lambda-managed-runtime/worker'.
import type { Handler } from '../../workers/index.ts';
import { makePhoto, photoPath } from './photo.ts';

export interface ImageEvent {
  /** A photo in `PHOTO_FOLDER`. Default: a photo of 4000 × 3000 that the example makes. */
  readonly path?: string;
  /** How wide the picture is to be, in pixels. Default 1200. */
  readonly width?: number;
}

export interface ImageAnswer {
  readonly width: number;
  readonly height: number;
  /** Of the WebP file. */
  readonly bytes: number;
  readonly ms: number;
  readonly thread: number;
}

// One event keeps one core busy: how many are at work at once is for the slots to say. No two events show the same
// photo, so that sharp's cache would only hold memory.
sharp.concurrency(1);
sharp.cache(false);

export const handler: Handler<ImageEvent, ImageAnswer> = async ({ path, width = 1200 }) => {
  if (!Number.isInteger(width) || width < 1 || width > 4000) {
    throw new RangeError(`width must be a whole number from 1 to 4000, but it is ${JSON.stringify(width)}.`);
  }
  const photo = await (path === undefined ? madePhoto() : photoPath(path));
  const startMs = performance.now();
  const { info } = await sharp(photo)
    .autoOrient()
    .resize({ width })
    .sharpen()
    .webp({ quality: 80 })
    .toBuffer({ resolveWithObject: true });
  return {
    width: info.width,
    height: info.height,
    bytes: info.size,
    ms: Math.round(performance.now() - startMs),
    thread: threadId,
  };
};

let made: Promise<Buffer> | undefined;

/** Made at the thread's first event that needs it, then kept. */
function madePhoto(): Promise<Buffer> {
  made ??= makePhoto();
  return made;
}
