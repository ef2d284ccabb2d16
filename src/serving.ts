import { Promise } from './builtins.ts';
import { exposeConcurrencyInEnv } from './config/config.ts';
import type { Config } from './config/config.ts';
import { descriptorsPerSlot, fitDescriptors } from './config/concurrency-plan.ts';
import { ManagedRuntimeError } from './errors.ts';
import { aborted, settlesWithin, withTimeout } from './waiting.ts';
import { drain } from './lifecycle/shutdown.ts';
import type { ShutdownClock } from './lifecycle/shutdown.ts';
import { logUncaughtOnMainThread, ignoreBrokenOutput } from './lifecycle/process-guard.ts';
import type { Log, LogSink } from './logging/log.ts';
import type { LoadedHandler } from './protocol.ts';
import type { SharedState } from './thread-settings.ts';
import type { Observer } from './observability/observer.ts';
import type { Recorder } from './observability/recorder.ts';
import { openSharedState } from './services/shared-state.ts';
import { InitFailure, initTimeout } from './pool/init-failure.ts';
import type { WorkerPool } from './pool/worker-pool.ts';
import { Deliveries } from './poller/deliveries.ts';
import { runSlot } from './poller/poller.ts';
import type { HttpRuntimeApi } from './runtime-api/client.ts';

/**
 * Starts, serves, drains and stops the runtime. Resolves after it was stopped; rejects, also after draining, when it cannot
 * continue.
 */
export async function serveFunction(
  config: Config,
  runtimeApi: string,
  sink: LogSink,
  recorder: Recorder,
  stop: AbortSignal,
  clock: ShutdownClock,
  onPool: (pool: WorkerPool) => void,
): Promise<void> {
  const { log } = sink;
  // In single mode, the pool handles uncaught errors, because they come from the handler.
  const unguard = config.inThreads ? logUncaughtOnMainThread(log) : ignoreBrokenOutput();
  const restoreEnvironment = config.inThreads ? exposeConcurrencyInEnv(config) : () => undefined;
  const pool = await openPool(config, sink, recorder);
  recorder.setThreadSource(() => pool.threads());
  onPool(pool);
  // The threads or the handler load while this thread loads the HTTP client and the logger.
  const opening = openRuntimeApi(runtimeApi, log, recorder);
  const servingEnded = new AbortController();
  const startCancelled = AbortSignal.any([stop, servingEnded.signal]);
  const registering = register(config, opening, startCancelled);
  const loading = opening.then(() => {
    sink.load();
    if (config.inThreads) logPoolSize(config, log);
  });
  const starting = loadMainModules(config, startCancelled).then((share) => pool.start(share, loading));
  const ready = Promise.all([opening, starting, registering, loading]);
  // It may reject after the race below has been decided.
  ready.catch(() => undefined);
  try {
    const started = await Promise.race([ready, aborted(stop)]);
    if (started === undefined) return;
    const [api, handler] = started;
    if (handler.streams) api.expectStreams();
    const slots = slotsWithDescriptors(config, log, handler);
    log.info(summary(config, slots), 'The runtime is ready');
    await serveUntilEnd(config, slots, log, recorder, pool, api, stop, clock);
  } catch (error) {
    if (!(error instanceof InitFailure)) throw error;
    // In local mode, the thrown error is printed on the terminal.
    if (!config.isLocal) log.error(error.diagnostic, 'The function cannot start');
    await (await opening).postInitError(error.encoded, stop);
    throw initFailed(config.isLocal ? error.report : error.message);
  } finally {
    servingEnded.abort();
    // The pool has already stopped, unless the start failed or was interrupted, or native code delays a thread.
    await settlesWithin(pool.stop(), clock.msFor('endThreads'));
    const unregister = await registering.catch(() => undefined);
    await unregister?.();
    restoreEnvironment();
    unguard();
  }
}

/** Logs the event that AWS's runtimes of other languages log at their start, so that one query finds it for all of them. */
function logPoolSize({ threads, concurrency }: Config, log: Log): void {
  const fields = {
    event: 'runtime_worker_pool_initializing',
    workerCount: threads,
    executionEnvironmentMaxConcurrency: concurrency,
  };
  log.debug(fields, 'The worker threads are starting');
}

/** Removes the runtime's own stack, because Node.js prints it for an uncaught error. The message has the user's stack. */
function initFailed(message: string): ManagedRuntimeError {
  const error = new ManagedRuntimeError('INIT_FAILED', message);
  error.stack = `${error.name}: ${message}`;
  return error;
}

/** Resolves with a function that ends the registration. */
async function register(
  config: Config,
  opening: Promise<HttpRuntimeApi>,
  stop: AbortSignal,
): Promise<() => Promise<void>> {
  return config.registerExtension ? (await opening).registerExtension(stop) : () => Promise.resolve();
}

