// In your own project, import from 'lambda-managed-runtime'.
import { createManagedRuntime } from '../../src/index.ts';

await createManagedRuntime(new URL('./handler.ts', import.meta.url), {
  services: new URL('./services.ts', import.meta.url),
  sharedData: new URL('./factors.ts', import.meta.url),
}).run();
