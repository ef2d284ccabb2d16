import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { ImageAnswer } from '../../examples/image/handler.ts';
import type { RunningRuntime } from '../helpers/start-runtime.ts';
import { sampleEvent, startExample } from './example.ts';

let root: string;
let runtime: RunningRuntime;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'photos-'));
  const photos = join(root, 'photos');
  await mkdir(photos);
  const grey = { width: 400, height: 300, channels: 3, background: '#888' } as const;
  await sharp({ create: grey }).jpeg().toFile(join(photos, 'grey.jpg'));
  await writeFile(join(photos, 'text.jpg'), 'not a picture');
  await sharp({ create: grey }).jpeg().toFile(join(root, 'secret.jpg'));
  await symlink(join(root, 'secret.jpg'), join(photos, 'link.jpg'));
  runtime = await startExample('image', 2, { PHOTO_FOLDER: photos });
});
afterAll(async () => {
  await runtime[Symbol.asyncDispose]();
  await rm(root, { recursive: true });
});

it('the example image answers its event with a picture of a generated photo', async () => {
  const answer = await runtime.invoke<ImageAnswer>(sampleEvent('image'));
  expect(answer).toMatchObject({ width: 1200, height: 900, thread: expect.toBeOneOf([1, 2]) });
  expect(answer.bytes).toBeGreaterThan(10_000);
});

it('the example image reads a photo from the folder', async () => {
  expect(await runtime.invoke({ path: 'grey.jpg', width: 100 })).toMatchObject({ width: 100, height: 75 });
});

it.each([
  ['../secret.jpg', /^"\.\.\/secret\.jpg" is not in PHOTO_FOLDER/],
  ['/etc/passwd', /is not in PHOTO_FOLDER/],
  ['link.jpg', /is not in PHOTO_FOLDER/],
  ['', /is not in PHOTO_FOLDER/],
  ['missing.jpg', /ENOENT/],
  ['text.jpg', /unsupported image format/],
])('the example image answers the path %j with an error, and keeps running', async (path, message) => {
  const { error } = await runtime.failure({ path });
  expect(error?.errorMessage).toMatch(message);
  expect(await runtime.invoke({ path: 'grey.jpg' })).toMatchObject({ width: 1200 });
});

it('the example image refuses an invalid width', async () => {
  const { error } = await runtime.failure({ width: 1e9 });
  expect(error).toMatchObject({
    errorType: 'RangeError',
    errorMessage: 'width must be a whole number from 1 to 4000, but it is 1000000000.',
  });
});

it('the example image reads no file if no folder is set', async () => {
  const closed = await startExample('image', 1);
  try {
    const { error } = await closed.failure({ path: 'grey.jpg' });
    expect(error?.errorMessage).toMatch(/^Set PHOTO_FOLDER/);
  } finally {
    await closed[Symbol.asyncDispose]();
  }
});
