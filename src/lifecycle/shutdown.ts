import type { Config } from '../config/config.ts';
import { diagnostic, encodeDiagnostic } from '../invocation/diagnostic.ts';
import { monotonicMs } from '../invocation/time.ts';
import type { Deliveries } from '../poller/deliveries.ts';
import type { WorkerPool } from '../pool/worker-pool.ts';
import { settlesWithin } from '../waiting.ts';

/** The steps of a shutdown, in order. */
export type ShutdownStep =
  'finishInvocations' | 'deliverAnswers' | 'threadHooks' | 'mainHook' | 'endThreads' | 'flushLog' | 'exit';

/**
 * The time budget of a shutdown. Lambda sends SIGKILL a fixed time after SIGTERM.
 *
 * Each step must end at a fixed instant, a share of `shutdownTimeoutMs`. A step that takes too long therefore does not shorten
 * the steps after it, and a step that ends early leaves its time to them.
 */
export class ShutdownClock {
  readonly #ends: Readonly<Record<ShutdownStep, number>>;
  #startedMs: number | undefined;

  /** Without an `onShutdown` hook, its share goes to the invocations in flight. */
  constructor({ shutdownTimeoutMs, onShutdown }: Pick<Config, 'shutdownTimeoutMs' | 'onShutdown'>) {
    this.#ends = stepEnds(shutdownTimeoutMs, onShutdown !== undefined);
  }

  /** Starts the clock; later calls have no effect. */
  start(): void {
    this.#startedMs ??= monotonicMs();
  }

  /** Time since the start in ms; 0 before it. */
  get elapsedMs(): number {
    return this.#startedMs === undefined ? 0 : monotonicMs() - this.#startedMs;
  }

  /** The time left for the step, in ms. Starts the clock. */
  msFor(step: ShutdownStep): number {
    this.start();
    // If the main thread was blocked past an instant, it still calls the hooks and delivers answers.
    const shortestMs = step === 'finishInvocations' ? 0 : SHORTEST_STEP_MS;
    return Math.max(this.#ends[step] - this.elapsedMs, shortestMs);
  }
}

/** The end of each step, in ms after the start. */
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
 * Waits for the invocations in flight, answers those that exceed the time with an error, and waits for the delivery of all
 * answers.
 *
 * @param polls settles when no slot polls and all invocations have settled.
 */
export async function drain(
  pool: WorkerPool,
  polls: Promise<unknown>,
  deliveries: Deliveries,
  clock: ShutdownClock,
): Promise<void> {
  const finished = polls.then(() => deliveries.allDelivered());
  // Lambda aborts all invocations before it ends an environment, so one refused answer means that all others will be refused.
  // Background work goes on.
  void deliveries.aborted().then(() => pool.abandon(SHUTDOWN_DIAGNOSTIC));
  if (await settlesWithin(finished, clock.msFor('finishInvocations'))) return;
  pool.abandon(SHUTDOWN_DIAGNOSTIC);
  await settlesWithin(deliveries.allDelivered(), clock.msFor('deliverAnswers'));
}

const SHUTDOWN_DIAGNOSTIC = encodeDiagnostic(
  diagnostic('Runtime.Shutdown', 'The runtime shut down before the handler returned.'),
);
