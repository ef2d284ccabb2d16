/**
 * Collects all garbage of this thread, and frees the Buffers that only garbage holds. V8 collects when code allocates, so an
 * idle thread keeps its garbage. Uses the inspector, because `gc()` needs a flag of V8 that would hold for the whole process.
 */
export async function collectGarbage(): Promise<void> {
  try {
    const { Session } = await import('node:inspector/promises');
    const session = new Session();
    session.connect();
    try {
      await session.post('HeapProfiler.collectGarbage');
    } finally {
      session.disconnect();
    }
  } catch {
    // Node.js was built without the inspector.
  }
}
