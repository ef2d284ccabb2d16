/** The benchmark cannot continue. The message is shown to the user. */
export class BenchError extends Error {
  override readonly name = 'BenchError';
}
