import type { Scenario } from './scenario.ts';

export const noop8Cpu: Scenario = {
  id: 'noop-8-cpu',
  title: 'No-op, 8 slots, runtime on one core',
  contenders: ['ours', 'aws-lambda-ric', 'single mode', 'floor'],
  handler: 'noop',
  slots: 8,
  threads: 8,
  pinning: 'runtime-on-one-core',
  load: {
    kind: 'saturation',
    event: { kind: 'json', value: {} },
    extent: { seconds: { full: 5, quick: 1.5 } },
  },
  goals: [{ metric: 'cpuUs', against: { contender: 'aws-lambda-ric' }, ratio: 0.5 }],
  quick: true,
};
