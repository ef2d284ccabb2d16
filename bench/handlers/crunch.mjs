import { pbkdf2Sync } from 'node:crypto';

/**
 * A fixed amount of CPU work: a number of rounds of PBKDF2. `calibration/` measures its CPU time beforehand; the handler
 * reads no clock. The work is native code, because JavaScript would cost up to four times as much until the thread has
 * optimized it, and the time of that varies.
 */
export function crunch(iterations) {
  return pbkdf2Sync('lambda', 'managed instances', iterations, 32, 'sha256').toString('hex');
}
