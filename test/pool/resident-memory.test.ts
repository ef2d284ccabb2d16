import { closeSync, openSync, readFileSync, readSync, readdirSync, readlinkSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, it, vi } from 'vitest';
import { residentMiB } from '../../src/pool/resident-memory.ts';

afterEach(() => {
  vi.restoreAllMocks();
});

/** The descriptors with which this process reads its memory. */
function descriptors(): number[] {
  return readdirSync('/proc/self/fd').map(Number).filter(isOfMemory);
}

function isOfMemory(descriptor: number): boolean {
  try {
    return readlinkSync(`/proc/self/fd/${descriptor}`).endsWith('/statm');
  } catch {
    // The descriptor with which the directory was read.
    return false;
  }
}

function expectRight(mib: number): void {
  const expected = process.memoryUsage.rss() / 1024 / 1024;
  // Other test files run in this process.
  expect(mib).toBeGreaterThan(expected / 2);
  expect(mib).toBeLessThan(expected * 2);
}

it('the size is read from one descriptor that stays open', () => {
  expectRight(residentMiB());
  const [descriptor] = descriptors();
  expectRight(residentMiB());
  expect(descriptors()).toEqual([descriptor]);
});

it('a file of other code that reuses the number of the closed descriptor is left alone', () => {
  residentMiB();
  const [closed = -1] = descriptors();
  closeSync(closed);
  const file = fileURLToPath(import.meta.url);
  const own = openSync(file, 'r');
  try {
    expectRight(residentMiB());
    expectRight(residentMiB());
    const text = Buffer.alloc(10);
    readSync(own, text, 0, text.length, 0);
    expect(readFileSync(file, 'utf8')).toContain(String(text));
    expect(descriptors()).toHaveLength(1);
  } finally {
    closeSync(own);
  }
});

it('while nothing can be read, the last size is returned, and no descriptor is left open', () => {
  const last = residentMiB();
  for (const descriptor of descriptors()) closeSync(descriptor);
  const rss = vi.spyOn(process.memoryUsage, 'rss').mockImplementation(() => {
    throw new Error('EMFILE');
  });
  expect([residentMiB(), residentMiB()]).toEqual([last, last]);
  expect(descriptors()).toEqual([]);
  rss.mockRestore();
  expectRight(residentMiB());
  expect(descriptors()).toHaveLength(1);
});
