/** The entry of a worker thread of the command `dev`: the ordinary one, which tells what it loads. */
import { registerHooks } from 'node:module';
import { fileURLToPath } from 'node:url';
import { BroadcastChannel } from 'node:worker_threads';
import { LOADED_FILES_CHANNEL } from '../src/protocol.ts';

export { serve } from './thread.ts';

const channel = new BroadcastChannel(LOADED_FILES_CHANNEL);
channel.unref();

// When a specifier is resolved, not when a file is read: so a file is known that cannot be parsed, or is not there yet.
registerHooks({
  resolve(specifier, context, nextResolve) {
    try {
      const resolved = nextResolve(specifier, context);
      tell(resolved.url);
      return resolved;
    } catch (error) {
      if (/^\.{0,2}\//.test(specifier)) {
        const { href } = new URL(specifier, context.parentURL);
        // `require` may leave the ending out.
        for (const url of [href, `${href}.js`]) tell(url);
      }
      throw error;
    }
  },
});

function tell(url: string): void {
  if (url.startsWith('file:')) channel.postMessage(fileURLToPath(url));
}
