import type { Scenario } from './scenario.ts';

export const memory8: Scenario = {
  id: 'memory-8',
  title: 'Peak memory after no-ops, 8 threads',
  contenders: ['ours', 'aws-lambda-ric'],
  handler: 'noop',
  slots: 8,
  threads: 8,
  pinning: 'none',
  load: {
    kind: 'saturation',
    event: { kind: 'json', value: {} },
    extent: { events: { full: 1_000_000, quick: 10_000 } },
  },
  goals: [{ metric: 'peakMiB', against: { contender: 'aws-lambda-ric' }, ratio: 0.8 }],
  quick: true,
};
