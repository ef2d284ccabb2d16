/** The worker file of `pool-shapes.ts`, which returns its input. */

/** Returns the event. */
export const echo = (event) => event;

/** Echoes events over a port until the thread ends. */
export function serve(port) {
  port.on('message', (message) => port.postMessage(message));
  return new Promise(() => {});
}
