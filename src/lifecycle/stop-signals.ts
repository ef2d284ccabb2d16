import { exit, setTimeout } from '../builtins.ts';

/**
 * Calls back on the first SIGTERM or SIGINT; a second one ends the process at once, with the code that shells expect.
 *
 * @returns what stops listening. A process that was asked to end then ends within that many ms, even if a handler has left
 *   timers behind: so long may the code take that follows `run()`.
 */
export function onStopSignal(stop: (signal: NodeJS.Signals) => void): (lingerMs: number) => void {
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
  return (lingerMs) => {
    for (const remove of listeners) remove();
    if (asked) setTimeout(() => exit(), lingerMs).unref();
  };
}

const SIGNALS = [
  ['SIGTERM', 15],
  ['SIGINT', 2],
] as const;
