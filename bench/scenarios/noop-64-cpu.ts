import type { Scenario } from './scenario.ts';

export const noop64Cpu: Scenario = {
  id: 'noop-64-cpu',
  title: 'No-op, 64 slots, runtime on one core',
  contenders: ['ours', 'aws-lambda-ric'],
  handler: 'noop',
  slots: 64,
  threads: 64,
  pinning: 'runtime-on-one-core',
  load: {
    kind: 'saturation',
    event: { kind: 'json', value: {} },
    extent: { seconds: { full: 5, quick: 3 } },
    warmUpSeconds: { full: 16, quick: 1 },
  },
  goals: [{ metric: 'cpuUs', against: { scenario: 'noop-8-cpu' }, ratio: 1.15 }],
  quick: false,
};
