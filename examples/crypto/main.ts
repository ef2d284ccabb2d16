import { generateKeyPairSync } from 'node:crypto';
// In your own project, import from 'lambda-managed-runtime'.
import { createManagedRuntime } from '../../src/index.ts';

// Creates a key for local trials. It must be created before the threads start: a key created in the handler's module
// would differ per thread, and a token signed on one thread would be invalid on the others.
process.env['TOKEN_PRIVATE_KEY'] ||= generateKeyPairSync('ed25519')
  .privateKey.export({ type: 'pkcs8', format: 'pem' })
  .toString();

await createManagedRuntime(new URL('./handler.ts', import.meta.url)).run();
