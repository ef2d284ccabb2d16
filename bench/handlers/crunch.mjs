import { createHash } from 'node:crypto';

const BLOCK = Buffer.alloc(16 * 1024, 'lambda');

/**
 * A fixed amount of CPU work: SHA-256 over a number of 16 KiB blocks. `calibration/` measures its CPU time beforehand; the
 * handler reads no clock. The work is native code, because JavaScript would cost up to four times as much until the thread
 * has optimized it, and the time of that varies.
 */
export function crunch(iterations) {
  const hash = createHash('sha256');
  for (let i = 0; i < iterations; i += 1) hash.update(BLOCK);
  return hash.digest('hex');
}
