import { createRuntime } from '../../managed-runtime.ts';
import { coreDelayMs, peakMemoryMiB } from './process-usage.ts';
import type { ProcessMetrics, FromRuntime, RuntimeSettings } from './runtime-process.ts';

/** The entry point of the process that `bench` measures. It contains only the runtime. */

const { workerFile, ...options } = JSON.parse(process.argv[2] ?? '') as RuntimeSettings;
// The parent process has ended.
process.on('disconnect', () => process.exit());
try {
  const runtime = createRuntime({ kind: 'file', workerFile }, { ...options, logInvocations: false });
  process.on('message', () => {
    const { slots, threads } = runtime.stats();
    const { user, system } = process.cpuUsage();
    const metrics: ProcessMetrics = {
      type: 'metrics',
      atMs: performance.now(),
      cpuMs: (user + system) / 1000,
      coreDelayMs: coreDelayMs(),
      peakMemoryMiB: peakMemoryMiB(process.pid),
      startingThreads: threads.starting,
      usableSlots: slots.polling + slots.busy,
    };
    process.send?.(metrics);
  });
  await runtime.run();
  process.exit();
} catch (error) {
  process.send?.({ type: 'failed', message: (error as Error).message } satisfies FromRuntime, () =>
    process.exit(1),
  );
}