/** Applies the descriptor limit again, because a slot needs more descriptors if the loaded handler streams. */
function slotsWithDescriptors(config: Config, log: Log, { streams }: LoadedHandler): number {
  const { descriptors, slotsWanted, isLocal } = config;
  const { slots } = fitDescriptors(config, descriptors, descriptorsPerSlot(isLocal, streams));
  if (slots < slotsWanted && descriptors !== undefined) {
    log.warn(
      { slots, asked: slotsWanted, descriptors: descriptors.limit },
      `Only ${slots} of ${slotsWanted} slots poll: there are not enough file descriptors for more (ulimit -n is ` +
        `${descriptors.limit}). Raise the limit, or set PerExecutionEnvironmentMaxConcurrency to ${slots}.`,
    );
  }
  return slots;
}

async function serveUntilEnd(
  config: Config,
  slots: number,
  log: Log,
  observer: Observer,
  pool: WorkerPool,
  api: HttpRuntimeApi,
  stop: AbortSignal,
  clock: ShutdownClock,
): Promise<void> {
  const draining = new AbortController();
  const deliveries = new Deliveries();
  const clients = Array.from({ length: slots }, () => api.client(draining.signal));
  for (let unused = slots; unused < config.slots; unused += 1) observer.slot(unused).stops();
  const polls = clients.map((client, index) => runSlot(client, pool, observer.slot(index), deliveries));
  const fatal = await Promise.race([aborted(stop), pool.failed, firstRejection(polls)]);
  clock.start();
  if (fatal !== undefined) log.error({ reason: fatal.message }, 'The runtime cannot continue');
  draining.abort();
  pool.close();
  await drain(pool, Promise.allSettled(polls), deliveries, clock);
  await runHooks(config, log, pool, clock);
  // Answers that are still being delivered fail and are logged.
  await Promise.all(clients.map((client) => client.close()));
  log.info({ tookMs: Math.round(clock.elapsedMs) }, 'The runtime has stopped');
  if (fatal !== undefined) throw fatal;
}

/** Runs the hooks of the threads, then the `onShutdown` hook while the threads end. */
async function runHooks(config: Config, log: Log, pool: WorkerPool, clock: ShutdownClock): Promise<void> {
  // In single mode, an uncaught error in a hook must not end the process before the other hooks have run.
  const unguard = config.inThreads ? () => undefined : logUncaughtOnMainThread(log);
  const withinMs = clock.msFor('threadHooks');
  // A blocked thread, or one that already runs its hooks because it is being recycled, may exceed the time.
  await settlesWithin(pool.runHooks(withinMs), withinMs);
  const threadsEnded = pool.stop();
  await runMainHook(config, log, clock);
  await settlesWithin(threadsEnded, clock.msFor('endThreads'));
  unguard();
}

async function openPool(config: Config, sink: LogSink, { threads }: Observer): Promise<WorkerPool> {
  if (!config.inThreads) return new (await import('./pool/in-process-pool.ts')).InProcessPool(config, sink);
  return new (await import('./pool/thread-pool.ts')).ThreadPool(config, sink, threads);
}

async function openRuntimeApi(runtimeApi: string, log: Log, { requests }: Observer): Promise<HttpRuntimeApi> {
  const { HttpRuntimeApi } = await import('./runtime-api/client.ts');
  return new HttpRuntimeApi(runtimeApi, log, requests);
}

/** Loads the user's modules for the main thread. Resolves with a function that returns a thread's shared state. */
async function loadMainModules(config: Config, stop: AbortSignal): Promise<() => SharedState> {
  try {
    for (const module of config.preload) await importPreload(module, config, stop);
    return await openSharedState(config, stop);
  } catch (error) {
    throw InitFailure.of(error);
  }
}

function importPreload(url: string, { initTimeoutMs }: Config, stop: AbortSignal): Promise<unknown> {
  const module = `The module ${url} (option preload)`;
  const timeoutError = () => new InitFailure(initTimeout(initTimeoutMs, module));
  return withTimeout(import(url), initTimeoutMs, timeoutError, stop);
}

function firstRejection(promises: readonly Promise<void>[]): Promise<ManagedRuntimeError> {
  return new Promise((resolve) => {
    for (const promise of promises) promise.catch(resolve);
  });
}

async function runMainHook({ onShutdown }: Config, log: Log, clock: ShutdownClock): Promise<void> {
  if (onShutdown === undefined) return;
  const withinMs = Math.round(clock.msFor('mainHook'));
  const hook = (async () => onShutdown())();
  hook.catch((error: unknown) => log.error({ err: error }, 'The onShutdown hook failed'));
  if (!(await settlesWithin(hook, withinMs))) log.warn({ withinMs }, 'The onShutdown hook took too long');
}

function summary(config: Config, slots: number): object {
  const { concurrency, threads, invocationsPerThread, cpus, memoryMiB } = config;
  const heapLimitMiB = config.resourceLimits.maxOldGenerationSizeMb;
  return config.inThreads
    ? { mode: 'threads', concurrency, slots, threads, invocationsPerThread, cpus, memoryMiB, heapLimitMiB }
    : { mode: 'single', concurrency, cpus, memoryMiB };
}
