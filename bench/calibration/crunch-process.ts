/** Runs the work of the CPU scenarios without a runtime and reports its CPU time. */
import type { BareWorkOrder, BareWorkResult } from './bare-work.ts';

interface CrunchModule {
  crunch(iterations: number): string;
}

const WARM_UP_MS = 200;
const CRUNCH = new URL('../handlers/crunch.mjs', import.meta.url).href;
const { crunch } = (await import(CRUNCH)) as CrunchModule;

process.on('message', ({ iterations, seconds }: BareWorkOrder) => {
  // Warms up, so that only optimized code is measured.
  for (const endMs = performance.now() + WARM_UP_MS; performance.now() < endMs;) crunch(iterations);
  const before = process.cpuUsage();
  let done = 0;
  for (const endMs = performance.now() + seconds * 1000; performance.now() < endMs; done += 1)
    crunch(iterations);
  const { user, system } = process.cpuUsage(before);
  process.send?.({ cpuMsEach: (user + system) / 1000 / done } satisfies BareWorkResult);
});
process.on('disconnect', () => process.exit());
process.send?.('ready');
