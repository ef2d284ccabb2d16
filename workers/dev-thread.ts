/** The entry of a worker thread of the command `dev`: the normal entry that also reports the files it loads. */
import { registerHooks } from 'node:module';
import { fileURLToPath } from 'node:url';
import { BroadcastChannel } from 'node:worker_threads';
import { LOADED_FILES_CHANNEL } from '../src/protocol.ts';

export { serveThread } from './thread.ts';

const channel = new BroadcastChannel(LOADED_FILES_CHANNEL);
channel.unref();

// Hooks into resolution instead of loading, so that files with syntax errors and missing files are also reported.
registerHooks({
  resolve(specifier, context, nextResolve) {
    try {
      const resolved = nextResolve(specifier, context);
      report(resolved.url);
      return resolved;
    } catch (error) {
      if (/^\.{0,2}\//.test(specifier)) {
        const { href } = new URL(specifier, context.parentURL);
        // `require` may omit the extension.
        for (const url of [href, `${href}.js`]) report(url);
      }
      throw error;
    }
  },
});

function report(url: string): void {
  if (url.startsWith('file:')) channel.postMessage(fileURLToPath(url));
}
