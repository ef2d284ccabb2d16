import { expect, it } from 'vitest';
import { isNearDeadline } from '../../src/observability/invocation-record.ts';

it.each([
  { durationMs: 800, remainingMs: 200, near: false },
  { durationMs: 801, remainingMs: 199, near: true },
  { durationMs: 1_200, remainingMs: -200, near: true },
  { durationMs: 0.2, remainingMs: 30_000, near: false },
])(
  '$durationMs ms with $remainingMs ms left: near the deadline: $near',
  ({ durationMs, remainingMs, near }) => {
    expect(isNearDeadline(durationMs, remainingMs)).toBe(near);
  },
);
