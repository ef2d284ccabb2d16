import { createManagedRuntime } from 'lambda-managed-runtime';

await createManagedRuntime(new URL(process.env._HANDLER, import.meta.url)).run();
