/** On the main thread, once: a table that all threads read in the same memory. It takes 64 MiB, however many there are. */
const SIZE = 16 * 1024 * 1024;

/** The smallest prime factor of each number; 0 for primes. */
export const smallestFactor = new Uint32Array(new SharedArrayBuffer(SIZE * Uint32Array.BYTES_PER_ELEMENT));

for (let prime = 2; prime * prime < SIZE; prime += 1) {
  if (smallestFactor[prime] !== 0) continue;
  for (let multiple = prime * prime; multiple < SIZE; multiple += prime) smallestFactor[multiple] ||= prime;
}
