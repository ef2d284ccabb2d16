import { Promise } from './builtins.ts';
import { isLocal, showConcurrency } from './config/config.ts';
import type { Config } from './config/config.ts';
import { descriptorsPerSlot, fitDescriptors } from './config/concurrency-plan.ts';
import { ManagedRuntimeError } from './errors.ts';
import { aborted, settlesWithin } from './waiting.ts';
import { drain } from './lifecycle/shutdown.ts';
import type { ShutdownClock } from './lifecycle/shutdown.ts';
import { guardSupervisor, ignoreBrokenOutput } from './lifecycle/process-guard.ts';
import type { Log, LogSink } from './logging/log.ts';
import type { LoadedHandler } from './protocol.ts';
import type { SharedState } from './thread-settings.ts';
import type { Observer } from './observability/observer.ts';
import type { Recorder } from './observability/recorder.ts';
import { openSharedState } from './services/shared-state.ts';
import { InitFailure } from './pool/thread-end.ts';
import type { WorkerPool } from './pool/worker-pool.ts';
import { Deliveries, poll } from './poller/poller.ts';
import type { HttpRuntimeApi } from './runtime-api/client.ts';

/**
 * The life of a runtime: start, serve, drain, end. Resolves when it was told to stop and has ended; rejects, after the
 * same drain, when it cannot go on.
 */
export async function serve(
  config: Config,
  runtimeApi: string,
  sink: LogSink,
  recorder: Recorder,
  stop: AbortSignal,
  clock: ShutdownClock,
): Promise<void> {
  const { log } = sink;
  // In single mode errors that escape are the handler's, and its pool deals with them.
  const unguard = config.inThreads ? guardSupervisor(log) : ignoreBrokenOutput();
  const hideConcurrency = config.inThreads ? showConcurrency(config) : () => undefined;
  const pool = await openPool(config, sink, recorder);
  recorder.setThreadSource(() => pool.threads());
  // The threads boot, or the handler loads, while this thread loads the HTTP client and what writes its log.
  const opening = openRuntimeApi(runtimeApi, log, recorder);
  const over = new AbortController();
  const registering = register(config, opening, AbortSignal.any([stop, over.signal]));
  const loading = opening.then(() => sink.load());
  const starting = loadMainModules(config).then((share) => pool.start(share, loading));
  const ready = Promise.all([opening, starting, registering, loading]);
  // It may fail when nobody waits for it any more.
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
    // Locally whoever started the process reads the error that is thrown.
    if (!isLocal(config)) log.error(error.diagnostic, 'The function cannot start');
    await (await opening).postInitError(error.encoded, stop);
    throw initFailed(isLocal(config) ? error.report : error.message);
  } finally {
    over.abort();
    // Has ended by now, unless the start has failed or was overtaken by a stop, or native code keeps a thread.
    await settlesWithin(pool.stop(), clock.msFor('endThreads'));
    const unregister = await registering.catch(() => undefined);
    await unregister?.();
    hideConcurrency();
    unguard();
  }
}

/** Node.js writes an error that nobody catches: with the stack of the user's code alone, which the message has. */
function initFailed(message: string): ManagedRuntimeError {
  const error = new ManagedRuntimeError('INIT_FAILED', message);
  error.stack = `${error.name}: ${message}`;
  return error;
}

/** Resolves with what ends the registration. */
async function register(
  config: Config,
  opening: Promise<HttpRuntimeApi>,
  stop: AbortSignal,
): Promise<() => Promise<void>> {
  return config.registerExtension ? (await opening).registerExtension(stop) : () => Promise.resolve();
}

/** A slot that streams needs more descriptors than one that does not, and only a loaded handler says whether it does. */
function slotsWithDescriptors(config: Config, log: Log, { streams }: LoadedHandler): number {
  const { descriptors, slotsWanted, runtimeApi } = config;
  const { slots } = fitDescriptors(
    config,
    descriptors,
    descriptorsPerSlot(runtimeApi === undefined, streams),
  );
  if (slots < slotsWanted && descriptors !== undefined) {
    log.warn(
      { slots, asked: slotsWanted, descriptors: descriptors.limit },
      `Only ${slots} of ${slotsWanted} slots poll: for more there are not enough descriptors (ulimit -n is ` +
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
  const polls = clients.map((client, index) => poll(client, pool, observer.slot(index), deliveries));
  const fatal = await Promise.race([aborted(stop), pool.failed, firstRejection(polls)]);
  clock.start();
  if (fatal !== undefined) log.error({ reason: fatal.message }, 'The runtime gives up');
  draining.abort();
  pool.close();
  await drain(pool, Promise.allSettled(polls), deliveries, clock);
  await runHooks(config, log, pool, clock);
  // What is not delivered by now is given up, and says so in the log.
  await Promise.all(clients.map((client) => client.close()));
  log.info({ tookMs: Math.round(clock.elapsedMs) }, 'The runtime has stopped');
  if (fatal !== undefined) throw fatal;
}

/** Runs the hooks of the threads, then that of the main thread, while the threads end. */
async function runHooks(config: Config, log: Log, pool: WorkerPool, clock: ShutdownClock): Promise<void> {
  // In single mode nothing else keeps an error that escapes a hook from ending the process before the other hooks.
  const unguard = config.inThreads ? () => undefined : guardSupervisor(log);
  const withinMs = clock.msFor('threadHooks');
  // A thread that spins, or that runs its hooks already because it is recycled, may take longer than it is given.
  await settlesWithin(pool.runHooks(withinMs), withinMs);
  const ended = pool.stop();
  await runMainHook(config, log, clock);
  await settlesWithin(ended, clock.msFor('endThreads'));
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

/** What the main thread loads of the user's. Resolves with what hands each thread what all share. */
async function loadMainModules(config: Config): Promise<() => SharedState> {
  try {
    for (const module of config.preload) await import(module);
    return await openSharedState(config);
  } catch (error) {
    throw InitFailure.of(error);
  }
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
