import { createRuntime } from '../../managed-runtime.ts';
import type { ManagedRuntime } from '../../managed-runtime.ts';
import { coreDelayMs, peakMemoryMiB } from './process-usage.ts';
import type { FromRuntime, ProcessMetrics, ProfileRequest, RuntimeSettings } from './runtime-process.ts';

/** The entry point of the process that `bench` measures. It contains only the runtime. */

const { workerFile, ...options } = JSON.parse(process.argv[2] ?? '') as RuntimeSettings;
// The parent process has ended.
process.on('disconnect', () => process.exit());
try {
  const runtime = createRuntime({ kind: 'file', workerFile }, { ...options, logInvocations: false });
  process.on('message', (message: ProfileRequest | 'read-metrics') => {
    if (message !== 'read-metrics') return void profile(runtime, message);
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

async function profile(runtime: ManagedRuntime, { seconds }: ProfileRequest): Promise<void> {
  const answer = await runtime.profileCpu({ seconds }).then(
    (profiles): FromRuntime => ({ type: 'profiled', profiles }),
    ({ message }: Error): FromRuntime => ({ type: 'not-profiled', message }),
  );
  process.send?.(answer);
}
