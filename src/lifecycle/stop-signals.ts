/**
 * Calls back on the first SIGTERM or SIGINT; a second one ends the process at once, with the code that shells expect.
 *
 * @returns what stops listening. A process that was asked to end then does, even if a handler has left timers behind.
 */
export function onStopSignal(stop: (signal: NodeJS.Signals) => void): () => void {
  let asked = false;
  const listeners = SIGNALS.map(([name, number]) => {
    const listener = () => {
      if (asked) exit(128 + number);
      asked = true;
      stop(name);
    };
    process.on(name, listener);
    return () => process.off(name, listener);
  });
  return () => {
    for (const remove of listeners) remove();
    if (asked) setTimeout(() => exit(), LINGER_MS).unref();
  };
}

/** The original: in single mode the handler's calls are answered in its place. */
const exit = process.exit.bind(process);

/** What follows `run()` in the user's bootstrap gets that long; a process with nothing left to do ends before. */
const LINGER_MS = 1_000;

const SIGNALS = [
  ['SIGTERM', 15],
  ['SIGINT', 2],
] as const;
