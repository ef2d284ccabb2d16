/** Counts the primes in a range, excluding its end. */
export function countPrimes(from: number, below: number): number {
  let primes = 0;
  for (let n = Math.max(from, 2); n < below; n += 1) if (isPrime(n)) primes += 1;
  return primes;
}

function isPrime(n: number): boolean {
  for (let divisor = 2; divisor * divisor <= n; divisor += 1) if (n % divisor === 0) return false;
  return true;
}
