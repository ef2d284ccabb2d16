import { createManagedRuntime } from '../../src/index.ts';

// Little grace, so that what never ends does not hold its slot for most of the time.
await createManagedRuntime(new URL('./handler.mjs', import.meta.url), { deadlineGraceMs: 100 }).run();
