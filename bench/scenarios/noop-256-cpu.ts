import type { Scenario } from './scenario.ts';

export const noop256Cpu: Scenario = {
  id: 'noop-256-cpu',
  title: 'No-op, 256 slots, runtime on one core',
  contenders: ['ours'],
  handler: 'noop',
  slots: 256,
  threads: 256,
  pinning: 'runtime-on-one-core',
  load: {
    kind: 'saturation',
    event: { kind: 'json', value: {} },
    extent: { seconds: { full: 5, quick: 3 } },
    warmUpSeconds: { full: 25, quick: 1 },
  },
  goals: [{ metric: 'cpuUs', against: { scenario: 'noop-8-cpu' }, ratio: 1.15 }],
  quick: false,
};
