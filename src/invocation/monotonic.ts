/** Milliseconds, in fractions, on a clock that all threads of the process share and that never jumps. */
export function monotonicMs(): number {
  const [seconds, nanoseconds] = hrtime();
  return seconds * 1_000 + nanoseconds / 1e6;
}

/** The original: handlers' tests and mocks may put something in its place. */
const hrtime = process.hrtime.bind(process);
