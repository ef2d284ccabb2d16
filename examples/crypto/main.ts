// In your own project, import from 'lambda-managed-runtime'.
import { createManagedRuntime } from '../../src/index.ts';

await createManagedRuntime(new URL('./handler.ts', import.meta.url), {
  sharedData: new URL('./key.ts', import.meta.url),
}).run();
