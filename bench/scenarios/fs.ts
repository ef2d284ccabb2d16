import type { Scenario } from './scenario.ts';

export const fileAccess: Scenario = {
  id: 'fs',
  title: 'Asynchronous fs: write, read, remove 64 kB, 8 slots',
  contenders: ['ours', 'aws-lambda-ric'],
  handler: 'fs',
  slots: 8,
  threads: 8,
  pinning: 'none',
  load: {
    kind: 'saturation',
    limited: true,
    event: { kind: 'json', value: { bytes: 65_536 } },
    extent: { seconds: { full: 5, quick: 2 } },
  },
  goals: [{ metric: 'rate', against: { contender: 'aws-lambda-ric' }, ratio: 1 }],
  quick: false,
  ricThreadpools: [12, 16, 24, 64],
};
