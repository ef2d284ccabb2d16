// Serves the storm's handler with the build of the runtime that is given, which is what users run.
const [runtime] = process.argv.slice(2);
const { createManagedRuntime } = await import(runtime);

// Little grace, so that what never ends does not hold its slot for most of the time.
await createManagedRuntime(new URL('./handler.mjs', import.meta.url), { deadlineGraceMs: 100 }).run();
