import { generateKeyPairSync } from 'node:crypto';
// In a project of your own: from 'lambda-managed-runtime'.
import { createManagedRuntime } from '../../src/index.ts';

// To try it without a key. It is made here, before any thread starts: a key made in the handler's module would be
// another one in each thread, and no token of one thread would be valid for another.
process.env['TOKEN_PRIVATE_KEY'] ||= generateKeyPairSync('ed25519')
  .privateKey.export({ type: 'pkcs8', format: 'pem' })
  .toString();

await createManagedRuntime(new URL('./handler.ts', import.meta.url)).run();
