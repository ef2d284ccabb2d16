import type { Scenario } from './scenario.ts';

export const stream50: Scenario = {
  id: 'stream-50mb',
  title: 'Stream of 50 MB in writes of 64 KiB, 2 slots',
  contenders: ['ours', 'aws-lambda-ric', 'single mode'],
  handler: 'stream',
  slots: 2,
  threads: 2,
  pinning: 'none',
  load: {
    kind: 'saturation',
    event: { kind: 'json', value: { bytes: 50_000_000 } },
    extent: { seconds: { full: 12, quick: 4 } },
    limited: true,
  },
  goals: [{ metric: 'cpuUs', against: { contender: 'aws-lambda-ric' }, ratio: 1.3 }],
  quick: false,
};
