/** The entry of a worker thread of the command `dev`: the ordinary one, which tells what it loads. */
import { registerHooks } from 'node:module';
import { fileURLToPath } from 'node:url';
import { BroadcastChannel } from 'node:worker_threads';
import { LOADED_FILES_CHANNEL } from '../src/protocol.ts';

export { serve } from './thread.ts';

const channel = new BroadcastChannel(LOADED_FILES_CHANNEL);
channel.unref();

// When a specifier is resolved, not when a file is read: so a file is known that cannot be parsed.
registerHooks({
  resolve(specifier, context, nextResolve) {
    const resolved = nextResolve(specifier, context);
    if (resolved.url.startsWith('file:')) channel.postMessage(fileURLToPath(resolved.url));
    return resolved;
  },
});
