import { createHash } from 'node:crypto';

const BLOCK = Buffer.alloc(16 * 1024, 'lambda');

/**
 * A fixed amount of work for the processor: SHA-256 over so many blocks of 16 KiB. What it costs in CPU time is measured
 * beforehand (`calibration/`); it never looks at a clock. It's native code, since JavaScript would cost up to four times
 * as much until the thread's optimizing compiler has got to it, which is a matter of luck.
 */
export function crunch(iterations) {
  const hash = createHash('sha256');
  for (let i = 0; i < iterations; i += 1) hash.update(BLOCK);
  return hash.digest('hex');
}
