/**
 * Collects all garbage of this thread, and frees the Buffers that only garbage holds. V8 collects when code allocates, so an
 * idle thread keeps its garbage.
 *
 * The inspector is the only way to ask for a collection that needs no flag.
 */
export async function collectGarbage(): Promise<void> {
  try {
    const { Session } = await import('node:inspector/promises');
    const session = new Session();
    session.connect();
    await session.post('HeapProfiler.collectGarbage');
    session.disconnect();
  } catch {
    // Node.js was built without the inspector.
  }
}
