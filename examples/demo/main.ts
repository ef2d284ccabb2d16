import { parseArgs } from 'node:util';
import { exitOnSignals } from './exit-on-signals.ts';
import { openProgress } from './progress.ts';
import type { Progress } from './progress.ts';
import { report } from './report.ts';
import { runConfiguration } from './run-configuration.ts';
import type { Measurement } from './run-configuration.ts';
import { wholeNumber } from './whole-number.ts';

exitOnSignals();
try {
  const { events, slots } = readFlags();
  const progress = openProgress(process.stdout);
  const one = await run(1, events, progress);
  const many = await run(slots, events, progress);
  process.stdout.write(`\n${report(one, many)}`);
} catch (error) {
  process.stderr.write(`The demo failed. ${(error as Error).message}\n`);
  process.exitCode = 1;
}

async function run(slots: number, events: number, progress: Progress): Promise<Measurement> {
  progress.begin(slots === 1 ? '1 slot ' : `${slots} slots`, events);
  try {
    return await runConfiguration({ slots, events, onAnswer: () => progress.advance() });
  } finally {
    progress.end();
  }
}

function readFlags(): { events: number; slots: number } {
  const { values } = parseArgs({
    options: { events: { type: 'string', default: '48' }, slots: { type: 'string', default: '4' } },
  });
  return {
    events: wholeNumber('--events', values.events, 1),
    slots: wholeNumber('--slots', values.slots, 2),
  };
}
