/** Loaded once, on the main thread: a table of 64 MiB in shared memory, which all threads read. */
const SIZE = 16 * 1024 * 1024;

/** The smallest prime factor of each number; 0 for primes. */
export const smallestFactor = new Uint32Array(new SharedArrayBuffer(SIZE * Uint32Array.BYTES_PER_ELEMENT));

for (let prime = 2; prime * prime < SIZE; prime += 1) {
  if (smallestFactor[prime] !== 0) continue;
  for (let multiple = prime * prime; multiple < SIZE; multiple += prime) smallestFactor[multiple] ||= prime;
}
