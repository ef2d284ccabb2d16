import type { Event, Scenario } from './scenario.ts';

/** Numbers of slots that `--shape` measures, with one thread each. With one slot, ours runs in single mode. */
export const SHAPE_SLOTS = [1, 2, 4, 8, 16, 32, 64, 128, 256] as const;

/** Sizes of event and response that `--shape` measures, in bytes. The smallest is the JSON string `""`. */
export const SHAPE_PAYLOADS = [
  2, 1_000, 4_000, 16_000, 64_000, 256_000, 1_000_000, 3_000_000, 6_000_000,
] as const;

/** Scenarios for how cost grows with slots and payload. They have no goals; the report plots them. */
export const SHAPE: readonly Scenario[] = [
  ...SHAPE_SLOTS.map((slots) =>
    shape(`shape-slots-${slots}`, `No-op, ${slots} slots`, 'noop', slots, { kind: 'json', value: {} }),
  ),
  ...SHAPE_PAYLOADS.map((bytes) =>
    shape(`shape-payload-${bytes}`, `Echo of ${bytes} bytes`, 'echo', 8, { kind: 'filled', bytes }),
  ),
];

function shape(id: string, title: string, handler: string, slots: number, event: Event): Scenario {
  return {
    id,
    title,
    contenders: ['ours', 'aws-lambda-ric'],
    handler,
    slots,
    threads: slots,
    pinning: 'none',
    load: {
      kind: 'saturation',
      event,
      extent: { seconds: { full: 6, quick: 1.5 } },
      warmUpSeconds: { full: Math.max(3, slots / 6), quick: 1 },
    },
    goals: [],
    quick: true,
  };
}
