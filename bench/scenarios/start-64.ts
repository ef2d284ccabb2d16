import type { Scenario } from './scenario.ts';

export const start64: Scenario = {
  id: 'start-64',
  title: 'Start to first /next, 64 slots',
  contenders: ['ours', 'aws-lambda-ric'],
  handler: 'noop',
  slots: 64,
  threads: 64,
  pinning: 'none',
  load: { kind: 'starts', starts: { full: 5, quick: 2 } },
  goals: [{ metric: 'startMs', against: { contender: 'aws-lambda-ric' }, ratio: 0.2 }],
  quick: false,
};
