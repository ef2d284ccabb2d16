import { threadId } from 'node:worker_threads';
import sharp from 'sharp';
// In your own project, import from 'lambda-managed-runtime/worker'.
import type { Handler } from '../../workers/index.ts';
import { makePhoto, photoPath } from './photo.ts';

export interface ImageEvent {
  /** A photo in `PHOTO_FOLDER`. Default: a generated photo of 4000 × 3000 pixels. */
  readonly path?: string;
  /** The width of the result, in pixels. Default: 1200. */
  readonly width?: number;
}

export interface ImageAnswer {
  readonly width: number;
  readonly height: number;
  /** The size of the WebP file, in bytes. */
  readonly bytes: number;
  readonly ms: number;
  readonly thread: number;
}

// One event should use one core: the number of slots determines the parallelism. sharp's cache would only take memory,
// because every event has a different photo.
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

/** Created by the thread's first event that needs it, then reused. */
function madePhoto(): Promise<Buffer> {
  made ??= makePhoto();
  return made;
}
