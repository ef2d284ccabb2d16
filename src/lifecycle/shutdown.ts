import type { Config } from '../config/config.ts';
import { diagnostic, encodeDiagnostic } from '../invocation/diagnostic.ts';
import { monotonicMs } from '../invocation/time.ts';
import type { Deliveries } from '../poller/poller.ts';
import type { WorkerPool } from '../pool/worker-pool.ts';
import { settlesWithin } from '../waiting.ts';

/** The steps of a shutdown, in their order. */
export type ShutdownStep =
  'finishInvocations' | 'deliverAnswers' | 'threadHooks' | 'mainHook' | 'endThreads' | 'flushLog' | 'exit';

/**
 * The one clock of a shutdown: Lambda sends SIGKILL a fixed time after SIGTERM, whatever the runtime does then.
 *
 * Each step has a share of `shutdownTimeoutMs` and must end at a fixed instant, so a step that takes too long takes nothing from
 * the steps behind it. A step that ends early leaves its time to them.
 */
export class ShutdownClock {
  readonly #ends: Readonly<Record<ShutdownStep, number>>;
  #startedMs: number | undefined;

  /** Without a hook of the main thread its share goes to the invocations in flight. */
  constructor({ shutdownTimeoutMs, onShutdown }: Pick<Config, 'shutdownTimeoutMs' | 'onShutdown'>) {
    this.#ends = stepEnds(shutdownTimeoutMs, onShutdown !== undefined);
  }

  /** Only the first call counts. */
  start(): void {
    this.#startedMs ??= monotonicMs();
  }

  /** Since the start, in ms. */
  get elapsedMs(): number {
    return this.#startedMs === undefined ? 0 : monotonicMs() - this.#startedMs;
  }

  /** How long the step may take from now on, in ms. Starts the clock. */
  msFor(step: ShutdownStep): number {
    this.start();
    // A main thread that was kept from running for too long still calls the hooks, and delivers what it can.
    const shortestMs = step === 'finishInvocations' ? 0 : SHORTEST_STEP_MS;
    return Math.max(this.#ends[step] - this.elapsedMs, shortestMs);
  }
}

/** When each step ends, in ms after the start. */
function stepEnds(totalMs: number, hasMainHook: boolean): Record<ShutdownStep, number> {
  const finish = hasMainHook ? 0.5 : 0.6;
  return {
    finishInvocations: finish * totalMs,
    deliverAnswers: (finish + 0.1) * totalMs,
    threadHooks: (finish + 0.3) * totalMs,
    mainHook: 0.9 * totalMs,
    endThreads: 0.95 * totalMs,
    flushLog: totalMs,
    exit: totalMs + SHORTEST_STEP_MS,
  };
}

const SHORTEST_STEP_MS = 50;

/**
 * Lets what is in flight finish; answers with an error what then still runs, and waits for the answers.
 *
 * @param polls settles when no slot polls any more and all invocations have settled.
 */
export async function drain(
  pool: WorkerPool,
  polls: Promise<unknown>,
  deliveries: Deliveries,
  clock: ShutdownClock,
): Promise<void> {
  const finished = polls.then(() => deliveries.settled());
  // Lambda aborts all invocations before it ends an environment: one refused answer tells that no other is wanted. What
  // handlers have given to `waitUntil` goes on.
  void deliveries.aborted().then(() => pool.abandon(SHUTDOWN_DIAGNOSTIC));
  if (await settlesWithin(finished, clock.msFor('finishInvocations'))) return;
  pool.abandon(SHUTDOWN_DIAGNOSTIC);
  await settlesWithin(deliveries.settled(), clock.msFor('deliverAnswers'));
}

const SHUTDOWN_DIAGNOSTIC = encodeDiagnostic(
  diagnostic('Runtime.Shutdown', 'The runtime shut down before the handler returned.'),
);
