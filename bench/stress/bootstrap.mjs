// Serves the stress test's handler with the given build of the runtime.
const [runtime] = process.argv.slice(2);
const { createManagedRuntime } = await import(runtime);

// A short grace period, so that handlers that never end do not hold their slots for most of the run.
await createManagedRuntime(new URL('./handler.mjs', import.meta.url), { deadlineGraceMs: 100 }).run();
