/** Why a bench cannot go on, in words for the user. */
export class BenchError extends Error {
  override readonly name = 'BenchError';
}
