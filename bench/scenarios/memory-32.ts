import type { Scenario } from './scenario.ts';

export const memory32: Scenario = {
  id: 'memory-32',
  title: 'Peak memory after no-ops, 32 threads',
  contenders: ['ours', 'aws-lambda-ric'],
  handler: 'noop',
  slots: 32,
  threads: 32,
  pinning: 'none',
  load: {
    kind: 'saturation',
    event: { kind: 'json', value: {} },
    extent: { events: { full: 1_000_000, quick: 10_000 } },
  },
  goals: [{ metric: 'peakMiB', against: { contender: 'aws-lambda-ric' }, ratio: 0.8 }],
  quick: false,
};
