/** The load process: a Runtime API that delivers events according to the benchmark's plan. */
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import { Connection } from './connection.ts';
import type { ConnectionListener } from './connection.ts';
import { EventBroker } from './broker.ts';
import type { FromLoad, LoadPlan, ToLoad } from './protocol.ts';
import { runPlan } from './run-plan.ts';
import type { RunningPlan } from './run-plan.ts';

const STALLED_AFTER_MS = 30_000;

const broker = new EventBroker();
let running: RunningPlan | undefined;
let answered: (() => void) | undefined;
let mostPolls = 0;

const listener: ConnectionListener = {
  onPoll(connection) {
    running?.onPoll();
    broker.addPoll(connection);
    if (broker.polls > mostPolls) {
      mostPolls = broker.polls;
      tell({ type: 'polling', polls: mostPolls, epochMs: performance.timeOrigin + performance.now() });
    }
  },
  onAnswer(requestId, error) {
    if (broker.answer(requestId, error)) answered?.();
  },
  onInitError: (body) => tell({ type: 'init-error', body }),
  onClosed: (connection) => broker.drop(connection),
};

const server = createServer((socket) => new Connection(socket, listener));
server.listen(0, '127.0.0.1', () =>
  tell({ type: 'listening', port: (server.address() as AddressInfo).port }),
);
process.on('message', (message: ToLoad) => void carryOut(message.plan));
// The benchmark's process has ended.
process.on('disconnect', () => process.exit());

async function carryOut(plan: LoadPlan): Promise<void> {
  broker.limit = (plan.kind === 'saturation' ? plan.inFlightAtMost : undefined) ?? Infinity;
  running = runPlan(plan, broker);
  const outcome = await Promise.race([allAnswered(running), stalls(running)]);
  running = undefined;
  answered = undefined;
  if (outcome === 'stalled') tell({ type: 'stalled', ...broker.waiting });
  else tell({ type: 'finished', report: broker.report() });
}

async function allAnswered({ issued }: RunningPlan): Promise<'finished'> {
  await issued;
  const { promise, resolve } = Promise.withResolvers<void>();
  answered = () => {
    const { inFlight, queued } = broker.waiting;
    if (inFlight + queued === 0) resolve();
  };
  answered();
  await promise;
  return 'finished';
}

/** Resolves when events are in flight and none has been answered for a while. */
async function stalls(plan: RunningPlan): Promise<'stalled' | 'over'> {
  for (let before = -1; ;) {
    await setTimeout(STALLED_AFTER_MS, undefined, { ref: false });
    if (running !== plan) return 'over';
    const { completed, inFlight, queued } = broker.waiting;
    if (completed === before && inFlight + queued > 0) return 'stalled';
    before = completed;
  }
}

function tell(message: FromLoad): void {
  process.send?.(message);
}
