import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Outcome } from '../../src/invocation/invocation.ts';
import type { SlotObserver } from '../../src/observability/observer.ts';
import type { InvocationHandle, WorkerPool } from '../../src/pool/worker-pool.ts';
import { Deliveries } from '../../src/poller/deliveries.ts';
import { runSlot } from '../../src/poller/poller.ts';
import type { RuntimeApiClient } from '../../src/runtime-api/runtime-api-client.ts';

const OUTCOME: Outcome = { type: 'response', body: 'null', contentType: 'application/json' };

/** How many turns each invocation takes until its outcome, its settlement and its delivery. */
const endings = fc.array(
  fc.record({ outcome: fc.nat({ max: 5 }), settled: fc.nat({ max: 5 }), delivered: fc.nat({ max: 5 }) }),
  { minLength: 1, maxLength: 12 },
);

describe('a slot that drains', () => {
  it('delivers the answer to every accepted event, and accepts none after it was told to stop', async () => {
    await fc.assert(
      fc.asyncProperty(endings, fc.nat({ max: 12 }), async (plan, stopAfter) => {
        const stop = new AbortController();
        const [accepted, delivered, capacity] = [[] as string[], [] as string[], { taken: 0 }];
        const client: RuntimeApiClient = {
          waitUntilMayPoll: () => Promise.resolve(!stop.signal.aborted),
          next: async () => {
            await turns(1);
            if (accepted.length >= Math.min(stopAfter, plan.length)) {
              stop.abort();
              return undefined;
            }
            expect(stop.signal.aborted).toBe(false);
            const requestId = String(accepted.length);
            accepted.push(requestId);
            return { metadata: { ...METADATA, requestId }, event: '' };
          },
          answer: async ({ metadata }) => {
            await turns(plan[Number(metadata.requestId)]?.delivered ?? 0);
            delivered.push(metadata.requestId);
            return 'delivered';
          },
          close: () => Promise.resolve(),
        };
        const pool = poolOf((number) => plan[number], capacity);
        const deliveries = new Deliveries();
        await runSlot(client, pool, SLOT, deliveries);
        await deliveries.allDelivered();
        expect(delivered.toSorted(byNumber)).toEqual(accepted);
        expect(capacity.taken).toBe(0);
      }),
    );
  });
});

const nothing = () => undefined;

/** Observes nothing. */
const SLOT: SlotObserver = {
  waits: nothing,
  polls: nothing,
  stops: nothing,
  receives: () => ({
    wantsUsage: false,
    dispatched: nothing,
    ran: nothing,
    answered: nothing,
    streamEnded: nothing,
    failed: nothing,
    backgroundFailed: nothing,
    settled: nothing,
    delivered: nothing,
  }),
};

const METADATA = {
  deadlineMs: 0,
  invokedFunctionArn: '',
  traceId: undefined,
  clientContext: undefined,
  cognitoIdentity: undefined,
  tenantId: undefined,
};

function poolOf(
  planOf: (number: number) => { outcome: number; settled: number } | undefined,
  capacity: { taken: number },
): WorkerPool {
  let runs = 0;
  return {
    start: () => Promise.resolve({ streams: false }),
    reserve: async () => {
      capacity.taken += 1;
      return true;
    },
    profiledThreads: () => [],
    cancelReservation: () => {
      capacity.taken -= 1;
    },
    run: (): InvocationHandle => {
      const { outcome, settled } = planOf(runs) ?? { outcome: 0, settled: 0 };
      runs += 1;
      return {
        outcome: turns(outcome).then(() => OUTCOME),
        settled: turns(outcome + settled).then(() => {
          capacity.taken -= 1;
        }),
      };
    },
    close: () => undefined,
    abandon: () => undefined,
    threads: () => [],
    runHooks: () => Promise.resolve(),
    stop: () => Promise.resolve(),
    failed: new Promise(() => {}),
  };
}

async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

function byNumber(one: string, other: string): number {
  return Number(one) - Number(other);
}
