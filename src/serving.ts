import type { Config } from './config.ts';
import { ManagedRuntimeError } from './errors.ts';
import { aborted } from './lifecycle/aborted.ts';
import { drain, settles } from './lifecycle/drain.ts';
import { guardSupervisor, ignoreBrokenOutput } from './lifecycle/supervisor-guard.ts';
import type { Log, LogSink } from './logging/log.ts';
import type { SharedState } from './thread-settings.ts';
import type { Observer } from './observing/observer.ts';
import type { Recorder } from './observing/recorder.ts';
import { openShare } from './services/share.ts';
import { InitFailure } from './pool/init-failure.ts';
import type { WorkerPool } from './pool/worker-pool.ts';
import { poll } from './polling/poller.ts';
import type { HttpRuntimeApi } from './runtime-api/http-runtime-api.ts';

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
): Promise<void> {
  const { log } = sink;
  // In single mode errors that escape are the handler's, and its pool deals with them.
  const unguard = config.inThreads ? guardSupervisor(log) : ignoreBrokenOutput();
  const pool = await openPool(config, sink, recorder);
  recorder.askForThreads(() => pool.threads());
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
    log.info(summary(config), 'The runtime is ready');
    await serveUntilEnd(config, log, recorder, pool, api, stop);
  } catch (error) {
    if (!(error instanceof InitFailure)) throw error;
    log.error({ diagnostic: error.diagnostic.body }, 'The function cannot start');
    await (await opening).postInitError(error.diagnostic, stop);
    throw new ManagedRuntimeError('INIT_FAILED', error.message, { cause: error });
  } finally {
    over.abort();
    await pool.stop(0);
    const unregister = await registering.catch(() => undefined);
    await unregister?.();
    unguard();
  }
}

/** Resolves with what ends the registration. */
async function register(
  config: Config,
  opening: Promise<HttpRuntimeApi>,
  stop: AbortSignal,
): Promise<() => Promise<void>> {
  return config.registerExtension ? (await opening).registerExtension(stop) : () => Promise.resolve();
}

async function serveUntilEnd(
  config: Config,
  log: Log,
  observer: Observer,
  pool: WorkerPool,
  api: HttpRuntimeApi,
  stop: AbortSignal,
): Promise<void> {
  const draining = new AbortController();
  const clients = Array.from({ length: config.slots }, () => api.client(draining.signal));
  const polls = clients.map((client, index) => poll(client, pool, observer.slot(index), draining.signal));
  const fatal = await Promise.race([aborted(stop), pool.failed, firstRejection(polls)]);
  const endMs = Date.now() + config.shutdownTimeoutMs;
  if (fatal !== undefined) log.error({ reason: fatal.message }, 'The runtime gives up');
  draining.abort();
  pool.close();
  await drain(pool, Promise.allSettled(polls), config.shutdownTimeoutMs);
  await pool.stop(Math.max(endMs - Date.now(), SHORTEST_HOOK_MS));
  await runHook(config, log, Math.max(endMs - Date.now(), SHORTEST_HOOK_MS));
  await Promise.all(clients.map((client) => client.close()));
  if (fatal !== undefined) throw fatal;
}

/** Hooks get that long even when the drain has used the time up. */
const SHORTEST_HOOK_MS = 50;

async function openPool(config: Config, sink: LogSink, { threads }: Observer): Promise<WorkerPool> {
  if (!config.inThreads) return new (await import('./pool/in-process-pool.ts')).InProcessPool(config, sink);
  return new (await import('./pool/thread-pool.ts')).ThreadPool(config, sink, threads);
}

async function openRuntimeApi(runtimeApi: string, log: Log, { requests }: Observer): Promise<HttpRuntimeApi> {
  const { HttpRuntimeApi } = await import('./runtime-api/http-runtime-api.ts');
  return new HttpRuntimeApi(runtimeApi, log, requests);
}

/** What the main thread loads of the user's. Resolves with what hands each thread what all share. */
async function loadMainModules(config: Config): Promise<() => SharedState> {
  try {
    for (const module of config.preload) await import(module);
    return await openShare(config);
  } catch (error) {
    throw InitFailure.of(error);
  }
}

function firstRejection(promises: readonly Promise<void>[]): Promise<ManagedRuntimeError> {
  return new Promise((resolve) => {
    for (const promise of promises) promise.catch(resolve);
  });
}

async function runHook({ onShutdown }: Config, log: Log, withinMs: number): Promise<void> {
  if (onShutdown === undefined) return;
  const hook = (async () => onShutdown())();
  hook.catch((error: unknown) => log.error({ err: error }, 'The onShutdown hook failed'));
  if (!(await settles(hook, withinMs))) log.warn({ withinMs }, 'The onShutdown hook took too long');
}

function summary(config: Config): object {
  const { concurrency, slots, threads, invocationsPerThread, cpus, memoryMiB } = config;
  return config.inThreads
    ? { mode: 'threads', concurrency, slots, threads, invocationsPerThread, cpus, memoryMiB }
    : { mode: 'single', concurrency, cpus, memoryMiB };
}
