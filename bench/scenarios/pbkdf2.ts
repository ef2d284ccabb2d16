import type { Scenario } from './scenario.ts';

export const pbkdf2: Scenario = {
  id: 'pbkdf2',
  title: 'Asynchronous pbkdf2 of 10,000 rounds, 8 slots',
  contenders: ['ours', 'aws-lambda-ric'],
  handler: 'pbkdf2',
  slots: 8,
  threads: 8,
  pinning: 'none',
  load: {
    kind: 'saturation',
    limited: true,
    event: { kind: 'json', value: { rounds: 10_000 } },
    extent: { seconds: { full: 5, quick: 2 } },
  },
  goals: [{ metric: 'rate', against: { contender: 'aws-lambda-ric' }, ratio: 1 }],
  quick: false,
  ricThreadpools: [12, 16, 24, 64],
};
