/** comlink, with errors that arrive whole. The same for both ends: the main thread's, and a handler's. */
import { proxy, releaseProxy, transfer, transferHandlers } from 'comlink';
import type { TransferHandler } from 'comlink';
import { packThrown, unpackThrown } from './thrown.ts';
import type { PackedThrown } from './thrown.ts';

export { expose, wrap } from 'comlink';
export type { Endpoint } from 'comlink';

// comlink's own handler for what is thrown drops all but name, message and stack.
const stock = transferHandlers.get('throw') as TransferHandler<{ value: unknown }, PackedThrown>;
const whole: typeof stock = {
  canHandle: stock.canHandle,
  serialize: ({ value }) => [packThrown(value), []],
  deserialize(packed) {
    throw unpackThrown(packed);
  },
};
transferHandlers.set('throw', whole);

/** For `proxy`, `transfer` and `release` of `workers/services.ts`, whose module must not load comlink by itself. */
const COMLINK = Symbol.for('lambda-managed-runtime.comlink');
(globalThis as { [COMLINK]?: object })[COMLINK] = { proxy, releaseProxy, transfer };
