/** The process that `bench` measures: a runtime and nothing else. */
import { createRuntime } from '../../managed-runtime.ts';
import { coreDelayMs } from './core-delay.ts';
import { peakMemoryMiB } from './peak-memory.ts';
import type { Figures, FromRuntime, RuntimeSettings } from './runtime-messages.ts';

const { workerFile, ...options } = JSON.parse(process.argv[2] ?? '') as RuntimeSettings;
// bench is gone, however it ended.
process.on('disconnect', () => process.exit());
try {
  const runtime = createRuntime({ kind: 'file', workerFile }, { ...options, logInvocations: false });
  process.on('message', () => {
    const { slots, threads } = runtime.stats();
    const { user, system } = process.cpuUsage();
    const figures: Figures = {
      type: 'figures',
      atMs: performance.now(),
      cpuMs: (user + system) / 1000,
      coreDelayMs: coreDelayMs(),
      peakMemoryMiB: peakMemoryMiB(process.pid),
      startingThreads: threads.starting,
      usableSlots: slots.polling + slots.busy,
    };
    process.send?.(figures);
  });
  await runtime.run();
  process.exit();
} catch (error) {
  process.send?.({ type: 'failed', message: (error as Error).message } satisfies FromRuntime, () =>
    process.exit(1),
  );
}
