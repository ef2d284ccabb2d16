/** The threads of `pool-shapes.ts`: they give back what they get. */

/** One event. */
export const echo = (event) => event;

/** Events over a port, for as long as the thread lives. */
export function serve(port) {
  port.on('message', (message) => port.postMessage(message));
  return new Promise(() => {});
}
